public import WireJSON

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

    /// Generated tokens per second of generating; nil when the server gave no numbers.
    public var tokensPerSecond: Double? {
        evalCount > 0 && evalDuration > .zero
            ? Double(evalCount) / (evalDuration / .seconds(1)) : nil
    }
}

/// What only the terminal record has.
public struct TerminalRecord: Sendable, Equatable {
    public private(set) var summary = Summary()
    /// Tokens for a next `GenerateRequest.context`.
    public private(set) var context: [Int] = []

    /// Reads a record again, for these fields.
    ///
    /// - Throws: `JSONError` when one of them has another type than the server gives it.
    public init(_ line: Span<UInt8>) throws(JSONError) {
        var cursor = JSONCursor(line)
        try cursor.beginObject()
        while let key = try cursor.nextKey() { try take(key, &cursor) }
        try cursor.finish()
    }

    private mutating func take(_ key: JSONString, _ cursor: inout JSONCursor) throws(JSONError) {
        if cursor.matches(key, "done_reason") {
            summary.reason = cursor.text(of: try cursor.string())
        } else if cursor.matches(key, "total_duration") {
            summary.totalDuration = .nanoseconds(try cursor.int64())
        } else if cursor.matches(key, "load_duration") {
            summary.loadDuration = .nanoseconds(try cursor.int64())
        } else if cursor.matches(key, "prompt_eval_count") {
            summary.promptEvalCount = Int(try cursor.int64())
        } else if cursor.matches(key, "prompt_eval_duration") {
            summary.promptEvalDuration = .nanoseconds(try cursor.int64())
        } else if cursor.matches(key, "eval_count") {
            summary.evalCount = Int(try cursor.int64())
        } else if cursor.matches(key, "eval_duration") {
            summary.evalDuration = .nanoseconds(try cursor.int64())
        } else if cursor.matches(key, "context") {
            try cursor.beginArray()
            while try cursor.nextElement() { context.append(Int(try cursor.int64())) }
        } else {
            try cursor.skipValue()
        }
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
