internal import WireBytes
internal import WireHTTP1
internal import WireSockets
internal import WireTime

/// One connection of a server: reads all the time, so that it sees the client's close at once, and
/// performs one script after the other. Owned by the server's thread.
///
///     state     | event                         | next state
///     ----------+-------------------------------+-----------------------------------
///     serving   | a request, or enough bytes    | serving (its script runs)
///               | the script's `finish`         | finished (FIN sent)
///               | the script's `close`, `reset` | over
///               | rubbish                       | serving (an error and `finish`)
///               | the client's FIN or RST       | over, whatever the script was at
///     finished  | the client's FIN or RST       | over
///               | the linger time has passed    | over
final class ServedConnection {
    enum State: Equatable {
        case serving
        case finished(until: Instant)
        case over
    }

    /// Requests that were sent ahead wait here; bodies are taken out as they come.
    private static let inputLimit = ByteLimit.mebibytes(1)
    /// What one connection may do in a turn before the others have theirs.
    private static let turnBytes = 256 << 10
    private static let turnSteps = 64
    private static let turnReads = 8

    let id: Int
    let log: ConnectionLog
    let behaviour: ServerBehaviour
    let options: ServerOptions
    private let socket: StreamSocket
    private(set) var state = State.serving
    /// What a script is to its connection.
    enum Role {
        /// Sent before the request's body has come.
        case interim
        case answer
        /// The connection ends with it: input is dropped from its start on.
        case last
    }

    /// The script that runs.
    private(set) var player: ScriptPlayer?
    private var role = Role.answer
    /// The kernel takes no more for now.
    private var isBlocked = false {
        didSet {
            if isBlocked != oldValue { log.change(id) { $0.isBlocked = isBlocked } }
        }
    }
    /// When the connection wants its next turn, readiness aside.
    private(set) var wakeAt = Instant.distantFuture

    var buffer = ReceiveBuffer(limit: inputLimit)
    var decoder: RequestDecoder
    var body: [UInt8] = []
    var requestCount = 0
    private var rawBytesAwaited: Int?

    init(
        id: Int, socket: StreamSocket, behaviour: ServerBehaviour, options: ServerOptions,
        log: ConnectionLog, now: Instant
    ) {
        self.id = id
        self.socket = socket
        self.behaviour = behaviour
        self.options = options
        self.log = log
        decoder = RequestDecoder(limits: options.limits)
        log.accepted(id, at: now)
        if case .raw(let count, _) = behaviour { rawBytesAwaited = count }
    }

    var descriptor: Descriptor { socket.descriptor }

    /// What to wait for; nil for a connection that is not waited for.
    var interest: Readiness? {
        if case .deaf = behaviour { return nil }
        return Readiness(read: true, write: isBlocked)
    }

    /// One turn: what has come, then what is due.
    func serve(_ ready: Readiness, at now: Instant) {
        if ready.write { isBlocked = false }
        if ready.read { receive() }
        switch state {
        case .serving: perform(at: now)
        case .finished(let limit):
            wakeAt = limit
            if limit <= now { end() }
        case .over: break
        }
    }

    /// The server stops.
    func stop() {
        log.serverClosed(id, .stopped, at: MonotonicClock.now)
        end()
    }

    private func end() {
        state = .over
        log.change(id) { $0.isOver = true }
        socket.descriptor.close()
    }

    // MARK: Input

    /// One read while a script runs, so that it gets its turn; more of them when none does.
    private func receive() {
        var reads = 0
        while state != .over, reads < (player == nil ? ServedConnection.turnReads : 1) {
            reads += 1
            guard let result = try? buffer.refill({ socket.receive(into: &$0) }) else {
                // Nobody sends so much ahead in good faith.
                return perform(.reset, at: MonotonicClock.now)
            }
            switch result {
            case .bytes(let count):
                log.change(id) { $0.bytesReceived += count }
                take(count, at: MonotonicClock.now)
            case .wouldBlock: return
            case .end: clientClosed(.fin)
            case .failed: clientClosed(.reset)
            }
        }
    }

    private func take(_ count: Int, at now: Instant) {
        var isWanted = state == .serving && !(player != nil && role == .last)
        if case .raw = behaviour { isWanted = false }
        rawBytesAwaited = rawBytesAwaited.map { $0 - count }
        if !isWanted { return buffer.removeAll() }
        if player == nil { readRequest(at: now) }
    }

    private func clientClosed(_ kind: ConnectionRecord.ClientClose.Kind) {
        log.clientClosed(id, kind, at: MonotonicClock.now)
        end()
    }

    // MARK: Output

    private func perform(at now: Instant) {
        wakeAt = .distantFuture
        var bytes = 0
        for _ in 0..<ServedConnection.turnSteps where bytes < ServedConnection.turnBytes {
            guard !isBlocked, state == .serving, findScript(at: now) else { return }
            guard let action = player?.next(at: now) else { return }
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
        player = ScriptPlayer(script, from: now)
        self.role = role
        log.change(id) { $0.scriptDoneAt = nil }
    }

    /// Whether there is a script to perform.
    private func findScript(at now: Instant) -> Bool {
        if player != nil { return true }
        switch behaviour {
        case .requests: readRequest(at: now)
        case .raw(_, let script):
            if let rest = rawBytesAwaited, rest <= 0 {
                rawBytesAwaited = nil
                start(script(id), as: .answer, at: now)
            }
        case .deaf: break
        }
        return player != nil
    }

    private func send(_ piece: ArraySlice<UInt8>) -> Int {
        switch socket.send(piece.span, Span()) {
        case .bytes(let count):
            player?.sent(count)
            log.sent(count, on: id, at: MonotonicClock.now)
            return count
        case .wouldBlock:
            isBlocked = true
        case .failed(let error):
            // EPIPE: a FIN came before the RST, and it is what the client did first.
            clientClosed(error.isBrokenPipe ? .fin : .reset)
        }
        return 0
    }

    private func perform(_ action: ScriptPlayer.Action, at now: Instant) {
        if role != .interim {
            log.change(id) { record in
                if record.scriptDoneAt == nil { record.scriptDoneAt = now }
            }
        }
        switch action {
        case .done:
            player = nil
            if role == .last { perform(.finish, at: now) }
        case .finish:
            log.serverClosed(id, .finish, at: now)
            socket.finishSending()
            state = .finished(until: now + options.linger)
            wakeAt = now + options.linger
        case .close:
            log.serverClosed(id, .close, at: now)
            end()
        case .reset:
            log.serverClosed(id, .reset, at: now)
            try? socket.setLingerZero()
            end()
        case .send, .wait, .stall: break
        }
    }
}
