public import WireBytes
public import WireJSON

/// What one line of `/api/chat` or `/api/generate` says, as ranges of that line; the whole answer of
/// a request that does not stream has the same fields. Every byte of the line has been checked.
public struct RecordFields: Sendable {
    /// `message.content` of a chat, `response` of a generation: a piece of the text, or all of it.
    public private(set) var content: JSONString?
    /// `message.thinking` or `thinking`.
    public private(set) var thinking: JSONString?
    /// `message.tool_calls` or `tool_calls`: a JSON array.
    public private(set) var toolCalls: ByteRange?
    /// This is the terminal record.
    public private(set) var isDone = false
    public private(set) var doneReason: JSONString?
    /// The value of `error`: a JSON text of any type.
    public private(set) var error: ByteRange?
    /// Durations in nanoseconds. The server leaves zeros out.
    public private(set) var totalDuration: Int64 = 0
    public private(set) var loadDuration: Int64 = 0
    public private(set) var promptEvalCount: Int64 = 0
    public private(set) var promptEvalDuration: Int64 = 0
    public private(set) var evalCount: Int64 = 0
    public private(set) var evalDuration: Int64 = 0
    /// Tokens for a next request's `context`: a JSON array.
    public private(set) var context: ByteRange?
    public private(set) var logprobs: ByteRange?

    /// Reads one line.
    ///
    /// - Throws: `JSONError` when it is not one JSON object, or a known field has another type than
    ///   the server gives it.
    public init(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.beginObject()
        while let key = try cursor.nextKey() { try take(key, &cursor) }
        try cursor.finish()
    }

    /// Whether it carries anything: only such a record keeps the `contentIdle` deadline off.
    public var hasContent: Bool {
        if let content, !content.range.isEmpty { return true }
        if let thinking, !thinking.range.isEmpty { return true }
        return isDone || toolCalls != nil || error != nil || logprobs != nil
    }

    @inline(__always)
    private mutating func take(_ key: JSONString, _ cursor: inout JSONCursor) throws(JSONError) {
        // Most lines have only these; the rest comes once, in the terminal record.
        if cursor.matches(key, "model") || cursor.matches(key, "created_at") {
            _ = try cursor.skipValue()
        } else if cursor.matches(key, "message") {
            try takeMessage(&cursor)
        } else if cursor.matches(key, "response") {
            content = try cursor.string()
        } else if cursor.matches(key, "done") {
            isDone = try cursor.bool()
        } else {
            try takeRare(key, &cursor)
        }
    }

    private mutating func takeMessage(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "content") {
                content = try cursor.string()
            } else if cursor.matches(key, "thinking") {
                thinking = try cursor.string()
            } else if cursor.matches(key, "tool_calls") {
                toolCalls = try cursor.skipValue()
            } else {
                _ = try cursor.skipValue()
            }
        }
    }

    private mutating func takeRare(
        _ key: JSONString, _ cursor: inout JSONCursor
    ) throws(JSONError) {
        if cursor.matches(key, "thinking") {
            thinking = try cursor.string()
        } else if cursor.matches(key, "done_reason") {
            doneReason = try cursor.string()
        } else if cursor.matches(key, "error") {
            error = try cursor.skipValue()
        } else if cursor.matches(key, "tool_calls") {
            toolCalls = try cursor.skipValue()
        } else if cursor.matches(key, "total_duration") {
            totalDuration = try cursor.int64()
        } else if cursor.matches(key, "load_duration") {
            loadDuration = try cursor.int64()
        } else if cursor.matches(key, "prompt_eval_count") {
            promptEvalCount = try cursor.int64()
        } else if cursor.matches(key, "prompt_eval_duration") {
            promptEvalDuration = try cursor.int64()
        } else if cursor.matches(key, "eval_count") {
            evalCount = try cursor.int64()
        } else if cursor.matches(key, "eval_duration") {
            evalDuration = try cursor.int64()
        } else if cursor.matches(key, "context") {
            context = try cursor.skipValue()
        } else if cursor.matches(key, "logprobs") {
            logprobs = try cursor.skipValue()
        } else {
            _ = try cursor.skipValue()
        }
    }
}
