public import WireSecurity
public import WireSockets
public import WireTime

/// Something that another thread may interrupt: whoever waits in it wakes up, and every later read
/// says that the peer has gone. It must not call anybody: the caller may hold a lock.
public protocol Interruptible: AnyObject, Sendable {
    func interrupt()
}

extension Latch: Interruptible {
    public func interrupt() { open() }
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

    /// How connecting went: stands once the socket has become writable after its opening.
    func finishConnecting() -> ConnectResult
    func receive(into output: inout OutputRawSpan) -> ReceiveResult
    /// How long `receiveWaiting` waits at most, at a rough guess: no deadline may be twice as near.
    /// Nil where it does not wait: use `wait`.
    var longestReceive: Timeout? { get }
    /// Like `receive`, but waits for the first byte: one system call instead of two. `.wouldBlock`
    /// when none came in time, or a signal did.
    func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult
    /// Writes from two spans in one go, as far as they are taken.
    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult
    /// From here on, waits for reading end only when so many bytes are there, or no more will come.
    func setReceiveLowWatermark(_ bytes: Int) throws(SystemError)
    /// Waits until the transport is ready, the deadline has come or something else woke it (then
    /// the result is `.none` and the clock tells which).
    func wait(for interest: Readiness, until deadline: Instant) -> Readiness
    /// Whether an idle connection has something to read, which means that it must not be used.
    func isReadable() -> Bool
    /// At once, and for good.
    func close()

    // What lies between the socket and the bytes that are sent and received here: TLS, or nothing.

    /// The connection whose readiness has to be waited for.
    var waitable: any ByteTransport { get }
    /// `receive` has come upon an end or a failure behind the bytes that it brought last: nothing more
    /// will arrive that would wake who waits for it.
    var hasReachedEnd: Bool { get }
    /// Something that was taken by `send` has not left yet: `flush` when the connection is writable.
    var hasPendingOutput: Bool { get }
    func flush() -> SendResult
    /// Why `receive` or `send` failed, if that is not the socket's fault.
    var tlsFailure: TLSError? { get }
    /// The end that `receive` told is nobody's word: something may be missing before it.
    var isTruncated: Bool { get }
    var tlsFacts: TLSFacts? { get }
    /// What the kernel said of the last read that brought something, where that was asked for.
    var receiveStamp: ReceiveStamp? { get }
    /// Costs system calls.
    var facts: ConnectionFacts { get }
    /// Nothing will be sent or received for a while.
    func becomeIdle()
}

/// Where a connection goes from and to, and how it is doing.
public struct ConnectionFacts: Sendable {
    public let local: String?
    public let peer: String
    public let kernel: SocketFacts?

    public init(local: String?, peer: String, kernel: SocketFacts?) {
        self.local = local
        self.peer = peer
        self.kernel = kernel
    }
}

extension ByteTransport {
    public var waitable: any ByteTransport { self }
    public var hasReachedEnd: Bool { false }
    public var hasPendingOutput: Bool { false }
    public func flush() -> SendResult { .bytes(0) }
    public var tlsFailure: TLSError? { nil }
    public var isTruncated: Bool { false }
    public var tlsFacts: TLSFacts? { nil }
    public var receiveStamp: ReceiveStamp? { nil }
    public var facts: ConnectionFacts { ConnectionFacts(local: nil, peer: peer, kernel: nil) }
    public func becomeIdle() {}

    public var longestReceive: Timeout? { nil }

    /// Does nothing where what is read is not what was received.
    public func setReceiveLowWatermark(_ bytes: Int) throws(SystemError) {}

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
    /// Looks a name up.
    ///
    /// - Parameter latch: opened when there is an answer, and by whoever else wants an end of this.
    /// - Returns: nil when there is no answer by the deadline, or by the time the latch is open.
    func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer?
    /// Waits until the deadline has come, or the latch is open.
    func pause(until deadline: Instant, orOpen latch: Latch)
    /// Starts connecting.
    func open(
        _ address: SocketAddress, _ setup: SocketSetup
    ) throws(SystemError) -> any ByteTransport
    /// Waits until one of several connections that are being opened may have come to something, or
    /// the deadline has come; ask each how it went.
    func waitForAny(of opening: [any ByteTransport], until deadline: Instant)
}
