public import OllamaProtocol
public import WireBlocking
public import WireBytes
public import WireExchange
public import WireJSON
internal import WireTime

/// The records of a chat or a generation as they come; of a request with `stream: false`, the one
/// record that is the whole answer.
///
/// It owns its connection: dropped before its end it closes that before the next statement runs, and
/// the server stops generating. Leave a `while let` loop by `break`, `return` or a throw; at the top
/// level of a script, inside a `do` block.
///
/// The stream is complete when `next` has returned nil. An end without the terminal record, an
/// `error` record and a malformed one are thrown, each with the text that came before.
public struct BlockingStream: ~Copyable {
    private var response: BlockingResponse
    private let partialTextLimit: ByteLimit
    private var partialText = ScratchBuffer()
    private var keepsPartialText = true
    /// Content and thinking that had to be unescaped, one behind the other.
    private var unescaped = ScratchBuffer()
    private var line = ByteRange(start: 0, count: 0)
    private var reader = RecordReader()
    private var content = Piece()
    private var thinking = Piece()
    private var recordCount = 0
    private var failure: StreamError?
    private var hasFailed = false
    /// What the terminal record says; nil before it.
    public private(set) var summary: Summary?

    /// A decoded string: in the receive buffer, or in `unescaped`.
    private struct Piece {
        var range = ByteRange(start: 0, count: 0)
        var isInPlace = true
    }

    /// Reads the records of a response that was asked for by other means.
    ///
    /// - Parameters:
    ///   - response: with a status of success; its body are lines of `/api/chat` or `/api/generate`.
    ///   - partialTextLimit: how much text an error keeps of the stream that it ended.
    public init(
        reading response: consuming BlockingResponse,
        partialTextLimit: ByteLimit = .mebibytes(1)
    ) {
        self.response = response
        self.partialTextLimit = partialTextLimit
    }

    /// One record, borrowed from the stream until its next call.
    public struct Record: ~Escapable {
        /// A piece of the answer's text, UTF-8; may be empty.
        public let content: Span<UInt8>
        /// A piece of the reasoning, UTF-8; may be empty.
        public let thinking: Span<UInt8>
        /// The record as it came, without its line end.
        public let json: Span<UInt8>
        /// The terminal record.
        public let isDone: Bool
        private let toolCallRange: ByteRange?

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

    /// The next record, or nil when the stream is complete.
    @_lifetime(&self)
    public mutating func next() throws(StreamError) -> Record? {
        guard try advance() else { return nil }
        return Record(
            content: contentBytes, thinking: thinkingBytes, json: response[line],
            isDone: fields.isDone, toolCalls: fields.toolCalls)
    }

    /// The next piece of text that is not empty, or nil when the stream is complete. Thinking and
    /// tool calls are passed over: use `next` or `collect` for them.
    public mutating func nextText() throws(StreamError) -> String? {
        while try advance() {
            if content.range.count > 0 { return String(decoding: contentBytes) }
        }
        return nil
    }

    /// The whole answer.
    public consuming func collect() throws(StreamError) -> Reply {
        var reply = Reply()
        var text = ScratchBuffer()
        var thinking = ScratchBuffer()
        while try advance() {
            text.append(contentBytes)
            thinking.append(thinkingBytes)
            do throws(JSONError) {
                if let calls = fields.toolCalls {
                    let range = ByteRange(start: line.start + calls.start, count: calls.count)
                    reply.toolCalls += try ToolCall.all(in: response[range])
                }
                if fields.isDone { reply.context = try TerminalRecord(response[line]).context }
            } catch { throw fail(malformed(error)) }
        }
        reply.text = String(decoding: text.bytes)
        reply.thinking = String(decoding: thinking.bytes)
        reply.summary = summary ?? Summary()
        return reply
    }

    /// Closes the connection now; the server stops generating. Dropping the stream does the same.
    public mutating func cancel() { response.cancel() }

    /// The connection had carried an exchange before.
    public var isReusedConnection: Bool { response.isReusedConnection }
    public var timings: ExchangeTimings { response.timings }

    // MARK: One record

    /// Reads and decodes the next record that is not blank; false when the stream is complete.
    private mutating func advance() throws(StreamError) -> Bool {
        if hasFailed { throw failure! }
        repeat {
            guard try readLine() else {
                if summary != nil { return false }
                let end = StreamError.Incomplete(
                    transport: nil, recordCount: recordCount, partialText: partial)
                throw fail(.incomplete(end))
            }
        } while isBlank
        try decode()
        recordCount += 1
        if fields.hasContent { response.noteContent() }
        if fields.error != nil { throw fail(serverError) }
        keepPartialText()
        return true
    }

    private mutating func readLine() throws(StreamError) -> Bool {
        do throws(TransportError) {
            guard let range = try response.nextLineRange() else { return false }
            line = range
            return true
        } catch {
            throw fail(
                StreamError(
                    error, inStream: true, recordCount: recordCount, partialText: partial))
        }
    }

    private var isBlank: Bool {
        if line.isEmpty { return true }
        let bytes = response[line]
        return bytes[0] != UInt8(ascii: "{") && ASCII.trimmed(bytes).isEmpty
    }

    private mutating func decode() throws(StreamError) {
        do throws(JSONError) {
            try reader.read(response[line])
            if unescaped.count > 0 { unescaped.removeAll() }
            content = piece(fields.content)
            thinking = piece(fields.thinking)
            if fields.isDone { summary = try TerminalRecord(response[line]).summary }
        } catch { throw fail(malformed(error)) }
        if fields.isDone { noteTimeToFirstToken() }
    }

    private var fields: RecordFields { reader.fields }

    @inline(__always)
    private mutating func piece(_ string: JSONString?) -> Piece {
        guard let string else { return Piece() }
        if !string.hasEscapes {
            let start = line.start + string.range.start
            return Piece(range: ByteRange(start: start, count: string.range.count))
        }
        let before = unescaped.count
        // Safe to ask a fresh cursor: the string was checked by another one over the same text.
        JSONCursor(response[line]).unescape(string, into: &unescaped)
        let range = ByteRange(start: before, count: unescaped.count - before)
        return Piece(range: range, isInPlace: false)
    }

    private mutating func noteTimeToFirstToken() {
        let timings = response.timings
        summary?.timeToFirstToken = timings.firstContent.map {
            .nanoseconds($0.since(timings.start).nanoseconds)
        }
    }

    private var contentBytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            if content.isInPlace { return response[content.range] }
            return unescaped[content.range]
        }
    }

    private var thinkingBytes: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            if thinking.isInPlace { return response[thinking.range] }
            return unescaped[thinking.range]
        }
    }

    // MARK: Failures

    private mutating func keepPartialText() {
        guard content.range.count > 0, keepsPartialText else { return }
        // From the first piece on that does not fit, nothing: a text with a hole would mislead.
        keepsPartialText = content.range.count <= partialTextLimit.bytes - partialText.count
        guard keepsPartialText else { return }
        if content.isInPlace {
            partialText.append(response[content.range])
        } else {
            partialText.append(content.range, of: unescaped)
        }
    }

    private var partial: String { String(decoding: partialText.bytes) }

    private var serverError: StreamError {
        .server(
            .init(
                status: response.status, message: fields.errorMessage(in: response[line]) ?? "",
                isInsideStream: true, partialText: partial))
    }

    private func malformed(_ error: JSONError) -> StreamError {
        let bytes = response[line]
        return .malformed(
            .init(
                error: error, offset: response.lineOffset,
                excerpt: String(decoding: bytes.extracting(first: 256)), partialText: partial))
    }

    /// The stream is over: its connection closes, and every later call throws the same.
    private mutating func fail(_ error: StreamError) -> StreamError {
        response.cancel()
        failure = error
        hasFailed = true
        return error
    }
}
