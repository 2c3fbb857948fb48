internal import WireBytes
public import WireHTTP1
public import WireJSON

/// A request of `POST /api/chat`. What is nil is not sent: the server's and the model's defaults apply.
public struct ChatRequest: OllamaJSONRequest, Equatable {
    /// `[host/][namespace/]model[:tag]`.
    public var model: String
    /// None loads the model (with `keepAlive: .now`: unloads it).
    public var messages: [Message]
    /// False asks for one whole answer; nothing is sent before it is finished.
    public var stream = true
    /// Tool definitions, each `{"type":"function","function":{...}}` (`JSONValue.tool`).
    public var tools: [JSONValue] = []
    /// Free text, JSON, or what a schema allows; nil is free text.
    public var format: ResponseFormat?
    /// Sampling, lengths, and how the model is loaded.
    public var options = ModelOptions()
    /// Nil lets models reason that can.
    public var think: Think?
    /// How long the model stays loaded; nil is the server's own (5 minutes).
    public var keepAlive: KeepAlive?
    /// Whether the oldest messages may be dropped to fit the context (the server's default), or have to
    /// be refused.
    public var truncate: Bool?
    /// Whether the window moves on when the context is full while generating. Another value than the
    /// loaded model's makes the server load it again.
    public var shift: Bool?
    /// Whether records say how likely their tokens were (`AnswerRecord.logprobs`).
    public var logprobs: Bool?
    /// How many of the likeliest alternatives they name for each token, 0 to 20.
    public var topLogprobs: Int?
    /// Whether tools may or must be called; only `/v1` has it.
    public var toolChoice: ToolChoice?
    /// Whether a `/v1` stream shall end with how many tokens there were.
    public var asksForUsage = true
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/chat`, or `/v1/chat/completions`: the next turn of a conversation. Without
    /// messages it only loads the model.
    public init(model: String, messages: [Message], think: Think? = nil) {
        self.model = model
        self.messages = messages
        self.think = think
    }

    /// `POST`; answers with a stream of records, or with one.
    public static let route = "/api/chat"
    public var route: String { ChatRequest.route }

    /// The request's body.
    ///
    /// - Throws: `RequestError.invalidRequest` for a number that JSON cannot hold.
    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("messages", JSONValue.array(messages.map(\.json)))
        fields.add("tools", tools)
        fields.add(stream: stream)
        fields.addCommon(format, options, think, keepAlive, truncate, shift, logprobs, topLogprobs)
        return try fields.encoded(extra)
    }
}

/// A request of `POST /api/generate`. What is nil is not sent: the server's and the model's defaults
/// apply.
public struct GenerateRequest: OllamaJSONRequest, Equatable {
    /// Which model.
    public var model: String
    /// An empty one loads the model (with `keepAlive: .now`: unloads it).
    public var prompt: String
    /// Fill-in-the-middle: what comes after the text to be generated.
    public var suffix: String?
    /// Instead of the model's own.
    public var system: String?
    /// A Go template, instead of the model's own.
    public var template: String?
    /// Tokens of an earlier reply's `context`. Deprecated by Ollama: `/api/chat` has messages.
    public var context: [Int] = []
    /// See `ChatRequest` for this and what follows.
    public var stream = true
    /// No template is applied to the prompt; excludes `template`, `system` and `context`.
    public var raw: Bool?
    /// Image (or audio) files' bytes.
    public var images: [[UInt8]] = []
    /// Free text, JSON, or what a schema allows; nil is free text.
    public var format: ResponseFormat?
    /// Sampling, lengths, and how the model is loaded.
    public var options = ModelOptions()
    /// Whether, and how much, the model is to think first.
    public var think: Think?
    /// How long the model stays loaded; nil is the server's own (5 minutes).
    public var keepAlive: KeepAlive?
    /// Whether a prompt that is too long is cut; else it is an error.
    public var truncate: Bool?
    /// Whether the oldest tokens make room when the context is full; else the answer ends there.
    public var shift: Bool?
    /// Whether each token comes with its log probability.
    public var logprobs: Bool?
    /// How many alternatives come with it, 0 to 20.
    public var topLogprobs: Int?
    /// `/v1`: whether to ask for the chunk that counts tokens.
    public var asksForUsage = true
    /// Further fields, as they are; one with a name that is there takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/generate`, or `/v1/completions`: what follows a text. An empty prompt only loads
    /// the model.
    public init(model: String, prompt: String) {
        self.model = model
        self.prompt = prompt
    }

    /// `POST`; answers with a stream of records, or with one.
    public static let route = "/api/generate"
    public var route: String { GenerateRequest.route }

    /// The request's body.
    ///
    /// - Throws: `RequestError.invalidRequest` for a number that JSON cannot hold.
    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("prompt", prompt)
        fields.add("suffix", suffix)
        fields.add("system", system)
        fields.add("template", template)
        fields.add("context", context.map { JSONValue.int(Int64($0)) })
        fields.add("raw", raw)
        fields.add("images", images.map { JSONValue.string(Base64.encode($0)) })
        fields.add(stream: stream)
        fields.addCommon(format, options, think, keepAlive, truncate, shift, logprobs, topLogprobs)
        return try fields.encoded(extra)
    }
}

extension RequestFields {
    fileprivate mutating func addCommon(
        _ format: ResponseFormat?, _ options: ModelOptions, _ think: Think?,
        _ keepAlive: KeepAlive?, _ truncate: Bool?, _ shift: Bool?, _ logprobs: Bool?,
        _ topLogprobs: Int?
    ) {
        add("format", format?.json)
        add(options)
        add("think", think?.json)
        add(keepAlive)
        add("truncate", truncate)
        add("shift", shift)
        add("logprobs", logprobs)
        add("top_logprobs", topLogprobs)
    }
}
