public import WireJSON

/// A whole answer.
public struct Reply: Sendable, Equatable {
    /// All of its text.
    public var text = ""
    /// All of its thinking.
    public var thinking = ""
    /// In the order in which they came.
    public var toolCalls: [ToolCall] = []
    /// How it ended, and what it took.
    public var summary = Summary()
    /// Tokens for a next `GenerateRequest.context`.
    public var context: [Int] = []
    /// Of each token, if that was asked for.
    public var logprobs: [TokenLogprob] = []
    /// What the terminal record says besides: who answered, when, and fields that are unknown here.
    public var details = ReplyDetails()

    public init() {}

    /// The answer as a turn for the next request's messages.
    public var message: Message {
        var message = Message.assistant(text)
        if !thinking.isEmpty { message.thinking = thinking }
        message.toolCalls = toolCalls
        return message
    }
}

/// Who gave an answer, and when.
public struct ReplyDetails: Sendable, Equatable {
    /// The model's name as the server has it.
    public var model = ""
    /// Of the terminal record: RFC 3339, as sent (`Timestamp`).
    public var createdAt = ""
    /// Of a model that runs elsewhere: its name there, and where.
    public var remoteModel: String?
    /// Of a model that runs elsewhere: where.
    public var remoteHost: String?
    /// Fields of the terminal record that are unknown here.
    public var extra: [JSONValue.Member] = []

    public init() {}

    /// Reads the terminal record again, for these fields.
    init(_ line: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(line)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let name = cursor.text(of: key)
            switch name {
            case "model": model = cursor.text(of: try cursor.string())
            case "created_at": createdAt = cursor.text(of: try cursor.string())
            case "remote_model": remoteModel = try JSONValue(reading: &cursor).stringValue
            case "remote_host": remoteHost = try JSONValue(reading: &cursor).stringValue
            case "message", "response", "thinking", "tool_calls", "done", "done_reason", "context",
                "total_duration", "load_duration", "prompt_eval_count", "prompt_eval_duration",
                "eval_count", "eval_duration", "logprobs":
                try cursor.skipValue()
            default:
                extra.append(JSONValue.Member(key: name, value: try JSONValue(reading: &cursor)))
            }
        }
        try cursor.finish()
    }
}
