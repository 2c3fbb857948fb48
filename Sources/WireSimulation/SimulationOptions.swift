public import WireTime

/// A model that is simulated.
public struct SimulatedModel: Sendable {
    /// As clients name it; `*` stands for every name that no other model has.
    public var name: String
    /// From the first request to being loaded.
    public var loadTime = Timeout.zero
    /// Prompt tokens per second; infinite: no time.
    public var promptRate = Double.infinity
    /// Tokens per second.
    public var tokenRate = 50.0
    public var jitter = Jitter.constant
    public var tokensPerRecord = 1
    public var output = OutputLength.normal(200, 60)
    /// Requests that it answers at once; others wait.
    public var slots = 1
    /// In tokens, prompt and answer together.
    public var contextLength = 4096
    /// Whether a prompt that begins as one before did on the same slot is read from there on only.
    public var cachesPrompts = true
    /// So many tokens of thinking come first; 0: it cannot think.
    public var thinkingTokens = 0
    /// Whether it calls a tool when there are some.
    public var usesTools = true
    /// Dimensions of its embeddings, instead of text; nil: it writes text.
    public var embeddingSize: Int?
    /// How long it stays loaded when the request does not say.
    public var keepAlive = Timeout.minutes(5)

    public init(_ name: String) { self.name = name }

    public static let standard: [SimulatedModel] = {
        var thinker = SimulatedModel("sim-think")
        thinker.thinkingTokens = 30
        var embedder = SimulatedModel("sim-embed")
        embedder.embeddingSize = 384
        embedder.usesTools = false
        return [SimulatedModel("sim"), thinker, embedder]
    }()
}

/// Where the words come from.
public enum SimulatedText: Sendable {
    /// A chain of words that follow each other in a small text.
    case markov
    /// A text as it is, from the first word again at its end.
    case verbatim([UInt8])
}

/// What a simulated server is like.
public struct SimulationOptions: Sendable {
    public var models = SimulatedModel.standard
    /// The same seed, request and model give the same text, lengths and times between tokens.
    public var seed: UInt64 = 1
    public var text = SimulatedText.markov
    /// Requests that may wait for a slot, of all models; one more is answered by 503.
    public var queueLength = 512
    /// What `/api/version` says.
    public var version = "0.33.0"
    /// The first rule that applies decides.
    public var faults: [FaultRule] = []
    /// Whether requests may ask for faults themselves, by a field `X-Simulate` or behind a `+` in the
    /// model's name.
    public var obeysRequests = true
    /// Where what has been sent is written down.
    public var groundTruth: GroundTruth?

    public init() {}
}
