public import WireBytes
public import WireJSON

/// One record of an answer, borrowed from its stream until that is read on.
public struct AnswerRecord: ~Escapable {
    /// A piece of the answer's text, UTF-8; may be empty.
    public let content: Span<UInt8>
    /// A piece of the reasoning, UTF-8; may be empty.
    public let thinking: Span<UInt8>
    /// The record as it came, without its line end: of an event, its data; of the end of a `/v1` answer,
    /// `[DONE]`.
    public let json: Span<UInt8>
    /// The terminal record.
    public let isDone: Bool
    @usableFromInline let toolCallRange: ByteRange?
    /// The reader's own, so that no record counts a reference.
    @usableFromInline let assembled: Span<ToolCall>
    @usableFromInline let logprobRange: ByteRange?

    @inlinable
    @_lifetime(copy content, copy thinking, copy json, copy assembled)
    init(
        content: Span<UInt8>, thinking: Span<UInt8>, json: Span<UInt8>, isDone: Bool,
        toolCalls: ByteRange?, assembled: Span<ToolCall>, logprobs: ByteRange?
    ) {
        self.content = content
        self.thinking = thinking
        self.json = json
        self.isDone = isDone
        toolCallRange = toolCalls
        self.assembled = assembled
        logprobRange = logprobs
    }

    /// `content` as a string: one allocation, none up to 15 bytes.
    public var text: String { String(decoding: content) }
    /// The record's thinking as a string; empty when it has none.
    public var thinkingText: String { String(decoding: thinking) }

    /// Whether `toolCalls()` will give any.
    public var hasToolCalls: Bool { toolCallRange != nil || !assembled.isEmpty }

    /// The record's tool calls, each whole. In `/v1`, where a call may come in pieces, the record that
    /// ends the text has them.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public func toolCalls() throws(JSONError) -> [ToolCall] {
        guard let range = toolCallRange else { return assembled.indices.map { assembled[$0] } }
        return try ToolCall.all(in: json.extracting(range.start..<range.end))
    }

    /// How likely the record's tokens were; none unless that was asked for. A record may have some
    /// although its text is empty: the server holds text back at times.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public func logprobs() throws(JSONError) -> [TokenLogprob] {
        guard let range = logprobRange else { return [] }
        return try TokenLogprob.all(in: json.extracting(range.start..<range.end))
    }

    /// Any field of the record, such as `created_at` or one that is unknown here; nil without it.
    public subscript(field name: String) -> JSONValue? {
        // The record has been checked: it cannot fail.
        (try? JSONValue(member: name, of: json)) ?? nil
    }
}
