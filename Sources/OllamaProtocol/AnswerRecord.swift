public import WireBytes
public import WireJSON

/// One record of an answer, borrowed from its stream until that is read on.
public struct AnswerRecord: ~Escapable {
    /// A piece of the answer's text, UTF-8; may be empty.
    public let content: Span<UInt8>
    /// A piece of the reasoning, UTF-8; may be empty.
    public let thinking: Span<UInt8>
    /// The record as it came, without its line end.
    public let json: Span<UInt8>
    /// The terminal record.
    public let isDone: Bool
    @usableFromInline let toolCallRange: ByteRange?

    @inlinable
    @_lifetime(copy content, copy thinking, copy json)
    init(
        content: Span<UInt8>, thinking: Span<UInt8>, json: Span<UInt8>, isDone: Bool,
        toolCalls: ByteRange?
    ) {
        self.content = content
        self.thinking = thinking
        self.json = json
        self.isDone = isDone
        toolCallRange = toolCalls
    }

    /// `content` as a string: one allocation, none up to 15 bytes.
    public var text: String { String(decoding: content) }
    public var thinkingText: String { String(decoding: thinking) }

    public var hasToolCalls: Bool { toolCallRange != nil }

    /// The record's tool calls: each comes whole, in one record.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public func toolCalls() throws(JSONError) -> [ToolCall] {
        guard let range = toolCallRange else { return [] }
        return try ToolCall.all(in: json.extracting(range.start..<range.end))
    }
}
