public import WireBytes
public import WireExchange
internal import WireHTTP1
internal import WireSockets
internal import WireTime
internal import WireTransport

/// What a request is made of, ready for the wire; kept for as long as it may be sent again.
struct OutgoingRequest: Sendable {
    let origin: Origin
    let head: [UInt8]
    let body: [UInt8]
    let toHEAD: Bool
    let mayRepeat: Bool

    var count: Int { head.count + body.count }
}

/// The blocking driver: one exchange, one connection, `ppoll`, no threads. It moves bytes and
/// brings the machine what happened; every decision is the machine's.
@usableFromInline
struct BlockingExchange: ~Copyable {
    private let system: any NetworkSystem
    private let pool: ConnectionPool
    private let request: OutgoingRequest
    private let options: BlockingHTTPClient.Options
    private let cancellation: Cancellation?
    private var machine: ExchangeMachine
    @usableFromInline private(set) var reader: MessageReader
    private var lease: ConnectionLease?
    /// A read that did not fill its room has emptied the socket: wait before the next.
    private var expectsWait = true
    private var lastReturn: Instant
    /// Bytes received since a deadline passed, and the most that a socket's buffer is taken to hold.
    private var lateBytes = 0
    private static let kernelBytes = 8 << 20
    private(set) var isReused = false
    private(set) var informational: [Int] = []
    private(set) var wasReleased = false
    /// What every later call throws again.
    private var failure: TransportError?
    private var hasFailed = false
    /// Records that carried something and of which the machine has not heard yet.
    private var contentSinceRead = 0

    init(
        _ request: OutgoingRequest, system: any NetworkSystem, pool: ConnectionPool,
        options: BlockingHTTPClient.Options, deadlines: Deadlines, cancellation: Cancellation?
    ) {
        self.system = system
        self.pool = pool
        self.request = request
        self.options = options
        self.cancellation = cancellation
        let now = system.now
        machine = ExchangeMachine(
            deadlines: deadlines, requestBytes: request.count,
            retry: RetryRule(mayRepeat: request.mayRepeat), at: now)
        reader = MessageReader(
            toHEAD: request.toHEAD, limits: options.limits, recordLimit: options.recordLimit)
        lastReturn = now
    }

    var timings: ExchangeTimings { machine.timings }
    var isEnded: Bool { machine.isEnded }
    var progress: Progress {
        var progress = machine.settled(at: system.now)
        progress.contentCount += contentSinceRead
        return progress
    }

    // MARK: Up to the head

    /// Connects, sends and reads up to the response head.
    mutating func run() throws(TransportError) {
        try takeConnection(fresh: false)
        while true {
            var needsBytes = false
            do throws(MessageReader.Failure) {
                switch try reader.readHead() {
                case .head:
                    perform(machine.headReceived(at: lastReturn))
                    // Without a body the response ends here, whether anybody asks for one or not.
                    if reader.completesWithoutReading() { finish() }
                    return
                case .informational(let status): informational.append(status)
                case .needsBytes: needsBytes = true
                }
            } catch {
                try settle(failure(of: error))
                try takeConnection(fresh: true)
            }
            if needsBytes { try pump() }
        }
    }

    private mutating func takeConnection(fresh: Bool) throws(TransportError) {
        let now = system.now
        if let cancellation, cancellation.isCancelled {
            try settle(machine.cancelled(at: now))
        }
        let lease = pool.lease(request.origin, at: now)
        self.lease = lease
        expectsWait = true
        if fresh, lease.isReused { lease.dropTransport() }
        isReused = lease.transport != nil
        if isReused {
            lease.attach(cancellation)
        } else {
            try connect(lease)
        }
        machine.beginRequest(reused: isReused, at: system.now)
        try write()
    }

    /// The addresses one after another, under the one `connect` deadline.
    private mutating func connect(_ lease: ConnectionLease) throws(TransportError) {
        let origin = request.origin
        machine.beginResolve(at: system.now)
        let addresses: [SocketAddress]
        do throws(ResolveFailure) {
            addresses = try system.addresses(of: origin.host, port: origin.port)
        } catch {
            try settle(
                machine.failed(at: system.now) {
                    .resolve(host: origin.host, message: error.message, $0)
                })
            return
        }
        // The look-up cannot be interrupted: what came of it meanwhile counts now.
        try settle(machine.timeReached(system.now))
        machine.beginConnect(at: system.now)
        var attempts: [ConnectAttempt] = []
        for address in addresses {
            guard let error = try attempt(address, lease) else { return }
            attempts.append(
                ConnectAttempt(
                    address: address.description, errorNumber: error.number,
                    message: error.message))
            lease.dropTransport()
        }
        try settle(machine.failed(at: system.now) { .connect(attempts, $0) })
    }

    /// One address; nil when the connection stands.
    private mutating func attempt(
        _ address: SocketAddress, _ lease: ConnectionLease
    ) throws(TransportError) -> SystemError? {
        let transport: any ByteTransport
        do throws(SystemError) { transport = try system.open(address) } catch {
            return error
        }
        lease.adopt(transport)
        lease.attach(cancellation)
        while true {
            let ready = transport.wait(
                for: Readiness(read: false, write: true), until: machine.nextDeadline)
            if let cancellation, cancellation.isCancelled {
                try settle(machine.cancelled(at: system.now))
            }
            if ready.write { return transport.finishConnecting() }
            try settle(machine.timeReached(system.now))
        }
    }

    private mutating func write() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        while machine.isSending, machine.unwrittenBytes > 0 {
            let written = request.count - machine.unwrittenBytes
            let fromHead = min(written, request.head.count)
            let fromBody = written - fromHead
            let result = transport.send(
                request.head.span.extracting(droppingFirst: fromHead),
                request.body.span.extracting(droppingFirst: fromBody))
            switch result {
            case .bytes(let count):
                lastReturn = system.now
                machine.wrote(count, at: lastReturn)
                // A peer that takes all at once must not keep `total` from being looked at.
                if machine.nextDeadline <= lastReturn { return }
            case .wouldBlock: return
            case .failed:
                if let cancellation, cancellation.isCancelled {
                    try settle(machine.cancelled(at: system.now))
                }
                return machine.writeFailed(at: system.now)
            }
        }
    }

    // MARK: Bytes

    /// Waits until something has happened: bytes came in, the peer closed, or the request went on.
    private mutating func pump() throws(TransportError) {
        countContent()
        try expire()
        machine.resumed(after: system.now.since(lastReturn))
        if expectsWait {
            guard let transport = lease?.transport else { return }
            let interest = machine.interest
            let ready = transport.wait(
                for: Readiness(read: interest.read, write: interest.write),
                until: machine.nextDeadline)
            lastReturn = system.now
            if let cancellation, cancellation.isCancelled {
                try settle(machine.cancelled(at: lastReturn))
            }
            if ready.write { try write() }
            if ready == Readiness(read: false, write: true) { return }
        } else if let cancellation, cancellation.isCancelled {
            // Not read empty first: closing with bytes unread is what resets a peer that still sends.
            try settle(machine.cancelled(at: system.now))
        }
        // Also at a deadline: bytes that are in the kernel already beat it.
        try receive()
    }

    /// A deadline had passed at the last read, and what that brought has not moved it: the peer's time
    /// is up, even if it always has more to send. Reads go on only for what the kernel may have held.
    private mutating func expire() throws(TransportError) {
        if machine.nextDeadline > lastReturn {
            lateBytes = 0
        } else if expectsWait || lateBytes > BlockingExchange.kernelBytes {
            try settle(machine.timeReached(lastReturn))
        }
    }

    private mutating func receive() throws(TransportError) {
        guard let transport = lease?.transport else { return }
        let (result, room) = try refill(transport)
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
            if let cancellation, cancellation.isCancelled {
                try settle(machine.cancelled(at: lastReturn))
            }
            reader.inputEnded()
        case .failed(let error):
            try receiveFailed(error)
        }
    }

    private mutating func refill(
        _ transport: any ByteTransport
    ) throws(TransportError) -> (ReceiveResult, room: Int) {
        do throws(MessageReader.Failure) {
            return try reader.refill { output in
                let room = output.freeCapacity
                return (transport.receive(into: &output), room)
            }
        } catch {
            try settle(failure(of: error))
            return (.end, 0)
        }
    }

    private mutating func receiveFailed(_ error: SystemError) throws(TransportError) {
        if let cancellation, cancellation.isCancelled {
            try settle(machine.cancelled(at: lastReturn))
        }
        guard error.isReset else {
            return try settle(
                machine.failed(at: lastReturn) {
                    .system(
                        call: error.call, errorNumber: error.number, message: error.message, $0)
                })
        }
        let actions = machine.wasReset(at: lastReturn)
        try settle(actions)
        if actions.contains(.retry) { try takeConnection(fresh: true) }
    }

    // MARK: The body

    /// What the body is read in.
    @usableFromInline enum Unit { case line, event, piece }

    /// `next(.line)`, with no call on the way to a line that has been received.
    @inline(__always)
    mutating func nextLine() throws(TransportError) -> ByteRange? {
        if !hasFailed, let line = reader.nextLineAtHand() { return line }
        return try next(.line)
    }

    /// The next unit of the body, or nil at its end.
    @inline(never)
    mutating func next(_ unit: Unit) throws(TransportError) -> ByteRange? {
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
            case .record(let range): return range
            case .needsBytes: try pump()
            case .end:
                finish()
                return nil
            }
        }
        throw failure ?? .cancelled(progress)
    }

    /// What was just decoded carried something. All records of one read came at one time, so the
    /// machine hears of them when the next read begins; of the first of all, at once.
    mutating func noteContent() {
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
    mutating func abandon() {
        if machine.isEnded { return }
        failure = .cancelled(progress)
        hasFailed = true
        perform(machine.abandoned(at: system.now))
    }

    /// Bytes of a range that the reader returned last.
    @usableFromInline
    subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable borrowing get { reader[range] }
    }

    var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { reader.eventType }
    }

    var eventData: Span<UInt8> {
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

    private mutating func settle(_ actions: ExchangeActions) throws(TransportError) {
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
                lease?.giveBack(at: system.now)
                lease = nil
                wasReleased = true
            case .close:
                lease?.close()
                lease = nil
            case .retry:
                reader = MessageReader(
                    toHEAD: request.toHEAD, limits: options.limits,
                    recordLimit: options.recordLimit)
            case .stopWriting, .fail: break
            }
        }
    }
}
