public import WireBytes
public import WireJSON

/// What one line of `/api/chat` or `/api/generate` carries, as ranges of that line; the whole answer
/// of a request that does not stream has the same fields. Every byte of the line has been checked.
///
/// Small on purpose, one is filled for each token: what only the terminal record has is read from
/// it in a second walk (`Summary`, `TerminalRecord`).
public struct RecordFields: Sendable {
    /// RFC 3339, as sent: nobody pays for its parsing who does not ask for it.
    public private(set) var createdAt: JSONString?
    /// `message.content` of a chat, `response` of a generation: a piece of the text, or all of it.
    public private(set) var content: JSONString?
    /// `message.thinking` or `thinking`.
    public private(set) var thinking: JSONString?
    /// `message.tool_calls` or `tool_calls`: a JSON array.
    public private(set) var toolCalls: ByteRange?
    /// The value of `error`: a JSON text of any type.
    public private(set) var error: ByteRange?
    /// This is the terminal record.
    public private(set) var isDone = false
    public private(set) var hasLogprobs = false

    init() {}

    /// Reads one line, in place of what was read before.
    ///
    /// - Throws: `JSONError` when it is not one JSON object, or a field has another type than the
    ///   server gives it.
    mutating func read(_ cursor: inout JSONCursor) throws(JSONError) {
        createdAt = nil
        content = nil
        thinking = nil
        toolCalls = nil
        error = nil
        isDone = false
        hasLogprobs = false
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            // Most lines have only these.
            if cursor.matches(key, "model") {
                try cursor.skipValue()
            } else if cursor.matches(key, "created_at") {
                createdAt = try cursor.string()
            } else if cursor.matches(key, "message") {
                try readMessage(&cursor)
            } else if cursor.matches(key, "response") {
                content = try RecordFields.stringIfAny(&cursor)
            } else if cursor.matches(key, "done") {
                isDone = try cursor.bool()
            } else {
                try readRare(key, &cursor)
            }
        }
        try cursor.finish()
    }

    /// Whether it carries anything: only such a record keeps the `contentIdle` deadline off.
    public var hasContent: Bool {
        if let content, content.range.count > 0 { return true }
        if let thinking, thinking.range.count > 0 { return true }
        return isDone || toolCalls != nil || error != nil || hasLogprobs
    }

    /// Nothing but text: such a record may stand for those that follow.
    var isOrdinary: Bool { !isDone && toolCalls == nil && error == nil && !hasLogprobs }

    /// Puts other strings in the places of these.
    @inline(__always)
    mutating func setStrings(createdAt: ByteRange, content: ByteRange?, thinking: ByteRange?) {
        self.createdAt = JSONString(plain: createdAt)
        if let content { self.content = JSONString(plain: content) }
        if let thinking { self.thinking = JSONString(plain: thinking) }
    }

    private mutating func readMessage(_ cursor: inout JSONCursor) throws(JSONError) {
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "content") {
                content = try RecordFields.stringIfAny(&cursor)
            } else if cursor.matches(key, "role") {
                try cursor.skipValue()
            } else if cursor.matches(key, "thinking") {
                thinking = try RecordFields.stringIfAny(&cursor)
            } else if cursor.matches(key, "tool_calls") {
                toolCalls = try RecordFields.valueIfAny(&cursor)
            } else {
                try cursor.skipValue()
            }
        }
    }

    private mutating func readRare(
        _ key: JSONString, _ cursor: inout JSONCursor
    ) throws(JSONError) {
        if cursor.matches(key, "thinking") {
            thinking = try RecordFields.stringIfAny(&cursor)
        } else if cursor.matches(key, "error") {
            error = try RecordFields.valueIfAny(&cursor)
        } else if cursor.matches(key, "tool_calls") {
            toolCalls = try RecordFields.valueIfAny(&cursor)
        } else if cursor.matches(key, "logprobs") {
            hasLogprobs = try RecordFields.valueIfAny(&cursor) != nil
        } else {
            try cursor.skipValue()
        }
    }

    /// The string that comes next; nil for `null`.
    @inline(__always)
    private static func stringIfAny(_ cursor: inout JSONCursor) throws(JSONError) -> JSONString? {
        do throws(JSONError) {
            return try cursor.string()
        } catch {
            guard error.code == .typeMismatch, try cursor.peek() == .null else { throw error }
            try cursor.null()
            return nil
        }
    }

    /// The value that comes next; nil for `null`, `""`, `[]` and `{}`. They say nothing: some servers
    /// send every field in every record.
    private static func valueIfAny(_ cursor: inout JSONCursor) throws(JSONError) -> ByteRange? {
        let type = try cursor.peek()
        let value = try cursor.skipValue()
        return type == .null || type != .number && value.count == 2 ? nil : value
    }
}
