public import WireSockets
public import WireTime

/// Something that another thread may interrupt: whoever waits in it wakes up, and every later read
/// says that the peer has gone. It must not call anybody: the caller may hold a lock.
public protocol Interruptible: AnyObject, Sendable {
    func interrupt()
}

/// One connection as the drivers see it: everything here happens once per read or write of many
/// records, so a call through the protocol costs nothing that shows.
///
/// Sendable because an exchange may move between threads; it has one user at a time.
public protocol ByteTransport: AnyObject, Sendable {
    /// `127.0.0.1:11434`, for messages.
    var peer: String { get }
    /// For other threads; good as long as anybody holds it, also after `close`.
    var interruptible: any Interruptible { get }

    /// Call when the socket has become writable after its opening: why connecting failed, or nil.
    func finishConnecting() -> SystemError?
    func receive(into output: inout OutputRawSpan) -> ReceiveResult
    /// How long `receiveWaiting` waits at most, at a rough guess: no deadline may be twice as near.
    /// Nil where it does not wait: use `wait`.
    var longestReceive: Timeout? { get }
    /// Like `receive`, but waits for the first byte: one system call instead of two. `.wouldBlock`
    /// when none came in time, or a signal did.
    func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult
    /// Writes from two spans in one go, as far as they are taken.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult
    /// Waits until the transport is ready, the deadline has come or something else woke it (then
    /// the result is `.none` and the clock tells which).
    func wait(for interest: Readiness, until deadline: Instant) -> Readiness
    /// Whether an idle connection has something to read, which means that it must not be used.
    func isReadable() -> Bool
    /// At once, and for good.
    func close()
}

extension ByteTransport {
    public var longestReceive: Timeout? { nil }

    public func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult {
        receive(into: &output)
    }
}

/// What a driver asks of the operating system. Tests put a scripted one in its place: reads of exact
/// lengths, exact times, exact errors.
public protocol NetworkSystem: AnyObject, Sendable {
    var now: Instant { get }
    /// The addresses of a host that needs no look-up; nil for one that does.
    func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]?
    /// Looks a name up. May block for as long as the system's resolver is configured to.
    func addresses(of host: String, port: UInt16) throws(ResolveFailure) -> [SocketAddress]
    /// Starts connecting.
    func open(_ address: SocketAddress) throws(SystemError) -> any ByteTransport
}
