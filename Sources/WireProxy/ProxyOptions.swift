public import WireExchange
public import WireTime

/// How a proxy treats its upstream and its clients.
public struct ProxyOptions: Sendable {
    /// How the upstream is reached, and how long it may take: deadlines, limits, TLS, a Unix socket. The
    /// limits of heads hold for clients, too.
    public var upstream = ClientOptions()
    /// Passes the client's Host field on instead of naming the upstream.
    public var keepsHost = false
    /// Records Authorization, cookies and keys as they are.
    public var keepsCredentials = false
    /// A stream of records is left after so many of them: the upstream's connection is closed, and the
    /// client's stream ended as by a server that was told to stop. Nil: never.
    public var recordLimit: Int?
    /// How long a request's head may take from its first byte on.
    public var requestHead = Timeout.seconds(30)
    /// How long a request's body may pause.
    public var requestIdle = Timeout.seconds(60)
    /// How long a connection may stay without a request.
    public var idle = Timeout.minutes(10)
    /// How long a client may take nothing of what there is for it.
    public var clientStall = Timeout.minutes(10)
    /// How long a connection that the proxy has finished waits for the client's close.
    public var linger = Timeout.seconds(5)
    /// Clients at once; more wait in the kernel's queue.
    public var connectionLimit = 10_000
    /// Called for each exchange when it is over, on the proxy's thread: it must not block.
    public var report: (@Sendable (ProxyReport) -> Void)?

    public init() {}
}

/// What became of one exchange.
public struct ProxyReport: Sendable {
    public enum Outcome: Sendable, Equatable {
        case complete
        /// The upstream ended the connection before its response was complete.
        case upstreamClosed
        case upstreamReset
        case clientLeft
        /// After `ProxyOptions.recordLimit` records.
        case left
        /// No connection, a deadline, TLS.
        case failed(TransportError)
        /// By the proxy: it is no request that could be forwarded, or it took too long to come.
        case refused(status: Int, String)
    }

    /// The client's connection, from 0.
    public let connection: Int
    public let method: String
    public let target: String
    /// Of the response, once its head has come.
    public let status: Int?
    /// The recording's name, if the exchange was recorded.
    public let recording: String?
    /// Bytes of the response that were passed on, heads included.
    public let responseBytes: Int
    /// Lines or events of a stream; pieces of another body.
    public let records: Int
    public let outcome: Outcome
    /// From the request's head to the end.
    public let duration: Timeout
}
