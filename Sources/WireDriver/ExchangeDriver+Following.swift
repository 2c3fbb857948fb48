internal import WireBytes
package import WireExchange
internal import WireHTTP1
internal import WireTime
internal import WireTransport

/// What an exchange remembers of the ones that it stands for, where redirects are followed or failures
/// retried.
final class ExchangeChain {
    var request: HTTPRequest
    let redirects: RedirectPolicy?
    var retries: RetryMachine?
    let deadlines: Deadlines
    let start: Instant
    var history: [FollowedRedirect] = []
    /// The response is the caller's.
    var isOver = false

    /// - Returns: nil when nothing is followed or retried.
    init?(
        _ request: borrowing HTTPRequest, _ outgoing: OutgoingRequest, _ settings: ExchangeSettings,
        _ deadlines: Deadlines, at now: Instant
    ) {
        redirects = request.followsRedirects ? settings.redirects : nil
        retries = settings.retries.map {
            RetryMachine(
                $0, isIdempotent: outgoing.mayRepeat, isRepeatable: outgoing.body.isRepeatable)
        }
        if redirects == nil, retries == nil { return nil }
        self.request = copy request
        self.deadlines = deadlines
        start = now
    }
}

/// From one exchange to the next, for what the caller takes for one.
extension ExchangeDriver {
    package var history: [FollowedRedirect] { chain?.history ?? [] }
    package var retryCount: Int { chain?.retries?.count ?? 0 }

    /// The head is there: is it the caller's?
    ///
    /// - Returns: true when another exchange takes this one's place.
    mutating func goesOn() throws(TransportError) -> Bool {
        guard let chain, !chain.isOver, let head = reader.head else { return false }
        if let delay = chain.retries?.delay(after: head, random: .random(in: 0 ... .max)),
            fits(delay, chain)
        {
            leaveResponse()
            try startOver(chain, after: delay)
            return true
        }
        if let policy = chain.redirects {
            switch Redirection(of: chain.request, by: head, policy: policy) {
            case .none: break
            case .refused(let error): try refuse(error, head.status)
            case .to(let next):
                let limit = policy.limit
                if chain.history.count >= limit { try refuse(.tooMany(limit: limit), head.status) }
                chain.history.append(
                    FollowedRedirect(status: head.status, from: chain.request.url, to: next.url))
                chain.request = next
                leaveResponse()
                try startOver(chain, after: nil)
                return true
            }
        }
        chain.isOver = true
        return false
    }

    private mutating func refuse(
        _ error: RedirectError, _ status: Int
    ) throws(TransportError) {
        chain?.isOver = true
        // A response without a body has ended by now.
        let progress = progress
        let actions = machine.failed(at: lastReturn) { .redirect(error, status: status, $0) }
        try settle(actions)
        failure = .redirect(error, status: status, progress)
        hasFailed = true
        throw failure ?? .cancelled(progress)
    }

    /// There is no response.
    ///
    /// - Returns: false when that is the caller's to know.
    mutating func isRetried(_ error: TransportError) -> Bool {
        guard let chain, !chain.isOver,
            let delay = chain.retries?.delay(after: error, random: .random(in: 0 ... .max)),
            fits(delay, chain)
        else { return false }
        do throws(TransportError) { try startOver(chain, after: delay) } catch { return false }
        return true
    }

    /// Whether there is time for another try.
    private func fits(_ delay: Timeout, _ chain: ExchangeChain) -> Bool {
        system.now + delay < chain.start + chain.deadlines.total
    }

    /// Reads over what is there of a response already: a connection is worth that, not a wait.
    private mutating func leaveResponse() {
        var left = 64 << 10
        reading: while left > 0, !machine.isEnded {
            do throws(TransportError) {
                switch try next(.piece) {
                case .record(let range): left -= range.count
                case .end, .blocked: break reading
                }
            } catch { break }
        }
        abandon()
    }

    private mutating func startOver(
        _ chain: ExchangeChain, after delay: Timeout?
    ) throws(TransportError) {
        let now = system.now
        let outgoing: OutgoingRequest
        do throws(TransportError) {
            outgoing = try chain.request.outgoing(opening: FileSource.open)
        } catch {
            chain.isOver = true
            failure = error
            hasFailed = true
            throw error
        }
        restart(
            outgoing,
            ExchangeMachine(
                deadlines: chain.deadlines, request: outgoing.form,
                retry: outgoing.retry(pool.exchanging.retries), at: now, since: chain.start))
        stage = delay.map { .pausing(until: now + $0) } ?? .start(fresh: false)
    }

    /// Another exchange takes this one's place.
    private mutating func restart(_ request: OutgoingRequest, _ machine: consuming ExchangeMachine)
    {
        self.request = request
        self.machine = machine
        writer = RequestWriter(request)
        reader = MessageReader(to: request, limits)
        (informational, wasReleased, isReused) = ([], false, false)
        (lateBytes, contentSinceRead, paused) = (0, 0, false)
        callerHasContent = true
        (failure, hasFailed) = (nil, false)
        watch = pool.connecting.observer.map { ExchangeWatch($0) }
        arrivals = ArrivalLog()
    }

    /// The pause may be over, or the time for all.
    mutating func endPause(_ due: Instant) throws(TransportError) {
        if machine.nextDeadline <= lastReturn { try settle(machine.timeReached(lastReturn)) }
        if due <= lastReturn { stage = .start(fresh: false) }
    }
}
