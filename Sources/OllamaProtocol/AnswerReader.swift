public import WireBytes
public import WireExchange
public import WireJSON
internal import WireTime

/// Reads the records of a chat or a generation, whoever brings the lines: a pure machine.
///
///     event                            what it comes to
///     read(line): .blank               the next line
///     read(line): .record              a record, described by the properties
///     read(line): .refused             failure(in: line, at: offset), thrown
///     the body ends                    end(): nothing when the answer is complete, else it throws
///     the transport fails              failure(of: error), thrown
///
/// The first failure is final: every later call gives the same one. Whoever drives it closes the
/// connection then.
///
/// The answer is complete with its terminal record (`isComplete`), whatever becomes of the connection
/// behind it. Reading on to the end is for the connection, which is kept then, and is strict: a
/// failure there is told.
///
/// `content`, `thinking` and the rest describe the record that was read last, and want the same line
/// again: nothing of it is copied but strings with escapes.
public struct AnswerReader: ~Copyable {
    public enum LineKind: Sendable { case record, blank, refused }

    /// A decoded string: a part of the line, or of `unescaped`.
    @usableFromInline
    struct Piece {
        @usableFromInline var range = ByteRange(start: 0, count: 0)
        @usableFromInline var isInPlace = true
    }

    private let status: Int
    private let partialTextLimit: ByteLimit
    private var partialText = ScratchBuffer()
    private var keepsPartialText = true
    @usableFromInline var reader = RecordReader()
    @usableFromInline var contentPiece = Piece()
    @usableFromInline var thinkingPiece = Piece()
    /// Content and thinking that had to be unescaped, one behind the other.
    @usableFromInline var unescaped = ScratchBuffer()
    @usableFromInline var failure: StreamError?
    @usableFromInline var hasFailed = false
    /// Of the line that was refused.
    private var malformation: JSONError?

    /// Records so far; blank lines are none.
    public private(set) var recordCount = 0
    /// Whether the line read last carries anything: only that keeps the `contentIdle` deadline off.
    /// Also told of an `error` record, which is thrown.
    public private(set) var hasContent = false
    /// What the terminal record says; nil before it.
    public private(set) var summary: Summary?

    /// - Parameters:
    ///   - status: the response's, for what the server says of a failure inside the stream.
    ///   - partialTextLimit: how much text an error keeps of the answer that it ended.
    public init(status: Int, partialTextLimit: ByteLimit) {
        self.status = status
        self.partialTextLimit = partialTextLimit
    }

    // MARK: Events

    /// Reads a line, without its line end.
    public mutating func read(_ line: Span<UInt8>) -> LineKind {
        hasContent = false
        if hasFailed { return .refused }
        if AnswerReader.isBlank(line) { return .blank }
        do throws(JSONError) {
            try reader.read(line)
            if unescaped.count > 0 { unescaped.removeAll() }
            contentPiece = piece(reader.fields.content, line)
            thinkingPiece = piece(reader.fields.thinking, line)
            if reader.fields.isDone { summary = try TerminalRecord(line).summary }
        } catch {
            malformation = error
            return .refused
        }
        recordCount += 1
        hasContent = reader.fields.hasContent
        if reader.fields.error != nil { return .refused }
        if hasText, keepsPartialText { keepPartialText(line) }
        return .record
    }

    /// Why `read` has refused a line: `malformed`, or `server` for an `error` record.
    ///
    /// - Parameter offset: where the line starts in the body.
    public mutating func failure(in line: Span<UInt8>, at offset: Int) -> StreamError {
        // Ranges of an earlier line mean nothing in this one.
        if let failure { return failure }
        if let malformation { return refuse(line, at: offset, malformation) }
        return fail(serverError(line))
    }

    /// The body has ended as its framing says.
    ///
    /// - Throws: `incomplete` when the terminal record has not come.
    public mutating func end() throws(StreamError) {
        if hasFailed { throw failure! }
        if isComplete { return }
        throw fail(
            .incomplete(
                .init(transport: nil, recordCount: recordCount, partialText: partial)))
    }

    /// The transport failed while a line or the end was waited for.
    public mutating func failure(of error: TransportError) -> StreamError {
        if let failure { return failure }
        return fail(
            StreamError(error, inStream: true, recordCount: recordCount, partialText: partial))
    }

    /// The answer fails before there is anything to read.
    ///
    /// - Returns: the error, to be thrown.
    public mutating func begin(failing error: StreamError) -> StreamError { fail(error) }

    /// Refuses the record read last for what only its reader looks at, such as tool calls.
    public mutating func refuse(
        _ line: Span<UInt8>, at offset: Int, _ error: JSONError
    ) -> StreamError {
        fail(
            .malformed(
                .init(
                    error: error, offset: offset,
                    excerpt: String(decoding: line.extracting(first: 256)), partialText: partial)))
    }

    /// Puts the time to the first token into the summary, once that has come.
    public mutating func note(_ timings: ExchangeTimings) {
        summary?.timeToFirstToken = timings.firstContent.map {
            .nanoseconds($0.since(timings.start).nanoseconds)
        }
    }

    /// Throws the error that ended the answer, if one has.
    @inlinable @inline(__always)
    public func checkFailure() throws(StreamError) {
        if hasFailed { throw failure! }
    }

    // MARK: The record read last

    /// The terminal record has come: `summary` and the text so far are the whole answer.
    @inlinable public var isComplete: Bool { summary != nil }

    /// This is the terminal record.
    @inlinable public var isDone: Bool { reader.fields.isDone }

    /// Where the record's tool calls lie in its line: a JSON array.
    @inlinable public var toolCalls: ByteRange? { reader.fields.toolCalls }

    /// The record's text is not empty.
    @inlinable public var hasText: Bool { contentPiece.range.count > 0 }

    /// The record's reasoning is not empty.
    @inlinable public var hasThinking: Bool { thinkingPiece.range.count > 0 }

    /// A piece of the answer's text, UTF-8; may be empty.
    ///
    /// - Parameter line: the one that was read last.
    @inlinable @inline(__always)
    @_lifetime(borrow self, copy line)
    public func content(in line: Span<UInt8>) -> Span<UInt8> {
        if contentPiece.isInPlace {
            return line.extracting(contentPiece.range.start..<contentPiece.range.end)
        }
        return unescaped[contentPiece.range]
    }

    /// A piece of the reasoning, UTF-8; may be empty.
    ///
    /// - Parameter line: the one that was read last.
    @inlinable @inline(__always)
    @_lifetime(borrow self, copy line)
    public func thinking(in line: Span<UInt8>) -> Span<UInt8> {
        if thinkingPiece.isInPlace {
            return line.extracting(thinkingPiece.range.start..<thinkingPiece.range.end)
        }
        return unescaped[thinkingPiece.range]
    }

    /// All that the record says.
    ///
    /// - Parameter line: the one that was read last.
    @inlinable @inline(__always)
    @_lifetime(&self, copy line)
    public mutating func record(in line: Span<UInt8>) -> AnswerRecord {
        AnswerRecord(
            content: content(in: line), thinking: thinking(in: line), json: line, isDone: isDone,
            toolCalls: toolCalls)
    }

    // MARK: Strings

    private static func isBlank(_ line: Span<UInt8>) -> Bool {
        line.isEmpty || line[0] != UInt8(ascii: "{") && ASCII.trimmed(line).isEmpty
    }

    @inline(__always)
    private mutating func piece(_ string: JSONString?, _ line: Span<UInt8>) -> Piece {
        guard let string else { return Piece() }
        if !string.hasEscapes { return Piece(range: string.range) }
        let before = unescaped.count
        // Safe to ask a fresh cursor: the string was checked by another one over the same text.
        JSONCursor(line).unescape(string, into: &unescaped)
        let range = ByteRange(start: before, count: unescaped.count - before)
        return Piece(range: range, isInPlace: false)
    }

    private mutating func keepPartialText(_ line: Span<UInt8>) {
        let range = contentPiece.range
        // From the first piece on that does not fit, nothing: a text with a hole would mislead.
        keepsPartialText = range.count <= partialTextLimit.bytes - partialText.count
        guard keepsPartialText else { return }
        if contentPiece.isInPlace {
            partialText.append(line.extracting(range.start..<range.end))
        } else {
            partialText.append(range, of: unescaped)
        }
    }

    // MARK: Failures

    private var partial: String { String(decoding: partialText.bytes) }

    private func serverError(_ line: Span<UInt8>) -> StreamError {
        .server(
            .init(
                status: status, message: reader.fields.errorMessage(in: line) ?? "",
                isInsideStream: true, partialText: partial))
    }

    private mutating func fail(_ error: StreamError) -> StreamError {
        if let failure { return failure }
        failure = error
        hasFailed = true
        return error
    }
}
