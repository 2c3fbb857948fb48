internal import WireServer
internal import WireSockets
internal import WireTime

/// Text and embeddings: what needs a model.
extension Simulator {
    func generate(
        _ made: GenerationJob, _ request: ServedRequest, _ framing: ReplyFraming,
        _ waker: any ConnectionWaker
    ) throws(Refusal) -> Reply {
        var job = made
        let (name, fault) = try split(job.modelName)
        let isOpenAI = job.api == .openAIChat || job.api == .openAICompletions
        guard let host = host(named: name) else { throw .modelNotFound(name) }
        let profile = host.profile
        if profile.embeddingSize != nil {
            let what = job.api == .generate || job.api == .openAICompletions ? "generate" : "chat"
            throw Refusal(400, "\"\(name)\" does not support \(what)")
        }
        if job.thinks == true, profile.thinkingTokens == 0, !isOpenAI {
            throw Refusal(400, "\"\(name)\" does not support thinking")
        }
        if !job.tools.isEmpty, !profile.usesTools {
            throw Refusal(
                400, "registry.ollama.ai/library/\(fullName(name)) does not support tools")
        }
        job.modelName = name
        var random = Randomness(
            seed: options.seed, Randomness.hash(fullName(name).utf8), job.seed ?? 0,
            job.prompt.map {
                Randomness.hash($0.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8 & 0xFF)] })
            }
                ?? 0)
        guard let prompt = job.prompt else {
            return try load(job, host, request, framing, waker)
        }
        if host.isFull, waitingCount >= options.queueLength { throw .queueFull }
        let ticket = Ticket(prompt: Array(prompt.suffix(profile.contextLength)), waker: waker)
        ticket.keepAlive = job.keepAlive
        host.enter(ticket, at: request.receivedAt)
        let script = AnswerScript(job, profile, vocabulary, &random)
        let source = GenerationSource(
            Generation(
                job, on: host, ticket, framing: framing, script: script, random: random,
                receivedAt: request.receivedAt))
        return Reply(
            source: source, modelName: name, fault: fault,
            dialect: job.streams ? source.currentDialect : nil)
    }

    /// An empty prompt: loads the model, or with a keep_alive of 0 lets it go.
    private func load(
        _ job: GenerationJob, _ host: ModelHost, _ request: ServedRequest, _ framing: ReplyFraming,
        _ waker: any ConnectionWaker
    ) throws(Refusal) -> Reply {
        var result = GenerationResult()
        let unloads = job.keepAlive == .zero
        result.reason = unloads ? "unload" : "load"
        let dialect = ReplyDialect(job, number: 0)
        let wall = MonotonicClock.wallNanoseconds
        let body = dialect.whole(result, text: [], thinking: [], calls: [], wall: wall)
        let bytes = framing.whole(contentType: dialect.wholeContentType, body, wall: wall)
        let ticket = Ticket(prompt: [], waker: waker)
        ticket.keepAlive = job.keepAlive
        if unloads {
            host.keep(for: .zero, at: request.receivedAt)
            return Reply(
                source: FixedPieces(whole: bytes, from: request.receivedAt),
                modelName: job.modelName)
        }
        host.enter(ticket, at: request.receivedAt)
        let source = ComputedReply(host, ticket, receivedAt: request.receivedAt) { _ in bytes }
        return Reply(source: source, modelName: job.modelName)
    }

    // MARK: Embeddings

    enum EmbeddingAPI { case native, legacy, openAI }

    func embed(
        _ api: EmbeddingAPI, _ request: ServedRequest, _ framing: ReplyFraming,
        _ waker: any ConnectionWaker
    ) throws(Refusal) -> Reply {
        let job = try EmbeddingJob(api, request.body)
        let (name, fault) = try split(job.modelName)
        if name.isEmpty, api != .legacy { throw .modelNotFound("") }
        if name.isEmpty { throw Refusal(400, "model is required") }
        guard let host = host(named: name) else {
            throw Refusal(404, "model \"\(name)\" not found, try pulling it first")
        }
        guard let size = host.profile.embeddingSize else {
            throw Refusal(
                501,
                "This server does not support embeddings. Start it with `--embeddings`")
        }
        if host.isFull, waitingCount >= options.queueLength { throw .queueFull }
        let ticket = Ticket(prompt: job.inputs.flatMap(Tokenizer.numbers), waker: waker)
        ticket.keepAlive = job.keepAlive
        host.enter(ticket, at: request.receivedAt)
        let seed = options.seed
        let dimensions = min(size, job.dimensions ?? size)
        let source = ComputedReply(host, ticket, receivedAt: request.receivedAt) { result in
            let vectors = job.inputs.map {
                Embedding.make($0, size: size, keeping: dimensions, seed)
            }
            let wall = MonotonicClock.wallNanoseconds
            let type = api == .openAI ? "application/json" : "application/json; charset=utf-8"
            return framing.whole(
                contentType: type, job.body(vectors, name: name, result), wall: wall)
        }
        return Reply(source: source, modelName: name, fault: fault)
    }
}

/// A reply that takes a slot for as long as its prompt takes to be read; without one, until the model
/// is there.
private final class ComputedReply: PieceSource {
    private let host: ModelHost
    private let ticket: Ticket
    private let receivedAt: Instant
    private let make: (GenerationResult) -> [UInt8]
    private var startedAt: Instant?
    private var isDone = false
    private var hasLeft = false

    init(
        _ host: ModelHost, _ ticket: Ticket, receivedAt: Instant,
        _ make: @escaping (GenerationResult) -> [UInt8]
    ) {
        self.host = host
        self.ticket = ticket
        self.receivedAt = receivedAt
        self.make = make
    }

    func next(at now: Instant, into out: inout [UInt8]) -> PieceStep {
        if isDone { return .done }
        guard let start = ticket.startsAt else { return .wait(until: .distantFuture) }
        if start > now { return .wait(until: start) }
        let began = startedAt ?? now
        startedAt = began
        let end = began + host.profile.timeToRead(ticket.prompt.count)
        if end > now { return .wait(until: end) }
        isDone = true
        var result = GenerationResult()
        result.loadTime = began.since(receivedAt)
        result.totalTime = now.since(receivedAt)
        result.promptCount = ticket.prompt.count
        ended(at: now)
        out += make(result)
        return .piece(.whole, due: nil)
    }

    func ended(at now: Instant) {
        if hasLeft { return }
        hasLeft = true
        host.leave(ticket, at: now)
    }
}
