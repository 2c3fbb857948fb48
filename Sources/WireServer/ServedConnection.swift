internal import WireBytes
internal import WireHTTP1
internal import WireSockets
internal import WireTime

/// One connection of a server: reads all the time, so that it sees the client's close at once, and
/// performs one answer after the other. Owned by the server's thread.
///
///     state     | event                         | next state
///     ----------+-------------------------------+-----------------------------------
///     serving   | a request, or enough bytes    | serving (its source is asked)
///               | the source's `finish`         | finished (FIN sent)
///               | the source's `close`, `reset` | over
///               | rubbish, or too slow          | serving (an error and `finish`)
///               | no request for too long       | finished
///               | the client's FIN or RST       | over, whatever the source was at
///     finished  | the client's FIN or RST       | over
///               | the linger time has passed    | over
final class ServedConnection: ConnectionWaker {
    enum State: Equatable {
        case serving
        case finished(until: Instant)
        case over
    }

    /// Requests that were sent ahead wait here; bodies are taken out as they come.
    static let inputLimit = ByteLimit.mebibytes(1)
    /// What one connection may do in a turn before the others have theirs.
    private static let turnBytes = 256 << 10
    private static let turnSteps = 64
    private static let turnReads = 8

    let id: Int
    let setup: ServerSetup
    /// Knows of all bytes that were sent.
    var log: ConnectionLog {
        if unloggedBytes > 0 { setup.log.sent(unloggedBytes, on: id) }
        unloggedBytes = 0
        return setup.log
    }
    var options: ServerOptions { setup.options }
    /// Puts the connection in the loop's queue.
    var onWake: (() -> Void)?
    private let socket: StreamSocket
    private(set) var state = State.serving
    /// What an answer is to its connection.
    enum Role {
        /// Sent before the request's body has come.
        case interim
        case answer
        /// The connection ends with it: input is dropped from its start on.
        case last
    }

    /// The answer that is being given.
    private(set) var source: (any ResponseSource)?
    private var role = Role.answer
    /// The kernel takes no more for now.
    private var unloggedBytes = 0
    private var isBlocked = false {
        didSet {
            if isBlocked != oldValue { log.change(id) { $0.isBlocked = isBlocked } }
        }
    }
    /// There may be something to read: the kernel tells once.
    private var isReadable = false
    /// When the connection wants its next turn, readiness aside.
    private(set) var wakeAt = Instant.distantFuture

    var buffer = ReceiveBuffer(limit: inputLimit)
    var decoder: RequestDecoder
    var body: [UInt8] = []
    var requestCount = 0
    /// Instead of requests; what comes is dropped.
    private let opening: Opening?
    private var openingBytesAwaited: Int?
    let memory: InputMemory
    /// Its part of it.
    var memoryHeld = 0
    /// When what it waits for (a request, the rest of one) has to have come.
    private(set) var inputLimitAt = Instant.distantFuture
    private var isInRequest = false

    init(
        id: Int, socket: StreamSocket, setup: ServerSetup, memory: InputMemory, now: Instant
    ) {
        self.id = id
        self.socket = socket
        self.setup = setup
        self.memory = memory
        decoder = RequestDecoder(limits: setup.options.limits)
        let observed = setup.options.observer != nil
        setup.log.accepted(id, from: observed ? socket.peerAddress : nil, at: now)
        opening = setup.behaviour.opening(of: id)
        openingBytesAwaited = opening?.afterBytes
        inputLimitAt = now + setup.options.idleTime
    }

    /// Whether it looks at what comes.
    var isWatched: Bool {
        if case .deaf = setup.behaviour { return false }
        return true
    }

    func wake() {
        wakeAt = Instant(nanoseconds: 0)
        onWake?()
    }

    /// One turn: what has come, then what is due.
    func serve(_ ready: Readiness, at now: Instant) {
        if ready.write { isBlocked = false }
        if ready.read { isReadable = true }
        if isReadable { receive() }
        switch state {
        case .serving:
            perform(at: now)
            keepInputLimit(at: now)
        case .finished(let limit):
            wakeAt = limit
            if limit <= now { end(at: now) }
        case .over: return
        }
        if isReadable, state != .over { wakeAt = now }
    }

    /// The server stops.
    func stop() {
        let now = MonotonicClock.now
        log.serverClosed(id, .stopped, at: now)
        end(at: now)
    }

    private func end(at now: Instant) {
        state = .over
        dropSource(at: now)
        memory.giveBack(memoryHeld)
        memoryHeld = 0
        log.change(id) { $0.isOver = true }
        socket.descriptor.close()
        onWake = nil
    }

    // MARK: Input

    /// A few reads, so that the others get their turn.
    private func receive() {
        for _ in 0..<ServedConnection.turnReads where state != .over {
            guard let result = try? buffer.refill({ socket.receive(into: &$0) }) else {
                // Nobody sends so much ahead in good faith.
                return perform(.reset, at: MonotonicClock.now)
            }
            switch result {
            case .bytes(let count):
                log.change(id) { $0.bytesReceived += count }
                take(count, at: MonotonicClock.now)
            case .wouldBlock:
                isReadable = false
                return
            case .end: clientClosed(.fin)
            case .failed: clientClosed(.reset)
            }
        }
    }

    private func take(_ count: Int, at now: Instant) {
        let isWanted = state == .serving && opening == nil && !(source != nil && role == .last)
        openingBytesAwaited = openingBytesAwaited.map { $0 - count }
        if !isWanted { return buffer.removeAll() }
        memory.take(count)
        memoryHeld += count
        if source == nil { readRequest(at: now) }
        if memory.isFull, source == nil || role == .interim { refuseForMemory(at: now) }
    }

    /// What has come of requests has been used, but for what is held still.
    func returnMemory() {
        if buffer.held == 0 { buffer = ReceiveBuffer(limit: ServedConnection.inputLimit) }
        memory.giveBack(memoryHeld - buffer.held)
        memoryHeld = buffer.held
    }

    /// From a request's first byte to its last, or from one answer to the next request.
    private func keepInputLimit(at now: Instant) {
        guard state == .serving, opening == nil, source == nil else {
            inputLimitAt = .distantFuture
            isInRequest = false
            return
        }
        let began = memoryHeld > 0
        if inputLimitAt == .distantFuture || began != isInRequest {
            inputLimitAt = now + (began ? options.requestTime : options.idleTime)
            isInRequest = began
        }
        if inputLimitAt > now {
            wakeAt = min(wakeAt, inputLimitAt)
        } else if isInRequest {
            refuseForTime(at: now)
            perform(at: now)
        } else {
            perform(.finish, at: now)
        }
    }

    private func clientClosed(_ kind: ConnectionRecord.ClientClose.Kind) {
        let now = MonotonicClock.now
        log.clientClosed(id, kind, at: now)
        end(at: now)
    }

    // MARK: Output

    private func perform(at now: Instant) {
        wakeAt = .distantFuture
        var bytes = 0
        for _ in 0..<ServedConnection.turnSteps where bytes < ServedConnection.turnBytes {
            guard !isBlocked, state == .serving, findSource(at: now) else { return }
            guard let action = source?.next(at: now) else { return }
            switch action {
            case .send(let piece): bytes += send(piece)
            case .wait(let due):
                wakeAt = due
                return
            default:
                perform(action, at: now)
                if action == .stall { return }
            }
        }
        wakeAt = now
    }

    func start(_ script: Script, as role: Role, at now: Instant) {
        start(ScriptSource(script, from: now), as: role)
    }

    func start(_ source: any ResponseSource, as role: Role) {
        self.source = source
        self.role = role
        log.change(id) { $0.scriptDoneAt = nil }
    }

    private func dropSource(at now: Instant) {
        let dropped = source
        source = nil
        dropped?.ended(at: now)
    }

    /// Whether there is something to perform.
    private func findSource(at now: Instant) -> Bool {
        if source != nil { return true }
        if let opening {
            if let rest = openingBytesAwaited, rest <= 0 {
                openingBytesAwaited = nil
                start(opening.script, as: .answer, at: now)
            }
        } else {
            readRequest(at: now)
        }
        return source != nil
    }

    private func send(_ piece: ArraySlice<UInt8>) -> Int {
        let now = MonotonicClock.now
        switch socket.send(piece.span, Span()) {
        case .bytes(let count):
            if options.logsWrites {
                log.sent(count, on: id, at: MonotonicClock.now)
            } else {
                unloggedBytes += count
            }
            source?.sent(count, at: now)
            return count
        case .wouldBlock:
            isBlocked = true
        case .failed(let error):
            // EPIPE: a FIN came before the RST, and it is what the client did first.
            clientClosed(error.isBrokenPipe ? .fin : .reset)
        }
        return 0
    }

    private func perform(_ action: ResponseAction, at now: Instant) {
        if role != .interim {
            log.change(id) { record in
                if record.scriptDoneAt == nil { record.scriptDoneAt = now }
            }
        }
        switch action {
        case .done:
            dropSource(at: now)
            if role == .last { perform(.finish, at: now) }
        case .finish:
            dropSource(at: now)
            log.serverClosed(id, .finish, at: now)
            socket.finishSending()
            state = .finished(until: now + options.linger)
            wakeAt = now + options.linger
        case .close:
            log.serverClosed(id, .close, at: now)
            end(at: now)
        case .reset:
            log.serverClosed(id, .reset, at: now)
            try? socket.setLingerZero()
            end(at: now)
        case .send, .wait, .stall: break
        }
    }
}
