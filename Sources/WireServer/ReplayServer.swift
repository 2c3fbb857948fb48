internal import Synchronization
public import WireSockets
internal import WireSystem

/// A small HTTP/1.1 server that answers by scripts: recorded exchanges byte for byte with their
/// times, simulated ones, and misbehaviour. It is what tests run against, and what a program embeds
/// that wants to be tried without a model.
///
/// One thread, many connections, no TLS. It is meant for loopback, its default; what it holds for its
/// clients is limited by `ServerOptions`.
///
/// A client that shuts down its sending side alone counts as gone, as it does for a Go server.
public final class ReplayServer: Sendable {
    private enum Phase: Sendable {
        case idle
        case running(PlainThread?)
        case stopped
    }

    /// Where it listens.
    public let address: SocketAddress
    /// What became of the connections.
    public let log: ConnectionLog

    private let setup: ServerSetup
    private let phase = Lock(Phase.idle)
    private let stopped = StopFlag()

    /// Listens; connections wait in the kernel until `start` or `run`.
    ///
    /// - Parameter address: port 0 takes a free one.
    public init(
        on address: SocketAddress = .loopback(port: 0), _ behaviour: ServerBehaviour,
        options: ServerOptions = ServerOptions()
    ) throws(SystemError) {
        let listener = try StreamSocket.listen(on: address, backlog: 4096)
        try listener.setBufferSizes(
            send: options.sendBufferBytes, receive: options.receiveBufferBytes)
        self.address = listener.localAddress ?? address
        log = ConnectionLog(
            capacity: options.loggedConnections, observer: options.observer)
        setup = try ServerSetup(
            listener: listener, address: self.address, behaviour: behaviour, options: options,
            log: log)
    }

    deinit { stop() }

    public var port: UInt16 { address.port }

    /// `http://127.0.0.1:PORT`
    public var url: String { "http://\(address)" }

    /// Serves on a thread of its own.
    public func start() {
        let (setup, stopped) = (setup, stopped)
        phase.withLock { phase in
            guard case .idle = phase else { return }
            // The thread does not hold the server, so that dropping the server stops it.
            phase = .running(
                PlainThread { ServerLoop(setup).run { stopped.isSet } })
        }
    }

    /// Serves on this thread, until another one calls `stop`.
    public func run() {
        let isFirst = phase.withLock { phase in
            guard case .idle = phase else { return false }
            phase = .running(nil)
            return true
        }
        guard isFirst else { return }
        ServerLoop(setup).run { stopped.isSet }
    }

    /// Closes every connection and the port. When it returns, the server's own thread has ended; a
    /// thread in `run` is about to. From any thread but the server's, any number of times.
    public func stop() {
        stopped.set()
        let thread = phase.withLock { phase -> PlainThread? in
            defer { phase = .stopped }
            guard case .running(let thread) = phase else { return nil }
            return thread
        }
        setup.wakeEvent.signal()
        // Nobody is let in any more, should the loop not have been started.
        setup.listener.descriptor.shutdown()
        thread?.join()
    }
}

extension ReplayServer {
    /// A server, started, that answers by a closure. It is called on the server's thread and must
    /// not block.
    public static func answering(
        options: ServerOptions = ServerOptions(),
        _ body: @escaping @Sendable (ServedRequest) -> Script
    ) throws(SystemError) -> ReplayServer {
        let server = try ReplayServer(.requests(ClosureHandler(body: body)), options: options)
        server.start()
        return server
    }

    /// A server, started, that performs the same script on every connection, whatever the client
    /// sends.
    public static func performing(
        _ script: Script, afterBytes count: Int = 0, options: ServerOptions = ServerOptions()
    ) throws(SystemError) -> ReplayServer {
        let server = try ReplayServer(.raw(afterBytes: count) { _ in script }, options: options)
        server.start()
        return server
    }

    /// A server, started, that replays recordings.
    public static func replaying(
        _ recordings: [Recording], pace: Pace = .recorded
    ) throws(SystemError) -> ReplayServer {
        let server = try ReplayServer(.requests(RecordedHandler(recordings, pace: pace)))
        server.start()
        return server
    }
}

/// Set once, by any thread.
private final class StopFlag: Sendable {
    private let value = Atomic(false)

    var isSet: Bool { value.load(ordering: .acquiring) }
    func set() { value.store(true, ordering: .releasing) }
}
