internal import WireExchange
internal import WireTime

/// What a client's options say of each of its exchanges. An object, made once for a client, because the
/// options are large.
final class ExchangeSettings: Sendable {
    let limits: ReaderLimits
    let deadlines: Deadlines
    /// The kernel stamps what is read.
    let isStamped: Bool
    let redirects: RedirectPolicy?
    let retries: RetryPolicy?

    init(_ options: ClientOptions) {
        limits = ReaderLimits(options)
        deadlines = options.deadlines
        isStamped = options.socket.receiveTimestamps
        redirects = options.redirects
        retries = options.retries
    }

    /// Redirects may be followed, or failures retried.
    var follows: Bool { redirects != nil || retries != nil }
}
