internal import WireJSON

/// What the terminal record says of the whole answer. Server-side numbers; a zero may mean that the
/// server left the field out.
public struct Summary: Sendable, Equatable {
    /// `stop`, `length`, `load` or `unload`; empty when the server gave none.
    public var reason = ""
    /// The whole request.
    public var totalDuration = Duration.zero
    /// From the request's start until the model was ready, its queue included.
    public var loadDuration = Duration.zero
    /// Tokens of the prompt, those from the server's cache included.
    public var promptEvalCount = 0
    public var promptEvalDuration = Duration.zero
    /// Tokens generated.
    public var evalCount = 0
    public var evalDuration = Duration.zero
    /// From the request's start to its first content, seen from here.
    public var timeToFirstToken: Duration?

    public init() {}

    /// - Parameter reason: `done_reason`, decoded.
    public init(_ fields: RecordFields, reason: String) {
        self.reason = reason
        totalDuration = .nanoseconds(fields.totalDuration)
        loadDuration = .nanoseconds(fields.loadDuration)
        promptEvalCount = Int(fields.promptEvalCount)
        promptEvalDuration = .nanoseconds(fields.promptEvalDuration)
        evalCount = Int(fields.evalCount)
        evalDuration = .nanoseconds(fields.evalDuration)
    }

    /// Generated tokens per second of generating; nil when the server gave no numbers.
    public var tokensPerSecond: Double? {
        evalCount > 0 && evalDuration > .zero ? Double(evalCount) / (evalDuration / .seconds(1)) : nil
    }
}

/// A whole answer.
public struct Reply: Sendable, Equatable {
    public var text = ""
    public var thinking = ""
    public var toolCalls: [ToolCall] = []
    public var summary = Summary()
    /// Tokens for a next `GenerateRequest.context`.
    public var context: [Int] = []

    public init() {}

    /// The answer as a turn for the next request's messages.
    public var message: Message {
        var message = Message.assistant(text)
        if !thinking.isEmpty { message.thinking = thinking }
        message.toolCalls = toolCalls
        return message
    }
}
