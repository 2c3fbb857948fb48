public import WireTime
internal import WireExchange

/// Waiting for a server, and for a model in its memory: what to do next. A pure machine.
///
///     step      what it came to                  next step
///     probe     a version                        load, or ready without a model
///     probe     no connection, cut off, silence  pause, then probe again
///     probe     502, 503, 504, 429               the same
///     load      loaded                           ready
///     load      no connection, 503, 429          pause, then load again
///     load      anything else                    failed: a load that is given up begins anew when it
///                                                is asked for again, and never ends
///     any       the time is over                 failed, with what went wrong last
public struct ReadinessMachine: Sendable {
    /// What the driver has to do.
    public enum Step: Sendable {
        /// Ask for the version, which the server answers whatever it is busy with.
        case probe(Deadlines)
        case load(LoadRequest, Deadlines)
        case pause(until: Instant)
        case ready(Summary?)
        case failed(StreamError)
    }

    private static let firstPause = Timeout.milliseconds(100)
    private static let longestPause = Timeout.seconds(2)
    /// A server that lives answers at once.
    private static let patience = Timeout.seconds(5)

    private let request: LoadRequest?
    private let deadlines: Deadlines
    private let end: Instant
    private var isLoading = false
    private var lastPause: Timeout?
    private var lastError: StreamError?

    /// What to do now; tell `answered`, `failed` or `resumed` how it went.
    public private(set) var step: Step

    /// - Parameters:
    ///   - request: the model to load; nil waits for the server alone.
    ///   - limit: how long all of it may take.
    ///   - deadlines: of loading; probing has shorter ones.
    public init(
        _ request: LoadRequest?, within limit: Timeout, deadlines: Deadlines, at now: Instant
    ) {
        self.request = request
        self.deadlines = deadlines
        end = now + limit
        step = .pause(until: now)
        proceed(at: now)
    }

    /// - Parameter summary: what loading has said.
    public mutating func answered(_ summary: Summary? = nil, at now: Instant) {
        lastPause = nil
        if isLoading || request == nil {
            step = .ready(summary)
        } else {
            isLoading = true
            proceed(at: now)
        }
    }

    /// The request has failed: decides whether that is final.
    public mutating func failed(_ error: StreamError, at now: Instant) {
        lastError = error
        guard mayPass(error) else { return step = .failed(error) }
        let pause = lastPause.map { min($0 + $0, ReadinessMachine.longestPause) }
        lastPause = pause ?? ReadinessMachine.firstPause
        let until = now + lastPause!
        step = until < end ? .pause(until: until) : .failed(error)
    }

    /// The pause is over.
    public mutating func resumed(at now: Instant) {
        if now >= end, let lastError { return step = .failed(lastError) }
        proceed(at: now)
    }

    private mutating func proceed(at now: Instant) {
        let left = end == .distantFuture ? Timeout.never : end.since(now)
        if isLoading, let request {
            step = .load(request, deadlines.with(\.total, min(deadlines.total, left)))
            return
        }
        var deadlines = deadlines
        deadlines.total = min(deadlines.total, left)
        deadlines.connect = min(deadlines.connect, ReadinessMachine.patience)
        deadlines.responseHead = min(deadlines.responseHead, ReadinessMachine.patience)
        deadlines.bodyIdle = min(deadlines.bodyIdle, ReadinessMachine.patience)
        step = .probe(deadlines)
    }

    private func mayPass(_ error: StreamError) -> Bool {
        switch error {
        case .connect: true
        case .timeout, .incomplete: !isLoading
        case .server(let failure):
            [429, 503].contains(failure.status)
                || !isLoading && [502, 504].contains(failure.status)
        case .transport(let error, _):
            switch error.kind {
            case .resolveFailed, .connectRefused, .connectFailed: true
            case .closedEarly, .reset: !isLoading
            default: false
            }
        case .request, .malformed, .stopped, .cancelled: false
        }
    }
}
