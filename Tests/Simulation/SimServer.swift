import WireTime

/// A simulated server's side of a connection: reads requests, and does with each what its call has
/// planned.
final class SimServer {
    private unowned let transport: SimTransport
    private let world: SimWorld
    /// Of the request that is being read.
    private var request: [UInt8] = []
    private var unread: [UInt8] = []
    private var isReadScheduled = false
    /// Reads no more, or has gone.
    private var isDeaf = false
    private var isGone = false
    private var isAnswering = false
    private var call: CallModel?
    private var plan: AnswerPlan?
    /// What the client may receive in answer to the call's request.
    private var answer: RenderedAnswer?
    /// Whose answer was the last, after that is over for the server.
    private var last: (call: CallModel, plan: AnswerPlan, answer: RenderedAnswer)?
    private var hasAnswered = false

    init(_ transport: SimTransport, _ world: SimWorld) {
        self.transport = transport
        self.world = world
    }

    // MARK: Reading

    func arrive(_ bytes: [UInt8]) {
        unread += bytes
        // Who has closed answers what still comes by a reset.
        if isGone { return world.after(.zero) { self.transport.arriveReset(discarding: false) } }
        scheduleRead()
    }

    private func scheduleRead() {
        if isReadScheduled || isDeaf || unread.isEmpty { return }
        isReadScheduled = true
        world.after(plan?.reads.delay ?? .zero) { [self] in
            isReadScheduled = false
            if isDeaf || isGone { return }
            read()
            scheduleRead()
        }
    }

    private func read() {
        var most = min(unread.count, plan?.reads.bytes ?? unread.count)
        let stop = plan?.requestStop
        if let stop { most = min(most, max(0, stop.after - request.count)) }
        // What lies behind is the next request.
        if let call { most = min(most, call.requestBytes.count - request.count) }
        request += unread[..<most]
        unread.removeFirst(most)
        transport.wasRead(most)
        if plan == nil { findCall() }
        guard let call, let plan else { return }
        if let stop = plan.requestStop, request.count >= stop.after,
            stop.after < call.requestBytes.count
        {
            isDeaf = true
            return end(stop.how)
        }
        if request.count > call.requestBytes.count
            || request[...] != call.requestBytes[..<request.count]
        {
            return world.violate("\(call): what arrives on \(transport) is not what was sent")
        }
        let isWhole = request.count == call.requestBytes.count
        if isWhole || plan.answersEarlyAfter.map({ request.count >= $0 }) == true { beginAnswer() }
        if isWhole, hasAnswered { becomeIdle() }
    }

    /// The call names itself in the target of its request.
    private func findCall() {
        let head = String(decoding: request, as: UTF8.self)
        let parts = head.split(separator: " ", maxSplits: 2)
        guard parts.count == 3, let id = Int(parts[1].dropFirst("/call/".count)) else { return }
        let call = world.calls[id]
        self.call = call
        let plan = call.nextAnswer()
        self.plan = plan
        let answer = RenderedAnswer(plan, toHEAD: call.plan.method == "HEAD")
        self.answer = answer
        last = (call, plan, answer)
    }

    func answer(to call: CallModel) -> RenderedAnswer? { last?.call === call ? last?.answer : nil }
    func plan(for call: CallModel) -> AnswerPlan? { last?.call === call ? last?.plan : nil }

    // MARK: Answering

    private func beginAnswer() {
        guard !isAnswering, let plan, let answer else { return }
        isAnswering = true
        world.after(plan.delay) { [self] in say(from: 0, segment: 0, plan, answer) }
    }

    /// One segment of the answer after another: what comes at one instant comes in order.
    private func say(
        from start: Int, segment index: Int, _ plan: AnswerPlan, _ answer: RenderedAnswer
    ) {
        if isGone { return }
        let most = min(answer.bytes.count, plan.stop?.after ?? .max)
        if start >= most { return answerEnded() }
        let segment = plan.segments[index % plan.segments.count]
        // The surplus comes with what it follows: later it might be taken for the next answer.
        let isLast =
            plan.surplus > 0 && start + segment.bytes >= answer.bytes.count - plan.surplus
        let end = isLast ? most : min(most, start + segment.bytes)
        world.after(segment.delay) { [self] in
            if isGone { return }
            transport.arrive(answer.bytes[start..<end])
            say(from: end, segment: index + 1, plan, answer)
        }
    }

    private func answerEnded() {
        if isGone { return }
        guard let plan, let answer, let call else { return }
        if let stop = plan.stop { return end(stop.how) }
        hasAnswered = true
        if answer.end == nil || plan.saysClose { return end(.fin) }
        if request.count == call.requestBytes.count { becomeIdle() }
    }

    /// The exchange is over, as far as the server knows.
    private func becomeIdle() {
        guard let plan else { return }
        (request, call, self.plan) = ([], nil, nil)
        (isAnswering, hasAnswered) = (false, false)
        guard let idle = plan.idle else { return }
        world.after(idle.after) { [self] in end(idle.how) }
    }

    private func end(_ how: AnswerPlan.Stop) {
        if isGone { return }
        world.note("\(transport)'s server: \(how)")
        switch how {
        case .stall:
            isDeaf = true
            isGone = false
            isAnswering = true
            plan?.answersEarlyAfter = nil
            return
        case .fin:
            isGone = true
            // Closing with something unread resets.
            if unread.isEmpty {
                transport.arriveEnd()
            } else {
                transport.arriveReset(discarding: false)
            }
        case .halfClose: transport.arriveEnd()
        case .reset: (isGone, isDeaf) = (true, true); transport.arriveReset(discarding: false)
        case .resetDiscarding:
            (isGone, isDeaf) = (true, true)
            transport.arriveReset(discarding: true)
        }
    }

    func clientClosed() { isGone = true }
}
