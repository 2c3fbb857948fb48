internal import WireSockets
internal import WireTime

/// One thread's work: accepts, and gives every connection its turns, until the listener is shut
/// down. Nothing blocks but the one `ppoll`.
struct ServerLoop {
    private static let acceptsPerTurn = 64
    /// After an `accept` that failed (no descriptors left, say): how long before the next try.
    private static let acceptPause = Timeout.milliseconds(10)

    private let listener: StreamSocket
    private let behaviour: ServerBehaviour
    private let options: ServerOptions
    private let log: ConnectionLog
    private var connections: [ServedConnection] = []
    private var acceptedCount = 0
    private var acceptsAgainAt = Instant(nanoseconds: 0)

    init(
        listener: StreamSocket, behaviour: ServerBehaviour, options: ServerOptions,
        log: ConnectionLog
    ) {
        self.listener = listener
        self.behaviour = behaviour
        self.options = options
        self.log = log
    }

    /// Serves until `isStopped` says so; whoever makes it so wakes the loop by shutting the
    /// listener down. Closes everything, the listener too.
    mutating func run(until isStopped: () -> Bool) {
        while !isStopped() { turn() }
        for connection in connections { connection.stop() }
        connections = []
        listener.descriptor.close()
    }

    private mutating func turn() {
        var now = MonotonicClock.now
        let accepts = connections.count < options.connectionLimit && now >= acceptsAgainAt
        var waited = [(listener.descriptor, Readiness(read: accepts, write: false))]
        var wakeAt = accepts ? Instant.distantFuture : acceptsAgainAt
        if connections.count >= options.connectionLimit { wakeAt = .distantFuture }
        for connection in connections {
            wakeAt = min(wakeAt, connection.wakeAt)
            if let interest = connection.interest {
                waited.append((connection.descriptor, interest))
            }
        }
        let ready = Poll.wait(waited, until: wakeAt)
        now = MonotonicClock.now
        var index = 0
        for connection in connections {
            var own = Readiness.none
            if connection.interest != nil {
                index += 1
                own = ready[index]
            }
            if own != .none || connection.wakeAt <= now { connection.serve(own, at: now) }
        }
        connections.removeAll { $0.state == .over }
        if ready[0].read { accept(at: now) }
    }

    private mutating func accept(at now: Instant) {
        for _ in 0..<ServerLoop.acceptsPerTurn
        where connections.count < options.connectionLimit {
            do throws(SystemError) {
                guard let socket = try listener.accept() else { return }
                let connection = ServedConnection(
                    id: acceptedCount, socket: socket, behaviour: behaviour, options: options,
                    log: log, now: now)
                acceptedCount += 1
                let reads = connection.interest?.read ?? false
                connection.serve(Readiness(read: reads, write: false), at: now)
                if connection.state != .over { connections.append(connection) }
            } catch {
                acceptsAgainAt = now + ServerLoop.acceptPause
                return
            }
        }
    }
}
