public import WireBytes
public import WireHTTP1
public import WireTime

/// What a server does with its connections.
public enum ServerBehaviour: Sendable {
    /// Reads HTTP/1.1 requests and asks for a script for each, in order.
    case requests(any RequestHandler)
    /// Reads no requests: performs a script, chosen by the connection's number, once that many
    /// bytes have come (0: on acceptance). What comes is dropped.
    case raw(afterBytes: Int, @Sendable (Int) -> Script)
    /// Accepts and never reads, so that the client's sending stalls. Sees no close either.
    case deaf
}

public struct ServerOptions: Sendable {
    public var limits = HTTP1Limits.standard
    /// The longest request body; a longer one is answered by 413.
    public var body = ByteLimit.mebibytes(64)
    /// How long a connection that the server has finished waits for the client's close.
    public var linger = Timeout.seconds(5)
    /// Connections open at once; more wait in the kernel's queue.
    public var connectionLimit = 10_000
    /// Size asked of the kernel for each connection's unsent bytes; nil: the kernel's own choice.
    public var sendBufferBytes: Int32?
    /// The same for bytes received and not read yet.
    public var receiveBufferBytes: Int32?

    public init() {}
}
