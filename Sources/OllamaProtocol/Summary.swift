public import WireJSON

/// What the terminal record says of the whole answer. Server-side numbers; a zero may mean that the
/// server left the field out.
public struct Summary: Sendable, Equatable {
    /// `stop`, `length`, `load` or `unload`; in `/v1`, `stop`, `length`, `tool_calls` or another of the
    /// server's; empty when it gave none.
    public var reason = ""
    /// The whole request.
    public var totalDuration = Duration.zero
    /// From the request's start until the model was ready, its queue included.
    public var loadDuration = Duration.zero
    /// Tokens of the prompt, those from the server's cache included.
    public var promptEvalCount = 0
    /// How long the prompt took to read; zero when the server did not say.
    public var promptEvalDuration = Duration.zero
    /// Tokens generated.
    public var evalCount = 0
    /// How long the answer took to write; zero when the server did not say.
    public var evalDuration = Duration.zero
    /// From the request's start to its first content, seen from here.
    public var timeToFirstToken: Duration?
    /// A `/v1` stream that did not say `[DONE]`: that it is complete is told by its reason, and by an end
    /// that its framing calls one.
    public var endedWithoutTerminator = false

    public init() {}

    /// Generated tokens per second of generating; nil when the server gave no numbers.
    public var tokensPerSecond: Double? {
        evalCount > 0 && evalDuration > .zero
            ? Double(evalCount) / (evalDuration / .seconds(1)) : nil
    }
}

/// What only the terminal record has.
public struct TerminalRecord: Sendable, Equatable {
    /// It says so itself (`done`).
    public private(set) var isDone = false
    /// What the terminal record says.
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
        if cursor.matches(key, "done") {
            isDone = try cursor.bool()
        } else if cursor.matches(key, "done_reason") {
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
