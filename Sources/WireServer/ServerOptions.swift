public import WireBytes
public import WireHTTP1
public import WireSockets
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
    /// What all connections together may hold of requests that are not complete or wait for their turn;
    /// who sends more then is answered by 503.
    public var inputMemory = ByteLimit.mebibytes(256)
    /// How long a request may take to come, from its first byte to its last; then 408.
    public var requestTime = Timeout.minutes(10)
    /// How long a connection may wait for its next request; then it is closed. Ollama has no such limit.
    public var idleTime = Timeout.never
    /// How long a connection that the server has finished waits for the client's close.
    public var linger = Timeout.seconds(5)
    /// Connections open at once; more wait in the kernel's queue.
    public var connectionLimit = 10_000
    /// Size asked of the kernel for each connection's unsent bytes; nil: the kernel's own choice.
    public var sendBufferBytes: Int32?
    /// The same for bytes received and not read yet.
    public var receiveBufferBytes: Int32?

    /// How long before a time that is due the server stops sleeping and looks at the clock instead: the
    /// kernel wakes a sleeper late. Costs that much of a core for every time that is waited for.
    public var spin = Timeout.zero
    /// Refuse connections at times.
    public var refusal: Refusal?
    /// How many connections the log remembers.
    public var loggedConnections = 100_000
    /// Whether the log keeps the times of every write. Without, it learns of bytes that were sent only
    /// together with the next other thing that becomes of the connection: the answer's end, say.
    public var logsWrites = true
    /// Told what becomes of connections as it happens, on the server's thread.
    public var observer: (any ConnectionObserver)?

    public init() {}

    /// Times in which nothing listens on the address.
    public struct Refusal: Sendable, Equatable {
        /// From the server's start to the first.
        public var after: Timeout
        public var lasting: Timeout
        /// From the end of one to the next; nil: there is only one.
        public var every: Timeout?

        public init(after: Timeout = .zero, lasting: Timeout, every: Timeout? = nil) {
            self.after = after
            self.lasting = lasting
            self.every = every
        }
    }
}

/// Watches a server's connections. Called on the server's thread: it must not block.
public protocol ConnectionObserver: Sendable {
    func accepted(_ connection: Int, from peer: SocketAddress?, at now: Instant)
    func received(_ request: ServedRequest)
    /// The client has ended its side.
    func left(_ connection: Int, _ close: ConnectionRecord.ClientClose)
    /// The server has ended its side.
    func ended(_ connection: Int, _ close: ConnectionRecord.ServerClose)
}
