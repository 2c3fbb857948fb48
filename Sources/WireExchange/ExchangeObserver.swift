public import WireSecurity
public import WireTime

/// Is told of every exchange of a client when it is over, on the thread or task that ends it, before
/// whoever made it goes on: be brief. Called by many at once.
///
///     struct Log: ExchangeObserver {
///         func exchangeEnded(_ facts: ExchangeFacts) { print(facts.timings, facts.outcome) }
///     }
///     options.observer = Log()
public protocol ExchangeObserver: Sendable {
    func exchangeEnded(_ facts: ExchangeFacts)
}

/// What there is to know of an exchange that is over.
public struct ExchangeFacts: Sendable {
    public enum Outcome: Sendable, Equatable {
        case complete
        /// The caller left before its end.
        case left
        case failed(TransportError)
    }

    public let origin: Origin
    public let outcome: Outcome
    /// The response's status; nil when none came.
    public let status: Int?
    public let timings: ExchangeTimings
    public let progress: Progress
    /// The connection had carried an exchange before.
    public let isReused: Bool
    /// It is kept for another one.
    public let isKept: Bool
    /// Of the last connection; nil when there was none.
    public let connection: ConnectionSummary?
    public let tls: TLSFacts?

    package init(
        origin: Origin, outcome: Outcome, status: Int?, timings: ExchangeTimings,
        progress: Progress, isReused: Bool, isKept: Bool, connection: ConnectionSummary?,
        tls: TLSFacts?
    ) {
        self.origin = origin
        self.outcome = outcome
        self.status = status
        self.timings = timings
        self.progress = progress
        self.isReused = isReused
        self.isKept = isKept
        self.connection = connection
        self.tls = tls
    }
}

/// A connection at the end of an exchange.
public struct ConnectionSummary: Sendable, Equatable {
    /// `127.0.0.1:40422`; nil where the system did not say.
    public let localAddress: String?
    public let peerAddress: String
    /// Smoothed, by the kernel (TCP_INFO, tcp(7)); this and the following are nil where it is no TCP.
    public let roundTrip: Timeout?
    public let roundTripVariation: Timeout?
    /// Segments sent again, in the connection's life.
    public let retransmissions: Int?
    /// In segments.
    public let congestionWindow: Int?

    package init(
        localAddress: String?, peerAddress: String, roundTrip: Timeout?,
        roundTripVariation: Timeout?, retransmissions: Int?, congestionWindow: Int?
    ) {
        self.localAddress = localAddress
        self.peerAddress = peerAddress
        self.roundTrip = roundTrip
        self.roundTripVariation = roundTripVariation
        self.retransmissions = retransmissions
        self.congestionWindow = congestionWindow
    }
}
