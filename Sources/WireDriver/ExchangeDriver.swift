public import WireBytes
public import WireExchange
internal import WireHTTP1
package import WireSockets
package import WireTime
package import WireTransport

/// One exchange over one connection after another, up to wherever it would have to wait: what the
/// drivers share. It moves bytes and brings the machine what happened; every decision is the
/// machine's. How to wait is the drivers' difference, and the only one.
///
///     while try !driver.advanceToHead() { perform(driver.wait), then call woke or resolved }
///     loop: switch try driver.next(.line) { record, end, or blocked: the same }
@usableFromInline
package struct ExchangeDriver: ~Copyable {
    enum Stage {
        case start(fresh: Bool)
        case queued(PoolPlace)
        case resolving
        case connecting
        case exchanging
    }

    let system: any NetworkSystem
    let pool: ConnectionPool
    let request: OutgoingRequest
    private let limits: HTTP1Limits
    private let recordLimit: ByteLimit
    let cancellation: Cancellation?
    var machine: ExchangeMachine
    @usableFromInline package var reader: MessageReader
    var stage = Stage.start(fresh: false)
    var addresses: ArraySlice<SocketAddress> = []
    var attempts: [ConnectAttempt] = []
    var lease: ConnectionLease?
    /// A read that did not fill its room has emptied the socket: wait before the next.
    var expectsWait = true
    var lastReturn: Instant
    /// When it turned out last that there is something to wait for, at the latest.
    private var waitsSince: Instant
    /// Bytes received since a deadline passed, and the most that a socket's buffer is taken to hold.
    private var lateBytes = 0
    private static let kernelBytes = 8 << 20
    /// Reads since the last wait; a peer that always has more must not keep a thread from others.
    private var readsInTurn = 0
    private static let turn = 16
    package internal(set) var isReused = false
    package private(set) var informational: [Int] = []
    package private(set) var wasReleased = false
    /// What every later call throws again.
    private var failure: TransportError?
    @usableFromInline package var hasFailed = false
    /// Records that carried something and of which the machine has not heard yet.
    private var contentSinceRead = 0

    /// A request that must not be sent shows at the first call.
    package init(
        _ request: borrowing HTTPRequest, system: any NetworkSystem, pool: ConnectionPool,
        options: ClientOptions, deadlines: Deadlines?, cancellation: Cancellation?
    ) {
        self.system = system
        self.pool = pool
        do throws(TransportError) { self.request = try request.outgoing() } catch {
            self.request = .none
            failure = error
            hasFailed = true
        }
        limits = options.limits
        recordLimit = options.recordLimit
        self.cancellation = cancellation
        let now = system.now
        machine = ExchangeMachine(
            deadlines: deadlines ?? options.deadlines, requestBytes: self.request.count,
            retry: RetryRule(mayRepeat: self.request.mayRepeat), at: now)
        reader = MessageReader(
            toHEAD: self.request.toHEAD, limits: options.limits, recordLimit: options.recordLimit)
        lastReturn = now
        waitsSince = now
    }

    package var timings: ExchangeTimings { machine.timings }
    package var progress: Progress {
        var progress = machine.settled(at: system.now)
        progress.contentCount += contentSinceRead
        return progress
    }

    // MARK: Waiting

    /// What to wait for, after `advanceToHead` or `next` has said that it is blocked.
    package var wait: ExchangeWait {
        let deadline = machine.nextDeadline
        switch stage {
        case .start: return .turn
        case .queued(let place): return .connection(place.ticket, until: deadline, cancellation)
        case .resolving:
            return .addresses(
                host: request.origin.host, port: request.origin.port, until: deadline,
                cancellation)
        case .connecting, .exchanging:
            guard expectsWait, let transport = lease?.transport else { return .turn }
            let interest = machine.interest
            return .transport(
                transport, Readiness(read: interest.read, write: interest.write), until: deadline)
        }
    }

    /// The wait is over.
    package mutating func woke(_ ready: Readiness) throws(TransportError) {
        if hasFailed { return }
        if case .exchanging = stage, !expectsWait {
            readsInTurn = 0
            return
        }
        readsInTurn = 0
        if case .exchanging = stage {
            try checkCancellation()
            if ready.write {
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
        case .queued(let place): try queued(place)
        case .resolving: try settle(machine.timeReached(lastReturn))
        case .connecting: try connecting(ready)
        }
    }

    /// Waits for bytes and reads them, in one call: for who has the thread to himself. Only where
    /// nothing else is waited for, the connection can do it, and no deadline is near.
    ///
    /// - Returns: false when nothing came of it: see `wait`.
    package mutating func receiveWaiting() throws(TransportError) -> Bool {
        guard case .exchanging = stage, expectsWait, !hasFailed,
            let transport = lease?.transport, let longest = transport.longestReceive,
            machine.interest == .init(read: true, write: false),
            machine.nextDeadline > waitsSince + (longest + longest)
        else { return false }
        readsInTurn = 0
        let (result, room) = try refill(transport, waits: true)
        try checkCancellation()
        if result == .wouldBlock { return false }
        try take(result, room: room)
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
        case .success(let found): addresses = found[...]
        case .failure(let error):
            let host = request.origin.host
            return try settle(
                machine.failed(at: lastReturn) {
                    .resolve(host: host, message: error.message, $0)
                })
        }
        // A look-up that could not be interrupted: what came of the time meanwhile counts now.
        try settle(machine.timeReached(lastReturn))
        machine.beginConnect(at: lastReturn)
        stage = .connecting
        try connectNext()
    }

    /// The caller's task, thread or patience has ended.
    package mutating func cancel() throws(TransportError) {
        countContent()
        try settle(machine.cancelled(at: system.now))
    }

    mutating func checkCancellation(at now: Instant? = nil) throws(TransportError) {
        guard let cancellation, cancellation.isCancelled else { return }
        try settle(machine.cancelled(at: now ?? system.now))
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
            case .queued(let place):
                if !place.ticket.isOver { return false }
                try queued(place)
            case .resolving, .connecting: return false
            case .exchanging:
                if reader.head != nil { return true }
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
        machine.beginRequest(reused: isReused, at: now)
        try write()
    }

    private mutating func write() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        let (head, body) = (request.head, request.body)
        while machine.isSending, machine.unwrittenBytes > 0 {
            let written = request.count - machine.unwrittenBytes
            let fromHead = min(written, head.count)
            let fromBody = written - fromHead
            let result = transport.send(
                head.span.extracting(droppingFirst: fromHead),
                body.span.extracting(droppingFirst: fromBody))
            switch result {
            case .bytes(let count):
                lastReturn = system.now
                machine.wrote(count, at: lastReturn)
                // A peer that takes all at once must not keep `total` from being looked at.
                if machine.isSending, machine.nextDeadline <= lastReturn { return }
            case .wouldBlock: return
            case .failed:
                let now = system.now
                try checkCancellation(at: now)
                return machine.writeFailed(at: now)
            }
        }
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
            machine.resumed(after: now.since(waitsSince))
            waitsSince = now
        }
        if expectsWait || readsInTurn == ExchangeDriver.turn { return false }
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

    private mutating func receive() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        readsInTurn += 1
        let (result, room) = try refill(transport)
        try take(result, room: room)
    }

    private mutating func take(
        _ result: ReceiveResult, room: Int
    ) throws(TransportError) {
        lastReturn = system.now
        switch result {
        case .bytes(let count):
            expectsWait = count < room
            lateBytes += count
            machine.received(count, at: lastReturn)
        case .wouldBlock:
            expectsWait = true
            try settle(machine.timeReached(lastReturn))
        case .end:
            try checkCancellation(at: lastReturn)
            reader.inputEnded()
        case .failed(let error): try receiveFailed(error)
        }
    }

    private mutating func refill(
        _ transport: any ByteTransport, waits: Bool = false
    ) throws(TransportError) -> (ReceiveResult, room: Int) {
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

    private mutating func receiveFailed(_ error: SystemError) throws(TransportError) {
        try checkCancellation(at: lastReturn)
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

    /// The next unit of the body.
    package mutating func next(_ unit: Unit) throws(TransportError) -> Step {
        var afterPause = true
        while !hasFailed {
            let step: MessageReader.RecordStep
            do throws(MessageReader.Failure) {
                switch unit {
                case .line: step = try reader.nextLine()
                case .event: step = try reader.nextEvent()
                case .piece: step = try reader.nextPiece()
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
            case .end:
                finish()
                return .end
            }
        }
        throw failure ?? .cancelled(progress)
    }

    /// What was just decoded carried something. All records of one read came at one time, so the
    /// machine hears of them when the next read begins; of the first of all, at once.
    package mutating func noteContent() {
        contentSinceRead += 1
        if machine.timings.firstContent == nil { countContent() }
    }

    private mutating func countContent() {
        if contentSinceRead == 0 { return }
        machine.contentReceived(contentSinceRead, at: lastReturn)
        contentSinceRead = 0
    }

    /// The response is complete.
    private mutating func finish() {
        countContent()
        perform(machine.messageEnded(reusable: reader.allowsReuse, at: lastReturn))
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

    // MARK: Decisions into deeds

    private mutating func failure(of failure: MessageReader.Failure) -> ExchangeActions {
        countContent()
        let now = system.now
        switch failure {
        case .http(let error) where error.kind == .closedEarly:
            return machine.inputEnded(error, at: now)
        case .http(let error): return machine.failed(at: now) { .http(error, $0) }
        case .framing(let error): return machine.failed(at: now) { .framing(error, $0) }
        case .buffer(let error):
            return machine.failed(at: now) { .tooLarge(error.limit, what: "unread input", $0) }
        }
    }

    mutating func settle(_ actions: ExchangeActions) throws(TransportError) {
        perform(actions)
        if let error = actions.error {
            failure = error
            hasFailed = true
            throw error
        }
    }

    private mutating func perform(_ actions: ExchangeActions) {
        for index in 0..<actions.count {
            switch actions[index] {
            case .release:
                lease?.giveBack(reader.takeBuffer())
                lease = nil
                wasReleased = true
            case .close:
                lease?.close()
                lease = nil
                if case .queued = stage { stage = .start(fresh: false) }
            case .retry:
                stage = .start(fresh: true)
                reader = MessageReader(
                    toHEAD: request.toHEAD, limits: limits, recordLimit: recordLimit)
            case .stopWriting, .fail: break
            }
        }
    }
}
