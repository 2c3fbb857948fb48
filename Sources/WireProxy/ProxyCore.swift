internal import WireDriver
internal import WireHTTP1
internal import WireHTTPClient
internal import WireReactor
internal import WireServer
internal import WireSockets
internal import WireTime

/// What the connections of a proxy share, and the listener that they come from.
///
/// `@unchecked Sendable`: what is under "The loop's own" is touched by the loop's thread only.
final class ProxyCore: LoopCallback, @unchecked Sendable {
    private static let acceptsPerTurn = 64
    /// After an `accept` that failed (no descriptors left, say): how long before the next try.
    private static let acceptPause = Timeout.milliseconds(10)

    let loop: LoopCore
    let upstream: HTTPURL
    let options: ProxyOptions
    let connecting: ConnectSettings
    let system: ReactorSystem
    let log: ConnectionLog
    let writer: RecordingWriter?
    private let listener: StreamSocket

    // The loop's own
    private let waiter: Waiter
    private var token: UInt64?
    private var connections: [Int: ProxiedConnection] = [:]
    private var acceptedCount = 0
    private var isStopped = false
    /// What one read brought: kept between reads for its memory.
    var scratch: [UInt8] = []

    init(
        reactor: Reactor, listener: StreamSocket, upstream: HTTPURL, options: ProxyOptions,
        log: ConnectionLog, writer: RecordingWriter?
    ) throws(SystemError) {
        loop = try reactor.loopForConnection().core
        self.listener = listener
        self.upstream = upstream
        self.options = options
        self.log = log
        self.writer = writer
        connecting = ConnectSettings(options.upstream)
        system = ReactorSystem(reactor)
        waiter = Waiter(on: loop)
    }

    /// From any thread.
    func start() {
        loop.call(
            Deferred { [self] in
                // A listener that cannot be watched is one that nobody is accepted from.
                token = try? loop.register(listener.descriptor, for: waiter)
                resumed(.none)
            })
    }

    /// From any thread: closes everything, on the loop's.
    func stop() {
        loop.call(
            Deferred { [self] in
                isStopped = true
                if let token { loop.deregister(token) }
                // It holds this object for as long as somebody is waited for.
                waiter.wake()
                waiter.retire()
                listener.descriptor.close()
                for connection in connections.values { connection.stop() }
                connections = [:]
            })
    }

    /// Somebody wants to be accepted, or a place has become free.
    func resumed(_ ready: Readiness) {
        if isStopped { return }
        for _ in 0..<ProxyCore.acceptsPerTurn {
            guard connections.count < options.connectionLimit else { return }
            do throws(SystemError) {
                guard let socket = try listener.accept() else {
                    if wait(until: .distantFuture) { continue }
                    return
                }
                let connection = try ProxiedConnection(id: acceptedCount, socket: socket, self)
                connections[acceptedCount] = connection
                acceptedCount += 1
                connection.start()
            } catch {
                _ = wait(until: MonotonicClock.now + ProxyCore.acceptPause)
                return
            }
        }
        // Others have their turn first.
        loop.call(self)
    }

    /// - Returns: whether there is something already.
    private func wait(until deadline: Instant) -> Bool {
        waiter.wait(for: Readiness(read: true, write: false), until: deadline, resuming: self)
            != nil
    }

    func ended(_ connection: Int) {
        if isStopped { return }
        let wasFull = connections.count >= options.connectionLimit
        connections[connection] = nil
        if wasFull { loop.call(self) }
    }
}
