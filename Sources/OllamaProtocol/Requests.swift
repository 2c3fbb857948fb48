internal import WireBytes
public import WireHTTP1
public import WireJSON

/// A request of `/api/chat`.
public struct ChatRequest: Sendable, Equatable {
    public var model: String
    /// None loads the model (with `keepAlive: .now`: unloads it).
    public var messages: [Message]
    /// False asks for one whole answer; nothing is sent before it is finished.
    public var stream = true
    /// Tool definitions, each `{"type":"function","function":{...}}`.
    public var tools: [JSONValue] = []
    public var format: ResponseFormat?
    public var options = ModelOptions()
    public var think: Think?
    public var keepAlive: KeepAlive?
    public var truncate: Bool?
    public var shift: Bool?
    public var logprobs: Bool?
    /// 0 to 20.
    public var topLogprobs: Int?
    /// Further fields of the request, sent as they are.
    public var extra: [JSONValue.Member] = []

    public init(model: String, messages: [Message], think: Think? = nil) {
        self.model = model
        self.messages = messages
        self.think = think
    }

    public static let route = "/api/chat"

    /// The request's body.
    ///
    /// - Throws: `RequestError.invalidRequest` for a number that JSON cannot hold.
    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = Fields(model: model, stream: stream)
        fields.add("messages", .array(messages.map(\.json)))
        if !tools.isEmpty { fields.add("tools", .array(tools)) }
        fields.addCommon(format, options, think, keepAlive, truncate, shift, logprobs, topLogprobs)
        return try fields.encoded(extra)
    }
}

/// A request of `/api/generate`.
public struct GenerateRequest: Sendable, Equatable {
    public var model: String
    /// An empty one loads the model (with `keepAlive: .now`: unloads it).
    public var prompt: String
    /// Fill-in-the-middle: what comes after the text to be generated.
    public var suffix: String?
    public var system: String?
    public var template: String?
    /// Tokens of an earlier reply's `context`.
    public var context: [Int] = []
    public var stream = true
    /// No template is applied to the prompt.
    public var raw: Bool?
    public var images: [[UInt8]] = []
    public var format: ResponseFormat?
    public var options = ModelOptions()
    public var think: Think?
    public var keepAlive: KeepAlive?
    public var truncate: Bool?
    public var shift: Bool?
    public var logprobs: Bool?
    public var topLogprobs: Int?
    public var extra: [JSONValue.Member] = []

    public init(model: String, prompt: String) {
        self.model = model
        self.prompt = prompt
    }

    public static let route = "/api/generate"

    /// The request's body.
    ///
    /// - Throws: `RequestError.invalidRequest` for a number that JSON cannot hold.
    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = Fields(model: model, stream: stream)
        fields.add("prompt", .string(prompt))
        fields.add("suffix", suffix.map { .string($0) })
        fields.add("system", system.map { .string($0) })
        fields.add("template", template.map { .string($0) })
        if !context.isEmpty { fields.add("context", .array(context.map { .int(Int64($0)) })) }
        fields.add("raw", raw.map { .bool($0) })
        if !images.isEmpty {
            fields.add("images", .array(images.map { .string(Base64.encode($0)) }))
        }
        fields.addCommon(format, options, think, keepAlive, truncate, shift, logprobs, topLogprobs)
        return try fields.encoded(extra)
    }
}

/// The members of a request's JSON object, put together in order.
private struct Fields {
    private var members: [JSONValue.Member] = []
    private let stream: Bool

    init(model: String, stream: Bool) {
        self.stream = stream
        add("model", .string(model))
    }

    mutating func add(_ key: String, _ value: JSONValue?) {
        if let value { members.append(JSONValue.Member(key: key, value: value)) }
    }

    mutating func addCommon(
        _ format: ResponseFormat?, _ options: ModelOptions, _ think: Think?,
        _ keepAlive: KeepAlive?, _ truncate: Bool?, _ shift: Bool?, _ logprobs: Bool?,
        _ topLogprobs: Int?
    ) {
        // Streaming is the server's default.
        if !stream { add("stream", .bool(false)) }
        add("format", format?.json)
        let options = options.members
        if !options.isEmpty { add("options", .object(options)) }
        add("think", think?.json)
        add("keep_alive", keepAlive?.json)
        add("truncate", truncate.map { .bool($0) })
        add("shift", shift.map { .bool($0) })
        add("logprobs", logprobs.map { .bool($0) })
        add("top_logprobs", topLogprobs.map { .int(Int64($0)) })
    }

    func encoded(_ extra: [JSONValue.Member]) throws(RequestError) -> [UInt8] {
        do throws(JSONWriteError) {
            return try JSONValue.object(members + extra).encoded()
        } catch { throw .invalidRequest("a value that JSON cannot hold: \(error)") }
    }
}

extension Message {
    var json: JSONValue {
        var members = [
            JSONValue.Member(key: "role", value: .string(role.rawValue)),
            JSONValue.Member(key: "content", value: .string(content)),
        ]
        func add(_ key: String, _ value: JSONValue?) {
            if let value { members.append(JSONValue.Member(key: key, value: value)) }
        }
        add("thinking", thinking.map { .string($0) })
        if !images.isEmpty { add("images", .array(images.map { .string(Base64.encode($0)) })) }
        if !toolCalls.isEmpty { add("tool_calls", .array(toolCalls.map(\.json))) }
        add("tool_name", toolName.map { .string($0) })
        add("tool_call_id", toolCallID.map { .string($0) })
        return .object(members)
    }
}

extension ToolCall {
    var json: JSONValue {
        let function: JSONValue = .object([
            JSONValue.Member(key: "name", value: .string(self.function.name)),
            JSONValue.Member(key: "arguments", value: self.function.arguments),
        ])
        var members = [JSONValue.Member(key: "function", value: function)]
        if let id { members.insert(JSONValue.Member(key: "id", value: .string(id)), at: 0) }
        return .object(members)
    }
}
