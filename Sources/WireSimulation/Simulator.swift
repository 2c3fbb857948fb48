internal import WireHTTP1
internal import WireJSON
internal import WireServer
internal import WireSockets
internal import WireTime

/// A server without a model: the Ollama API and the OpenAI-compatible one, answered by what
/// `SimulationOptions` say.
///
/// One simulator serves one server: `@unchecked Sendable` because everything in it is touched by that
/// server's thread only. `ReplayServer.simulating` makes both.
final class Simulator: RequestHandler, @unchecked Sendable {
    let options: SimulationOptions
    let vocabulary: Vocabulary
    private let startedAtWall = MonotonicClock.wallNanoseconds
    /// By full name (`sim:latest`), lower case.
    private(set) var models: [String: SimulatedModel] = [:]
    /// For every other name.
    private let fallback: SimulatedModel?
    private var modifiedAt: [String: Int64] = [:]
    private var hosts: [String: ModelHost] = [:]
    private var faultChoice: Randomness
    /// By rule: how many requests (or connections) it was for.
    private var ruleCounts: [Int]

    /// What clients may make it remember: created, copied and pulled models, and hosts of `*`.
    static let modelLimit = 10_000

    init(_ options: SimulationOptions) {
        self.options = options
        vocabulary = Vocabulary(options.text)
        faultChoice = Randomness(seed: options.seed, 0xFA)
        ruleCounts = Array(repeating: 0, count: options.faults.count)
        fallback = options.models.last { $0.name == "*" }
        for model in options.models where model.name != "*" {
            models[fullName(model.name)] = model
            modifiedAt[fullName(model.name)] = startedAtWall
        }
    }

    // MARK: Models

    /// `Sim` as `sim:latest`.
    func fullName(_ name: String) -> String {
        let lower = name.lowercased()
        let last = lower.split(separator: "/").last ?? ""
        return last.contains(":") ? lower : lower + ":latest"
    }

    func model(named name: String) -> SimulatedModel? {
        if name.isEmpty { return nil }
        return models[fullName(name)] ?? fallback
    }

    func host(named name: String) -> ModelHost? {
        let full = fullName(name)
        if let host = hosts[full] { return host }
        guard let model = model(named: name), hosts.count < Simulator.modelLimit else { return nil }
        let host = ModelHost(model)
        hosts[full] = host
        return host
    }

    func modified(_ name: String) -> Int64 { modifiedAt[name] ?? startedAtWall }

    func runningHosts(at now: Instant) -> [(name: String, host: ModelHost)] {
        hosts.filter { $0.value.isLoaded(at: now) }.map { ($0.key, $0.value) }
    }

    /// Of all models.
    var waitingCount: Int { hosts.values.reduce(0) { $0 + $1.waiting.count } }

    func remember(_ model: SimulatedModel, as name: String) throws(Refusal) {
        guard models.count < Simulator.modelLimit else {
            throw Refusal(500, "more than \(Simulator.modelLimit) models")
        }
        models[fullName(name)] = model
        modifiedAt[fullName(name)] = MonotonicClock.wallNanoseconds
    }

    func forget(_ fullName: String) {
        models[fullName] = nil
        modifiedAt[fullName] = nil
        if hosts[fullName]?.isUnused ?? false { hosts[fullName] = nil }
    }

    // MARK: RequestHandler

    /// Not asked: `answer` does not go by scripts.
    func script(for request: ServedRequest) -> Script { .error("no script", status: 501) }

    func opening(of connection: Int) -> Opening? {
        choose { $0.atAccept }.flatMap(FaultScripts.opening)
    }

    func answer(to request: ServedRequest, waking waker: any ConnectionWaker) -> any ResponseSource
    {
        let framing = ReplyFraming(request.head)
        let isOpenAI = request.target.hasPrefix("/v1/")
        let reply: Reply
        do throws(Refusal) {
            reply = try route(request, framing, waker)
        } catch {
            reply = refused(error, framing, isOpenAI: isOpenAI, at: request.receivedAt)
        }
        let fault =
            reply.fault
            ?? choose { rule in
                !rule.atAccept && request.target.hasPrefix(rule.path)
                    && (rule.model == nil || rule.model == reply.modelName)
            }
        let context = ReplyContext(
            framing: framing, isOpenAI: isOpenAI, dialect: reply.dialect)
        return ReplySource(
            ReplyPassage(
                reply.source, fault: fault, context: context,
                request: RequestID(connection: request.connection, index: request.index),
                truth: options.groundTruth?.writer, at: request.receivedAt))
    }

    /// What answers a request.
    struct Reply {
        let source: any PieceSource
        var modelName: String?
        /// That the request itself asks for.
        var fault: Fault?
        var dialect: ReplyDialect?
    }

    func refused(
        _ refusal: Refusal, _ framing: ReplyFraming, isOpenAI: Bool, at now: Instant
    ) -> Reply {
        let bytes = framing.whole(
            refusal.status, contentType: ErrorBody.contentType(isOpenAI: isOpenAI),
            ErrorBody.json(refusal, isOpenAI: isOpenAI), wall: MonotonicClock.wallNanoseconds)
        return Reply(source: FixedPieces(whole: bytes, from: now))
    }

    // MARK: Faults

    /// The fault of the first rule that is for this and comes about.
    private func choose(where applies: (FaultRule) -> Bool) -> Fault? {
        for (index, rule) in options.faults.enumerated() where rule.fault.kind != .refuse {
            guard applies(rule) else { continue }
            ruleCounts[index] += 1
            if rule.every > 1, ruleCounts[index] % rule.every != 0 { continue }
            if rule.probability < 1, faultChoice.unit() >= rule.probability { continue }
            return rule.fault
        }
        return nil
    }

    /// What the request asks for by a field.
    func fault(askedBy request: ServedRequest) throws(Refusal) -> Fault? {
        guard options.obeysRequests, let text = request.head.fields["x-simulate"] else {
            return nil
        }
        return try fault(text)
    }

    /// `sim+stall:after=3records` as the model and the fault.
    func split(_ name: String) throws(Refusal) -> (name: String, fault: Fault?) {
        guard options.obeysRequests, let plus = name.firstIndex(of: "+") else { return (name, nil) }
        return (String(name[..<plus]), try fault(String(name[name.index(after: plus)...])))
    }

    private func fault(_ text: String) throws(Refusal) -> Fault {
        do throws(FaultSyntaxError) { return try FaultRule(parsing: text).fault } catch {
            throw Refusal(400, "simulated fault: \(error)")
        }
    }
}
