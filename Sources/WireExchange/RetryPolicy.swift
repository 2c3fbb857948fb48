public import WireHTTP1
public import WireTime

/// Asking again when a request has failed in a way that may pass, for clients that are told to. (That a
/// connection had gone stale is another matter: see `RetryRule`.)
///
///     what came                              | asked again
///     ---------------------------------------+-------------------------------------------------
///     no address, no connection              | any request: nothing was sent
///     closed or reset before a byte came     | idempotent ones, or all with `repeatsAnyMethod`
///     429, 503: those in `refusals`          | any: the server has refused before doing anything
///     other `statuses`                       | idempotent ones, or all with `repeatsAnyMethod`
///     anything else: deadlines behind connecting, broken HTTP, any byte of an answer | never
///
/// A response is left when its status says to ask again, before its body; what has been read of a body is
/// never asked for again. A request whose body cannot be had again is asked once.
public struct RetryPolicy: Sendable, Equatable {
    /// How many times at most, behind the first.
    public var limit = 3
    public var statuses: Set<Int> = [408, 429, 502, 503, 504]
    /// Those of `statuses` by which a server says that it has done nothing.
    public var refusals: Set<Int> = [429, 503]
    /// Before the first retry; doubled for each further one.
    public var firstDelay = Timeout.milliseconds(500)
    /// The longest. A Retry-After beyond it is taken as: do not.
    public var longestDelay = Timeout.seconds(30)
    /// How much of a delay is up to chance, from 0 to 1, so that those who failed together do not come
    /// again together. What a server names is never cut short.
    public var jitter = 0.5
    /// Also those that are not idempotent, whatever their first sending may have done. On a connection
    /// that had been kept and turns out to be closed, they are sent again at once then (`RetryRule`).
    public var repeatsAnyMethod = false

    public init() {}
}

/// The retries of one request. Pure: it says whether and after how long.
public struct RetryMachine: Sendable {
    private let policy: RetryPolicy
    private let isIdempotent: Bool
    private let isRepeatable: Bool
    /// Retries so far.
    public private(set) var count = 0

    /// - Parameters:
    ///   - isIdempotent: sending it twice does what sending it once does.
    ///   - isRepeatable: its body can be had again.
    public init(_ policy: RetryPolicy, isIdempotent: Bool, isRepeatable: Bool) {
        self.policy = policy
        self.isIdempotent = isIdempotent || policy.repeatsAnyMethod
        self.isRepeatable = isRepeatable
    }

    /// A response's head has come.
    ///
    /// - Parameter random: any number, each as likely.
    /// - Returns: how long to wait until it is asked again; nil: it is the answer.
    public mutating func delay(after head: ResponseHead, random: UInt64) -> Timeout? {
        guard policy.statuses.contains(head.status),
            isIdempotent || policy.refusals.contains(head.status)
        else { return nil }
        guard let wish = RetryMachine.retryAfter(head) else { return delay(random: random) }
        guard wish <= policy.longestDelay, let usual = delay(random: random) else { return nil }
        return max(wish, usual)
    }

    /// There is no response.
    public mutating func delay(after error: TransportError, random: UInt64) -> Timeout? {
        let progress = error.progress
        guard progress.bytesReceived == 0 else { return nil }
        switch error {
        case .resolve, .connect: break
        case .timeout(let deadline, _, _):
            guard deadline == .resolve || deadline == .connect || deadline == .tlsHandshake
            else { return nil }
        case .reset, .system: guard isIdempotent || progress.bytesWritten == 0 else { return nil }
        case .http(let http, _):
            guard http.kind == .closedEarly, isIdempotent || progress.bytesWritten == 0
            else { return nil }
        default: return nil
        }
        return delay(random: random)
    }

    private mutating func delay(random: UInt64) -> Timeout? {
        guard isRepeatable, count < policy.limit else { return nil }
        var delay = min(policy.firstDelay, policy.longestDelay)
        for _ in 0..<count where delay < policy.longestDelay {
            delay = min(delay + delay, policy.longestDelay)
        }
        count += 1
        let part = max(0, min(1, policy.jitter)) * (Double(random >> 11) / Double(1 << 53))
        return Timeout(nanoseconds: delay.nanoseconds - Int64(Double(delay.nanoseconds) * part))
    }

    /// What the server asks for (RFC 9110 10.2.3): seconds, or a date, which counts from the response's own.
    static func retryAfter(_ head: ResponseHead) -> Timeout? {
        guard let text = head.fields["retry-after"] else { return nil }
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            // As good as for ever.
            return .seconds(min(Int64(text.prefix(10)) ?? .max, 1_000_000_000))
        }
        guard let then = HTTPDate.seconds(text),
            let now = head.fields["date"].flatMap(HTTPDate.seconds)
        else { return nil }
        return .seconds(Int64(min(max(0, then - now), 1_000_000_000)))
    }
}
