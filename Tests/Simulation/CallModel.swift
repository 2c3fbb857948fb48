internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireSockets
internal import WireTime
internal import WireTransport

/// What one call has to come to, worked out beside the client from nothing but what its primitives
/// returned, when, and what the world had planned: which deadlines run, what to wait for, when and how
/// it has to fail, what it has to deliver. The client is compared with it at every step.
/// Unchecked: one thread runs a world.
final class CallModel: CustomStringConvertible, @unchecked Sendable {
    enum Stage: Equatable {
        case idle, queued, resolving, connecting, sending, awaitingHead, body
        case pausing(until: Instant)
        /// Ended well, the caller has not been told yet.
        case complete
        case over
    }

    /// How a call has to end.
    struct Expected: Equatable {
        var kind: TransportError.Kind
        var phase: Phase
        var elapsed: Timeout
        var deadline: Deadline?
        var waited: Timeout?
    }

    let id: Int
    let plan: CallPlan
    unowned let world: SimWorld
    let requestBytes: [UInt8]
    let mayRepeat: Bool
    let cancellation = Cancellation()
    var waiter: SimWaiter?
    private var answersSeen = 0
    var stage = Stage.idle
    var phase = Phase.resolve
    var due: [Deadline: (at: Instant, since: Instant)] = [:]
    /// Of the first exchange, and of the one that stands for it now.
    var begunAt = SimWorld.start
    var start = SimWorld.start
    var connection: SimTransport?
    /// Of an answer that is asked for again: what has come of it is read first.
    var leftBehind: SimTransport?
    var isReused = false
    var wantsFresh = false
    var retries = 0
    var race = RaceModel()
    /// Of the attempts asked in this step.
    var winner: SimTransport?
    var failedNow: [(transport: SimTransport, error: SystemError)] = []
    var written = 0
    /// The last send was not too much.
    var isWritable = true
    var receivedBytes = 0
    var contentCount = 0
    var recordsTaken = 0
    var bodyTaken: [UInt8] = []
    var hasEnded = false
    var cannotWrite = false
    var lastReturn = SimWorld.start
    var waitsSince = SimWorld.start
    var contentSinceRead = 0
    /// The caller has been given the head or content since its time was last counted.
    var callerHasContent = true
    var hasContent = false
    var lastReadWasShort = true
    /// The next read is a wait's, not the reader's own.
    var isWaking = false
    /// The wait is for others to have their turn.
    var isTurn = false
    var isCallerPausing = false { didSet { pausedSinceCancelled = true } }
    /// The caller may have been elsewhere when it was cancelled: it hears of it later.
    var pausedSinceCancelled = false
    var outcome = "unfinished"
    var wasReleased = false
    var expected: Expected?
    var isGranted = false
    var isRefused = false
    /// Where the step began.
    var stageAtWake = Stage.idle

    init(id: Int, _ plan: CallPlan, _ world: SimWorld, request: borrowing HTTPRequest) {
        self.id = id
        self.plan = plan
        self.world = world
        do throws(TransportError) {
            let outgoing = try request.outgoing { _ throws(TransportError) in nil }
            requestBytes = outgoing.head + outgoing.body.bytes
            mayRepeat = outgoing.mayRepeat
        } catch { preconditionFailure("a request that must not be sent: \(error)") }
    }

    var description: String { "call \(id)" }
    var isOver: Bool { stage == .over }
    var now: Instant { world.now }

    /// What the server says next to this call.
    func nextAnswer() -> AnswerPlan {
        defer { answersSeen += 1 }
        return plan.answers[min(answersSeen, plan.answers.count - 1)]
    }

    /// What the client may be receiving; nil while the server has not said anything to this call.
    var answer: RenderedAnswer? {
        guard var answer = connection?.server.answer(to: self) else { return nil }
        if hasEnded, answer.end == nil {
            answer.records = answer.recordsAtEnd(in: receivedBytes, plan.unit)
            answer.body = [UInt8](answer.body[..<answer.bodyBytes(in: receivedBytes)])
        }
        return answer
    }

    // MARK: Deadlines

    func arm(_ deadline: Deadline, at instant: Instant) {
        let timeout: Timeout =
            switch deadline {
            case .resolve: deadlines.resolve
            case .connect: deadlines.connect
            case .requestWrite: deadlines.requestWrite
            case .responseHead: deadlines.responseHead
            case .firstContent: deadlines.firstContent
            case .bodyIdle: deadlines.bodyIdle
            case .contentIdle: deadlines.contentIdle
            case .bodyEnd: deadlines.bodyEnd
            case .total: deadlines.total
            case .poolWait: deadlines.poolWait
            case .tlsHandshake, .keepAliveIdle, .expectContinue: .never
            }
        due[deadline] = timeout == .never ? nil : (instant + timeout, instant)
    }

    private var deadlines: Deadlines { world.scenario.deadlines }

    /// The earliest, and of several the first by name.
    var earliest: (deadline: Deadline, at: Instant, since: Instant)? {
        var first: (deadline: Deadline, at: Instant, since: Instant)?
        for deadline in Deadline.allCases {
            guard let entry = due[deadline], entry.at < first?.at ?? .distantFuture else {
                continue
            }
            first = (deadline, entry.at, entry.since)
        }
        return first
    }

    func expectTimeout(at instant: Instant) {
        guard let first = earliest, first.at <= instant else { return }
        fails(
            Expected(
                kind: .timeout, phase: first.deadline.phase, elapsed: instant.since(start),
                deadline: first.deadline, waited: instant.since(first.since)))
    }

    func fails(_ kind: TransportError.Kind, at instant: Instant) {
        fails(Expected(kind: kind, phase: phase, elapsed: instant.since(start)))
    }

    /// The exchange has to fail so; or to be tried again, where that is the rule.
    private func fails(_ failure: Expected) {
        guard expected == nil, stage != .over, stage != .complete else { return }
        world.note("\(self) has to fail: \(failure.kind) \(failure.phase)")
        if isStaleRetry(failure.kind) {
            (wantsFresh, stage, isReused) = (true, .idle, false)
            for deadline in [Deadline.requestWrite, .responseHead] { due[deadline] = nil }
            forgetConnection()
        } else if let delay = retryDelay(after: failure) {
            tryAgain(after: delay)
        } else {
            expected = failure
        }
    }

    /// A connection's server knows the call in turn.
    func forgetConnections() {
        (connection, leftBehind, winner, failedNow) = (nil, nil, nil, [])
    }

    func violate(_ text: String) { world.violate("\(self): \(text)") }
}

// MARK: Trying again

extension CallModel {
    /// RFC 9112 9.3.1: a connection that had gone stale.
    private func isStaleRetry(_ kind: TransportError.Kind) -> Bool {
        guard kind == .closedEarly || kind == .reset, isReused, receivedBytes == 0 else {
            return false
        }
        let scenario = world.scenario
        let mayAlways =
            mayRepeat || scenario.retryLimit > 0 && scenario.repeatsAnyMethod || written == 0
        return (stage == .sending || stage == .awaitingHead) && mayAlways
    }

    private func retryDelay(after failure: Expected) -> Timeout? {
        guard receivedBytes == 0 else { return nil }
        let mayAlways = mayRepeat || world.scenario.repeatsAnyMethod || written == 0
        switch failure.kind {
        case .resolveFailed, .connectRefused, .connectFailed: break
        case .timeout:
            guard failure.deadline == .resolve || failure.deadline == .connect else { return nil }
        case .closedEarly, .reset: if !mayAlways { return nil }
        default: return nil
        }
        return nextDelay
    }

    private var nextDelay: Timeout? {
        guard retries < world.scenario.retryLimit else { return nil }
        let delay = Timeout.milliseconds(100 << Int64(retries))
        retries += 1
        let total = world.scenario.deadlines.total
        return now + delay < begunAt + total ? delay : nil
    }

    /// The head's status says that it is worth asking again.
    func isAskedAgain(_ status: Int) -> Bool {
        guard status == 429 || status == 503, let delay = nextDelay else { return false }
        tryAgain(after: delay)
        return true
    }

    private func tryAgain(after delay: Timeout) {
        world.note("\(self) is to be tried again after \(delay)")
        stage = .pausing(until: now + delay)
        (phase, start, isReused, wantsFresh) = (.resolve, now, false, false)
        due = [:]
        arm(.total, at: begunAt)
        race = RaceModel()
        leftBehind = connection
        forgetConnection()
    }

    private func forgetConnection() {
        connection = nil
        (written, receivedBytes, contentCount, recordsTaken) = (0, 0, 0, 0)
        (bodyTaken, hasEnded, cannotWrite, hasContent) = ([], false, false, false)
        (contentSinceRead, lastReadWasShort, wasReleased) = (0, true, false)
        callerHasContent = true
        if case .pausing = stage {} else { phase = .resolve }
    }
}
