internal import Synchronization
public import WireHTTP1
internal import WireReactor
public import WireServer
public import WireSockets

/// A reverse proxy that records: passes requests on to one upstream and responses back, unchanged and
/// unbuffered, and writes each exchange into a directory as `Recording` reads it.
///
/// One thread, many connections; HTTP/1.1 and 1.0, no TLS towards clients. Each client's connection has
/// one of its own to the upstream: keep-alive, early ends and resets are the same on both sides, and a
/// client that leaves closes its upstream connection in the same turn. The deadlines of
/// `ProxyOptions.upstream` hold for every exchange.
public final class RecordingProxy: Sendable {
    /// Where it listens.
    public let address: SocketAddress
    /// What clients did.
    public let log = ConnectionLog()

    private let reactor: Reactor
    private let core: ProxyCore
    private let writer: RecordingWriter?
    private let isStopped = Atomic(false)

    /// Listens; connections wait in the kernel until `start`.
    ///
    /// - Parameters:
    ///   - address: port 0 takes a free one.
    ///   - upstream: the path of a request goes behind the URL's.
    ///   - directory: where exchanges are recorded; it is created, its parent has to exist. Nil: nowhere.
    public init(
        on address: SocketAddress = .loopback(port: 0), upstream: HTTPURL,
        recordingInto directory: String? = nil, options: ProxyOptions = ProxyOptions()
    ) throws(SystemError) {
        let listener = try StreamSocket.listen(on: address)
        self.address = listener.localAddress ?? address
        reactor = Reactor()
        if let directory {
            writer = try RecordingWriter(directory: directory)
        } else {
            writer = nil
        }
        do throws(SystemError) {
            core = try ProxyCore(
                reactor: reactor, listener: listener, upstream: upstream, options: options,
                log: log, writer: writer)
        } catch {
            writer?.stop()
            throw error
        }
    }

    deinit { stop() }

    public var port: UInt16 { address.port }

    /// `http://127.0.0.1:PORT`
    public var url: String { "http://\(address)" }

    /// Serves on a thread of its own. Once.
    public func start() { core.start() }

    /// Closes every connection and the port, and writes what is recorded. From any thread but the
    /// proxy's, any number of times.
    public func stop() {
        if isStopped.exchange(true, ordering: .acquiringAndReleasing) { return }
        core.stop()
        reactor.shutDown()
        writer?.stop()
    }

    /// Why nothing is recorded any more; exchanges are passed on all the same.
    public var recordingFailure: SystemError? { writer?.failure }
}
