public import WireJSON

/// `options` of a request. What is nil is not sent: the model's own parameters apply.
public struct ModelOptions: Sendable, Equatable {
    // Loading: a value other than the running instance's makes the server load the model again.
    /// `num_ctx`: the context's length in tokens. Another one loads the model anew.
    public var numCtx: Int?
    /// `num_batch`: prompt tokens per step.
    public var numBatch: Int?
    /// `num_gpu`: layers on GPUs; -1 lets the server choose.
    public var numGPU: Int?
    /// `main_gpu`: which GPU is for what is not split.
    public var mainGPU: Int?
    /// `use_mmap`: map the model's file, not read it.
    public var useMmap: Bool?
    /// `num_thread`: threads of the CPU; 0 lets the server choose.
    public var numThread: Int?
    /// How many tokens a draft model guesses ahead.
    public var draftNumPredict: Int?
    // Running.
    /// `num_keep`: tokens of the prompt's beginning that stay when the context is shifted; -1 is
    /// all.
    public var numKeep: Int?
    /// `seed`: of the sampling; -1 takes another one each time.
    public var seed: Int?
    /// The most tokens to generate. 0 is not "none" to the server but its default: do not send it.
    public var numPredict: Int?
    /// `top_k`: sample from so many of the likeliest tokens.
    public var topK: Int?
    /// `top_p`: sample from the likeliest tokens of so much probability, 0 to 1.
    public var topP: Double?
    /// `min_p`: leave out what is less likely than this part of the likeliest, 0 to 1.
    public var minP: Double?
    /// `typical_p`: locally typical sampling, 0 to 1; 1 is off.
    public var typicalP: Double?
    /// `repeat_last_n`: how far back repetition is looked for, in tokens; -1 is the context, 0 is
    /// off.
    public var repeatLastN: Int?
    /// `temperature`: from 0 (always the likeliest) upwards.
    public var temperature: Double?
    /// `repeat_penalty`: for tokens that have come lately; 1 is off.
    public var repeatPenalty: Double?
    /// `presence_penalty`: for tokens that have come at all, -2 to 2.
    public var presencePenalty: Double?
    /// `frequency_penalty`: for tokens by how often they have come, -2 to 2.
    public var frequencyPenalty: Double?
    /// `stop`: texts at which the answer ends; they are not in it.
    public var stop: [String]?
    /// Any others, sent as they are.
    public var extra: [JSONValue.Member] = []

    public init() {}

    var members: [JSONValue.Member] {
        var fields = RequestFields()
        fields.add("num_ctx", numCtx)
        fields.add("num_batch", numBatch)
        fields.add("num_gpu", numGPU)
        fields.add("main_gpu", mainGPU)
        fields.add("use_mmap", useMmap)
        fields.add("num_thread", numThread)
        fields.add("draft_num_predict", draftNumPredict)
        fields.add("num_keep", numKeep)
        fields.add("seed", seed)
        fields.add("num_predict", numPredict)
        fields.add("top_k", topK)
        fields.add("top_p", topP)
        fields.add("min_p", minP)
        fields.add("typical_p", typicalP)
        fields.add("repeat_last_n", repeatLastN)
        fields.add("temperature", temperature)
        fields.add("repeat_penalty", repeatPenalty)
        fields.add("presence_penalty", presencePenalty)
        fields.add("frequency_penalty", frequencyPenalty)
        fields.add("stop", stop.map { .array($0.map { .string($0) }) })
        return fields.members + extra
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
    /// Negative ones: for ever. Parts of a second count to the millisecond.
    case seconds(Double)
    case forever
    /// Unloads at once.
    case now
    /// A Go duration such as `5m` or `1h30m`, as the server's own option has it.
    case text(String)

    /// So long after the last use, to the second.
    public static func duration(_ duration: Duration) -> KeepAlive {
        .seconds(duration / .seconds(1))
    }

    var json: JSONValue {
        switch self {
        case .seconds(let seconds) where seconds == seconds.rounded() && seconds.magnitude < 1e15:
            .int(Int64(seconds))
        // The server cuts off what stands behind a number's point.
        case .seconds(let seconds) where seconds > 0 && seconds < 1e12:
            .string("\(max(1, Int64((seconds * 1000).rounded())))ms")
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
