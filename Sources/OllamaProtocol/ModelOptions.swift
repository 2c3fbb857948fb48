public import WireJSON

/// `options` of a request. What is nil is not sent: the model's own parameters apply.
public struct ModelOptions: Sendable, Equatable {
    // Loading: a value other than the running instance's makes the server load the model again.
    public var numCtx: Int?
    public var numBatch: Int?
    public var numGPU: Int?
    public var mainGPU: Int?
    public var useMmap: Bool?
    public var numThread: Int?
    // Running.
    public var numKeep: Int?
    public var seed: Int?
    /// The most tokens to generate. 0 is not "none" to the server but its default: do not send it.
    public var numPredict: Int?
    public var topK: Int?
    public var topP: Double?
    public var minP: Double?
    public var typicalP: Double?
    public var repeatLastN: Int?
    public var temperature: Double?
    public var repeatPenalty: Double?
    public var presencePenalty: Double?
    public var frequencyPenalty: Double?
    public var stop: [String]?
    /// Any others, sent as they are.
    public var extra: [JSONValue.Member] = []

    public init() {}

    var members: [JSONValue.Member] {
        var members: [JSONValue.Member] = []
        func add(_ key: String, _ value: JSONValue?) {
            if let value { members.append(JSONValue.Member(key: key, value: value)) }
        }
        func int(_ value: Int?) -> JSONValue? { value.map { .int(Int64($0)) } }
        func double(_ value: Double?) -> JSONValue? { value.map { .double($0) } }
        add("num_ctx", int(numCtx))
        add("num_batch", int(numBatch))
        add("num_gpu", int(numGPU))
        add("main_gpu", int(mainGPU))
        add("use_mmap", useMmap.map { .bool($0) })
        add("num_thread", int(numThread))
        add("num_keep", int(numKeep))
        add("seed", int(seed))
        add("num_predict", int(numPredict))
        add("top_k", int(topK))
        add("top_p", double(topP))
        add("min_p", double(minP))
        add("typical_p", double(typicalP))
        add("repeat_last_n", int(repeatLastN))
        add("temperature", double(temperature))
        add("repeat_penalty", double(repeatPenalty))
        add("presence_penalty", double(presencePenalty))
        add("frequency_penalty", double(frequencyPenalty))
        add("stop", stop.map { .array($0.map { .string($0) }) })
        return members + extra
    }
}

/// `think`: whether, or how hard, the model reasons before it answers.
public enum Think: Sendable, Equatable {
    case on, off, low, medium, high, max

    var json: JSONValue {
        switch self {
        case .on: .bool(true)
        case .off: .bool(false)
        case .low: .string("low")
        case .medium: .string("medium")
        case .high: .string("high")
        case .max: .string("max")
        }
    }
}

/// `keep_alive`: how long the model stays loaded after the request.
public enum KeepAlive: Sendable, Equatable {
    case seconds(Double)
    case forever
    /// Unloads at once.
    case now
    /// A Go duration such as `5m` or `1h30m`, as the server's own option has it.
    case text(String)

    var json: JSONValue {
        switch self {
        case .seconds(let seconds) where seconds == seconds.rounded() && seconds.magnitude < 1e15:
            .int(Int64(seconds))
        case .seconds(let seconds): .double(seconds)
        case .forever: .int(-1)
        case .now: .int(0)
        case .text(let text): .string(text)
        }
    }
}

/// `format`: grammar-constrained output.
public enum ResponseFormat: Sendable, Equatable {
    case json
    /// A JSON Schema.
    case schema(JSONValue)

    var json: JSONValue {
        switch self {
        case .json: .string("json")
        case .schema(let schema): schema
        }
    }
}
