public import WireBytes
public import WireExchange
internal import WireHTTP1
package import WireSecurity
package import WireSockets
package import WireTime
package import WireTransport

/// One exchange over one connection after another, up to wherever it would have to wait: what the
/// drivers share. It moves bytes and brings the machine what happened; every decision is the
/// machine's. How to wait is the drivers' difference, and the only one.
///
///     while try !driver.advanceToHead() { perform(driver.nextWait()), then call woke or resolved }
///     loop: switch try driver.next(.line) { record, end, or blocked: the same }
@usableFromInline
package struct ExchangeDriver: ~Copyable {
    enum Stage {
        case start(fresh: Bool)
        case queued(PoolPlace, fresh: Bool)
        case resolving
        case connecting(ConnectRace)
        case securing(TLSTransport)
        case exchanging
        /// Before it is asked again.
        case pausing(until: Instant)
    }

    let system: any NetworkSystem
    let pool: ConnectionPool
    var request: OutgoingRequest
    let limits: ReaderLimits
    /// Nil when neither redirects are followed nor failures retried.
    let chain: ExchangeChain?
    package let cancellation: Cancellation?
    @usableFromInline var machine: ExchangeMachine
    var writer: RequestWriter
    @usableFromInline package var reader: MessageReader
    var stage = Stage.start(fresh: false)
    var lease: ConnectionLease?
    /// Of the connection.
    var receiveLowWatermark = 1
    /// A read that did not fill its room has emptied the socket: wait before the next.
    var expectsWait = true
    /// The last send was not too much for the connection: nobody would tell of room that is there.
    var isWritable = true
    var lastReturn: Instant
    /// When it turned out last that there is something to wait for, at the latest.
    private var waitsSince: Instant
    /// Bytes received since a deadline passed, and the most that a socket's buffer is taken to hold.
    var lateBytes = 0
    private static let kernelBytes = 8 << 20
    /// Reads since the last wait; a peer that always has more must not keep a thread from others.
    private var readsInTurn = 0
    private static let turn = 16
    /// It could go on; it is others' turn.
    var paused = false
    package internal(set) var isReused = false
    package internal(set) var informational: [Int] = []
    package internal(set) var wasReleased = false
    /// How long the server keeps the connection behind the response, if it said so.
    var idleLimit = Timeout.never
    /// What every later call throws again.
    var failure: TransportError?
    @usableFromInline package var hasFailed = false
    /// Records that carried something and of which the machine has not heard yet.
    var contentSinceRead = 0
    /// The caller has been given the head or content since its time was last counted.
    var callerHasContent = true
    /// The kernel stamps what is read: see `arrival`.
    let isStamped: Bool
    /// Nil where nobody watches.
    var watch: ExchangeWatch?
    var arrivals = ArrivalLog()

    /// A request that must not be sent shows at the first call.
    package init(
        _ request: borrowing HTTPRequest, system: any NetworkSystem, pool: ConnectionPool,
        deadlines: Deadlines?, cancellation: Cancellation?
    ) {
        let settings = pool.exchanging
        self.system = system
        self.pool = pool
        do throws(TransportError) {
            self.request = try request.outgoing(opening: FileSource.open)
        } catch {
            self.request = .none
            failure = error
            hasFailed = true
        }
        isStamped = settings.isStamped
        watch = pool.connecting.observer.map { ExchangeWatch($0) }
        limits = settings.limits
        self.cancellation = cancellation
        let now = system.now
        let deadlines = deadlines ?? settings.deadlines
        chain =
            settings.follows
            ? ExchangeChain(request, self.request, settings, deadlines, at: now) : nil
        machine = ExchangeMachine(
            deadlines: deadlines, request: self.request.form,
            retry: self.request.retry(settings.retries), at: now)
        writer = RequestWriter(self.request)
        reader = MessageReader(to: self.request, limits)
        lastReturn = now
        waitsSince = now
    }

    @inlinable package var timings: ExchangeTimings { machine.timings }
    /// How the connection was secured; nil where it was not.
    package internal(set) var tlsFacts: TLSFacts?
    package var progress: Progress {
        var progress = machine.settled(at: system.now)
        progress.contentCount += contentSinceRead
        return progress
    }

    // MARK: Waiting

    /// What to wait for, after `advanceToHead` or `next` has said that it is blocked.
    // Mutating, as is `timings`' use where it counts: a getter of another module gets a copy of the
    // whole exchange.
    package mutating func nextWait() -> ExchangeWait {
        let deadline = machine.nextDeadline
        switch stage {
        case .start: return .turn
        case .queued(let place, _): return .connection(place.ticket, until: deadline, cancellation)
        case .resolving:
            return .addresses(
                host: request.origin.host, port: request.origin.port, until: deadline,
                cancellation)
        case .connecting(let race): return race.wait(until: deadline)
        case .pausing(let due): return .pause(until: min(due, deadline), cancellation)
        case .securing, .exchanging:
            guard expectsWait, !paused, !hasTurnToWrite, let lease, let waitable = lease.waitable
            else { return .turn }
            if awaitsBody, let source = request.source {
                return .body(source, waitable, until: deadline)
            }
            let interest = machine.interest
            let writes = interest.write || lease.hasPendingOutput
            return .transport(
                waitable, Readiness(read: interest.read, write: writes), until: deadline)
        }
    }

    /// The wait is over.
    package mutating func woke(_ ready: Readiness) throws(TransportError) {
        if hasFailed { return }
        if case .exchanging = stage, !expectsWait || paused || hasTurnToWrite {
            readsInTurn = 0
            paused = false
            if hasTurnToWrite { try writeAndReceive() }
            return
        }
        readsInTurn = 0
        if case .exchanging = stage {
            try checkCancellation()
            if ready.write { isWritable = true }
            if ready.write || awaitsBody {
                lastReturn = system.now
                try write()
            }
            if ready == Readiness(read: false, write: true) { return }
            // Also at a deadline: bytes that are in the kernel already beat it.
            return try receive()
        }
        lastReturn = system.now
        try checkCancellation(at: lastReturn)
        switch stage {
        case .start, .exchanging: return
        case .queued(let place, let fresh): try queued(place, fresh: fresh)
        case .resolving: try settle(machine.timeReached(lastReturn))
        case .connecting(let race): try advance(race, ready)
        case .securing(let transport): try advanceHandshake(transport)
        case .pausing(let due): try endPause(due)
        }
    }

    /// Waits for bytes and reads them, in one call: for who has the thread to himself. Only where
    /// nothing else is waited for, the connection can do it, and no deadline is near.
    ///
    /// - Returns: false when nothing came of it: see `wait`.
    package mutating func receiveWaiting() throws(TransportError) -> Bool {
        guard case .exchanging = stage, expectsWait, !paused, !hasFailed,
            let transport = lease?.transport, let longest = transport.longestReceive,
            machine.interest == .init(read: true, write: false), !transport.hasPendingOutput,
            machine.nextDeadline > waitsSince + (longest + longest)
        else { return false }
        readsInTurn = 0
        let (result, room) = try refill(transport, waits: true)
        try checkCancellation()
        if result == .wouldBlock { return false }
        try take(result, room: room, from: transport)
        return true
    }

    /// The look-up of the origin's host has come to something.
    package mutating func resolved(
        _ result: Result<[SocketAddress], ResolveFailure>
    ) throws(TransportError) {
        guard case .resolving = stage, !hasFailed else { return }
        lastReturn = system.now
        try checkCancellation(at: lastReturn)
        switch result {
        case .success(let found): try connect(found)
        case .failure(let error):
            let host = request.origin.host
            try settle(
                machine.failed(at: lastReturn) {
                    .resolve(host: host, message: error.message, $0)
                })
        }
    }

    /// The caller's task, thread or patience has ended.
    package mutating func cancel() throws(TransportError) {
        countContent()
        try settle(machine.cancelled(at: system.now))
    }

    // MARK: Up to the head

    /// Connects, sends and reads up to the response head.
    ///
    /// - Returns: false when it has to wait before it can go on.
    package mutating func advanceToHead() throws(TransportError) -> Bool {
        while true {
            if hasFailed { throw failure ?? .cancelled(progress) }
            switch stage {
            case .start(let fresh): try takeConnection(fresh: fresh)
            case .queued(let place, let fresh):
                if !place.ticket.isOver { return false }
                try queued(place, fresh: fresh)
            case .resolving, .connecting, .securing, .pausing: return false
            case .exchanging:
                if reader.head != nil {
                    if try goesOn() { continue }
                    return true
                }
                if try !readHead() { return false }
            }
        }
    }

    /// - Returns: false when it has to wait.
    private mutating func readHead() throws(TransportError) -> Bool {
        do throws(MessageReader.Failure) {
            switch try reader.readHead() {
            case .head:
                perform(machine.headReceived(at: lastReturn))
                // Without a body the response ends here, whether anybody asks for one or not.
                if reader.completesWithoutReading() { finish() }
                return true
            case .informational(let status):
                informational.append(status)
                if status == 100 { machine.continueReceived(at: lastReturn) }
                return true
            case .needsBytes: break
            }
        } catch {
            try settle(failure(of: error))
            return true
        }
        return try readMore(afterPause: false)
    }

    mutating func beginRequest(at now: Instant) throws(TransportError) {
        stage = .exchanging
        tlsFacts = lease?.transport?.tlsFacts
        isWritable = true
        machine.beginRequest(reused: isReused, at: now)
        try write()
    }

    // MARK: Bytes

    /// Reads on, or says by false that it has to wait first.
    ///
    /// - Parameter afterPause: the caller has had the time since the last read: that is not the peer's
    ///   idleness.
    private mutating func readMore(afterPause: Bool) throws(TransportError) -> Bool {
        countContent()
        try expire()
        waitsSince = max(waitsSince, lastReturn)
        if afterPause {
            // A caller may ask again before it waits: the pause counts once.
            let now = system.now
            machine.resumed(after: now.since(waitsSince), hadContent: callerHasContent)
            callerHasContent = false
            waitsSince = now
        }
        if expectsWait || readsInTurn == ExchangeDriver.turn {
            try adjustLowWatermark()
            // What waits for its next bytes needs no memory until they come.
            if let memory = reader.takeBuffer() { pool.keepSpare(memory) }
            return false
        }
        // Not read empty first: closing with bytes unread is what resets a peer that still sends.
        try checkCancellation()
        try receive()
        return true
    }

    /// A deadline had passed at the last read, and what that brought has not moved it: the peer's time
    /// is up, even if it always has more to send. Reads go on only for what the kernel may have held.
    private mutating func expire() throws(TransportError) {
        if machine.nextDeadline > lastReturn {
            lateBytes = 0
        } else if expectsWait || lateBytes > ExchangeDriver.kernelBytes {
            try settle(machine.timeReached(lastReturn))
        }
    }

    mutating func receive() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        readsInTurn += 1
        let (result, room) = try refill(transport)
        try take(result, room: room, from: transport)
    }

    private mutating func take(
        _ result: ReceiveResult, room: Int, from transport: any ByteTransport
    ) throws(TransportError) {
        lastReturn = system.now
        switch result {
        case .bytes(let count):
            expectsWait = count < room && !transport.hasReachedEnd
            lateBytes += count
            machine.received(count, at: lastReturn)
            if isStamped { noteRead() }
            watch?.note(facts(.left, isKept: false, connection: nil))
        case .wouldBlock:
            expectsWait = true
            try settle(machine.timeReached(lastReturn))
        case .end:
            try checkCancellation(at: lastReturn)
            if transport.isTruncated, reader.framing == .untilClose {
                return try settle(machine.failed(at: lastReturn) { .tls(.truncated, $0) })
            }
            reader.inputEnded()
        case .failed(let error): try connectionFailed(error)
        }
    }

    private mutating func refill(
        _ transport: any ByteTransport, waits: Bool = false
    ) throws(TransportError) -> (ReceiveResult, room: Int) {
        if reader.isWithoutMemory(), let spare = pool.takeSpare() { reader.adopt(spare) }
        do throws(MessageReader.Failure) {
            return try reader.refill { output in
                let room = output.freeCapacity
                let result =
                    waits
                    ? transport.receiveWaiting(into: &output) : transport.receive(into: &output)
                return (result, room)
            }
        } catch {
            try settle(failure(of: error))
            return (.end, 0)
        }
    }

    mutating func connectionFailed(_ error: SystemError) throws(TransportError) {
        try checkCancellation(at: lastReturn)
        if let failure = lease?.transport?.tlsFailure {
            return try settle(machine.failed(at: lastReturn) { .tls(failure, $0) })
        }
        if error.isReset { return try settle(machine.wasReset(at: lastReturn)) }
        try settle(
            machine.failed(at: lastReturn) {
                .system(
                    call: error.call, errorNumber: error.number, message: error.message, $0)
            })
    }

    // MARK: The body

    /// `next(.line)` with no call on the way to a line that has been received; nil says to call that.
    @inlinable @inline(__always)
    package mutating func nextLineAtHand() -> ByteRange? {
        hasFailed ? nil : reader.nextLineAtHand()
    }

    /// The same for a line that `records` knows and has read; nil says nothing else than that.
    @inlinable @inline(__always)
    package mutating func nextRecordAtHand<Reader: RecordReading & ~Copyable>(
        knownTo records: inout Reader
    ) -> ByteRange? {
        hasFailed ? nil : reader.nextRecordAtHand(knownTo: &records)
    }

    /// The next unit of the body.
    package mutating func next(_ unit: Unit) throws(TransportError) -> Step {
        var afterPause = true
        // What was read has been taken: the way to the wait is short.
        if expectsWait, unit == .line, !hasFailed, reader.isDry() {
            if try !readMore(afterPause: true) { return .blocked }
            afterPause = false
        }
        while !hasFailed {
            let step: MessageReader.RecordStep
            do throws(MessageReader.Failure) {
                switch unit {
                case .line: step = try reader.nextLine()
                case .event: step = try reader.nextEvent()
                case .piece: step = try reader.nextPiece()
                case .whole: step = try reader.nextWhole()
                }
            } catch {
                try settle(failure(of: error))
                break
            }
            switch step {
            case .record(let range): return .record(range)
            case .needsBytes:
                if try !readMore(afterPause: afterPause) { return .blocked }
                afterPause = false
            case .decoded: if try !goOnDecoding() { return .blocked }
            case .end:
                finish()
                return .end
            }
        }
        throw failure ?? .cancelled(progress)
    }

    /// What comes out of a small read may be long: deadlines and others' turns are kept meanwhile.
    ///
    /// - Returns: false when others shall have their turn.
    private mutating func goOnDecoding() throws(TransportError) -> Bool {
        let now = system.now
        try checkCancellation(at: now)
        try settle(machine.decoded(at: now))
        readsInTurn += 1
        paused = readsInTurn >= ExchangeDriver.turn
        return !paused
    }

    /// The response is complete.
    private mutating func finish() {
        countContent()
        let limit = reader.idleLimitForReuse()
        if let limit { idleLimit = limit }
        let isReusable = limit != nil && resetLowWatermark()
        perform(machine.messageEnded(reusable: isReusable, at: lastReturn))
    }

    /// The caller leaves: the connection closes now.
    package mutating func abandon() {
        if machine.isEnded { return }
        failure = .cancelled(progress)
        hasFailed = true
        perform(machine.abandoned(at: system.now))
    }

    /// Bytes of a range that the reader returned last.
    @usableFromInline
    package subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable borrowing get { reader[range] }
    }

    package var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { reader.eventType }
    }

    package var lastEventID: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { reader.lastEventID }
    }

    package var eventData: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { reader.eventData }
    }

    /// The bytes of the record read last: an event's data, or a range.
    package subscript(record range: ByteRange, isEvent isEvent: Bool) -> Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { isEvent ? eventData : self[range] }
    }
}
