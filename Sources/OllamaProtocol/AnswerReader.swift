public import WireBytes
public import WireExchange
public import WireJSON
internal import WireTime

/// Reads the records of a stream, in either dialect and whoever brings them: a pure machine.
///
///     event                            what it comes to
///     read(record): .blank             the next record
///     read(record): .record            a record, described by the properties
///     read(record): .refused           failure(in: record, at: offset), thrown
///     the body ends: end()             true: one more record, empty and terminal (see below);
///                                      false: the answer is complete; else it throws
///     the transport fails              failure(of: error), thrown
///
/// The first failure is final: every later call gives the same one. Whoever drives it closes the
/// connection then.
///
/// The answer is complete with its terminal record (`isComplete`), whatever becomes of the connection
/// behind it. Reading on to the end is for the connection, which is kept then, and is strict: a
/// failure there is told, but one: whoever waits for the end no longer than `bodyEnd` (`isOver`). In `/v1` the terminal record is `[DONE]`; of a server that does not send it, a
/// `finish_reason` and an end that the framing calls one are as good, and the summary says so.
///
/// `content`, `thinking` and the rest describe the record that was read last, and want the same bytes
/// again: nothing of it is copied but strings with escapes.
public struct AnswerReader: ~Copyable {
    /// What a line was: a record to look at, nothing, or what ended the answer.
    public enum LineKind: Sendable { case record, blank, refused }

    /// What the records tell of, and which of them is the terminal one.
    public enum Subject: Sendable {
        /// `/api/chat`, `/api/generate`: the one with `done`.
        case answer
        /// `/api/pull`, `/api/push`, `/api/create`: the one with the status `success`.
        case progress
    }

    /// A decoded string: a part of the record, or of `unescaped`.
    @usableFromInline
    struct Piece {
        @usableFromInline var range = ByteRange(start: 0, count: 0)
        @usableFromInline var isInPlace = true
    }

    /// Whose records it reads.
    public let dialect: Dialect
    /// Of records that carry nothing besides text none is looked at more closely: such a one may be read by
    /// `readExpected`.
    public let takesExpected: Bool
    /// Lines, events or one document.
    public let form: AnswerForm
    private let status: Int
    private let subject: Subject
    private let partialTextLimit: ByteLimit
    private var partialText = ScratchBuffer()
    private var keepsPartialText = true
    private var outputGuard: OutputGuard?
    @usableFromInline var reader: RecordReader
    @usableFromInline var contentPiece = Piece()
    @usableFromInline var thinkingPiece = Piece()
    /// Content and thinking that had to be unescaped, one behind the other.
    @usableFromInline var unescaped = ScratchBuffer()
    @usableFromInline var failure: StreamError?
    @usableFromInline var hasFailed = false
    /// Of the record that was refused.
    private var malformation: JSONError?
    /// `/v1`: what has come of calls, and of the summary.
    var assembler = ToolCallAssembler()
    var unfinished = Summary()
    var hasFinished = false

    /// Records so far; blank lines are none.
    public private(set) var recordCount = 0
    /// Whether the record read last carries anything: only that keeps the `contentIdle` deadline off.
    /// Also told of an `error` record, which is thrown.
    public private(set) var hasContent = false
    /// What the terminal record says; nil before it.
    public internal(set) var summary: Summary?
    /// This is the terminal record.
    public internal(set) var isDone = false
    /// `/v1`: the calls that are complete with this record.
    public internal(set) var assembledCalls: [ToolCall] = []

    /// The record read last, of a stream of progress.
    public private(set) var progress: ModelProgress?
    /// Nothing of the record is in `reader`: it says that the answer is over, and no more.
    var isBare = false

    /// - Parameters:
    ///   - status: the response's, for what the server says of a failure inside the stream.
    ///   - partialTextLimit: how much text an error keeps of the answer that it ended.
    ///   - subject: what the records tell of.
    ///   - form: how the records lie in the body.
    ///   - guards: what stops the answer.
    public init(
        status: Int, partialTextLimit: ByteLimit, of subject: Subject = .answer,
        dialect: Dialect = .native, form: AnswerForm = .line, guards: OutputGuard? = nil
    ) {
        self.status = status
        self.subject = subject
        self.partialTextLimit = partialTextLimit
        self.dialect = dialect
        self.form = form
        outputGuard = guards
        takesExpected = form != .document && subject == .answer && guards == nil
        reader = RecordReader(dialect)
    }

    // MARK: Events

    /// Reads a record: a line without its end, an event's data, or a whole body.
    public mutating func read(_ line: Span<UInt8>) -> LineKind {
        hasContent = false
        isDone = false
        isBare = false
        if hasFailed { return .refused }
        if AnswerReader.isBlank(line) { return .blank }
        if form == .event, isTerminator(line) { return terminate() }
        do throws(JSONError) {
            try reader.read(line)
            if !assembledCalls.isEmpty { assembledCalls = [] }
            if subject == .progress {
                try readProgress(line)
            } else if !reader.isPlain || form == .document {
                try readMore(line)
            }
        } catch {
            malformation = error
            return .refused
        }
        take(line)
        if reader.error != nil { return .refused }
        return outputGuard != nil && isStopped(by: line) ? .refused : .record
    }

    /// The line, or an event's data, is the record that `readExpected` has read.
    package mutating func takeExpected(_ line: Span<UInt8>) {
        isDone = false
        isBare = false
        if !assembledCalls.isEmpty { assembledCalls = [] }
        take(line)
    }

    @inline(__always)
    private mutating func take(_ line: Span<UInt8>) {
        if unescaped.count > 0 { unescaped.removeAll() }
        contentPiece = piece(reader.content, line)
        thinkingPiece = piece(reader.thinking, line)
        recordCount += 1
        hasContent =
            hasText || hasThinking || reader.hasMoreThanText || subject == .progress
        if hasText, keepsPartialText, reader.error == nil { keepPartialText(line) }
    }

    /// Whether an event of this type is a record. Others, such as pings, say nothing of the answer.
    public func takes(event type: Span<UInt8>) -> Bool {
        type.isEmpty || ASCII.equals(type, "message") || ASCII.equals(type, "error")
    }

    private mutating func readProgress(_ line: Span<UInt8>) throws(JSONError) {
        let record = try ModelProgress(line)
        progress = record
        guard record.isSuccess else { return }
        var summary = Summary()
        summary.reason = record.status
        self.summary = summary
    }

    /// Why `read` has refused a record: `malformed`, `stopped`, or `server` for an `error` record.
    ///
    /// - Parameter offset: where the record starts in the body.
    public mutating func failure(in line: Span<UInt8>, at offset: Int) -> StreamError {
        // Ranges of an earlier record mean nothing in this one.
        if let failure { return failure }
        if let malformation { return refuse(line, at: offset, malformation) }
        return fail(serverError(line))
    }

    /// The body has ended as its framing says.
    ///
    /// - Returns: true when that makes one more record, with nothing in it but the answer's end.
    /// - Throws: `incomplete` when the terminal record has not come.
    @discardableResult
    public mutating func end() throws(StreamError) -> Bool {
        if hasFailed { throw failure! }
        if isComplete { return false }
        if hasFinished {
            // All calls are complete with the reason: nothing is left that could be refused.
            unfinished.endedWithoutTerminator = true
            return terminate() == .record
        }
        throw fail(
            .incomplete(
                .init(transport: nil, recordCount: recordCount, partialText: partial)))
    }

    /// The transport failed while a record or the end was waited for.
    public mutating func failure(of error: TransportError) -> StreamError {
        if let failure { return failure }
        let failure = StreamError(
            error, inStream: true, recordCount: recordCount, partialText: partial)
        return fail(outputGuard.applied(to: failure))
    }

    /// The answer fails before there is anything to read.
    ///
    /// - Returns: the error, to be thrown.
    public mutating func begin(failing error: StreamError) -> StreamError { fail(error) }

    /// The transport failed before the response's head had come.
    public mutating func begin(failing error: TransportError) -> StreamError {
        fail(outputGuard.applied(to: StreamError(error)))
    }

    /// Refuses the record read last for what only its reader looks at, such as tool calls.
    public mutating func refuse(
        _ line: Span<UInt8>, at offset: Int, _ error: JSONError
    ) -> StreamError {
        let refused = assembler.refused
        let excerpt =
            refused.isEmpty
            ? String(decoding: line.extracting(first: 256))
            : String(decoding: refused.span.extracting(first: 256))
        return fail(
            .malformed(
                .init(error: error, offset: offset, excerpt: excerpt, partialText: partial)))
    }

    /// Counts a record that was read otherwise.
    mutating func countRecord() -> LineKind {
        recordCount += 1
        hasContent = true
        return .record
    }

    mutating func refuseLater(_ error: JSONError) -> LineKind {
        malformation = error
        return .refused
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

    /// The terminal record had come, and the failure is only the connection's.
    public func isWhole(despite failure: StreamError) -> Bool {
        isComplete && !failure.concernsAnswer
    }

    /// The end of the body behind the terminal record did not come in time: the answer ends well, and
    /// only the connection, closed by now, is lost.
    public func isOver(despite failure: TransportError) -> Bool {
        if case .timeout(.bodyEnd, _, _) = failure { isComplete } else { false }
    }

    // MARK: The record read last

    /// The terminal record has come: `summary` and the text so far are the whole answer.
    @inlinable public var isComplete: Bool { summary != nil }

    /// Where the record's tool calls lie in it: a JSON array. Nil in `/v1`: see `assembledCalls`.
    public var toolCalls: ByteRange? { dialect == .native ? reader.toolCalls : nil }

    /// The record has tool calls, or completes some.
    public var hasToolCalls: Bool { toolCalls != nil || !assembledCalls.isEmpty }

    /// The record's tool calls, each whole.
    ///
    /// - Parameter line: the record that was read last.
    /// - Throws: `JSONError` when they are not of the documented form.
    public func calls(in line: Span<UInt8>) throws(JSONError) -> [ToolCall] {
        guard let range = toolCalls else { return assembledCalls }
        return try ToolCall.all(in: line.extracting(range.start..<range.end))
    }
    /// Where the record says how likely its tokens were.
    public var logprobs: ByteRange? { isBare ? nil : reader.logprobs }

    /// The record's text is not empty.
    @inlinable public var hasText: Bool { contentPiece.range.count > 0 }

    /// The record's reasoning is not empty.
    @inlinable public var hasThinking: Bool { thinkingPiece.range.count > 0 }

    /// A piece of the answer's text, UTF-8; may be empty.
    ///
    /// - Parameter line: the record that was read last.
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
    /// - Parameter line: the record that was read last.
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
    /// - Parameter line: the record that was read last.
    @inlinable @inline(__always)
    @_lifetime(&self, copy line)
    public mutating func record(in line: Span<UInt8>) -> AnswerRecord {
        AnswerRecord(
            content: content(in: line), thinking: thinking(in: line), json: line, isDone: isDone,
            toolCalls: toolCalls, assembled: assembledCalls.span, logprobs: logprobs)
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

    @inline(__always)
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
                status: status, message: reader.errorMessage(in: line) ?? "",
                isInsideStream: true, partialText: partial))
    }

    private mutating func fail(_ error: StreamError) -> StreamError {
        if let failure { return failure }
        failure = error
        hasFailed = true
        return error
    }

    private mutating func isStopped(by line: Span<UInt8>) -> Bool {
        guard var outputGuard else { return false }
        // Taken out meanwhile, so that it is not copied.
        self.outputGuard = nil
        var verdict = outputGuard.feed(thinking(in: line), thinking: true)
        if verdict == .goOn { verdict = outputGuard.feed(content(in: line)) }
        self.outputGuard = outputGuard
        if verdict == .goOn { return false }
        _ = fail(.stopped(.init(verdict: verdict, partialText: partial)))
        return true
    }
}

extension StreamError {
    /// Says something of the answer itself, or is its caller's wish; no mere trouble of the connection.
    fileprivate var concernsAnswer: Bool {
        switch self {
        case .incomplete, .timeout, .transport, .connect: false
        case .request, .server, .malformed, .stopped, .cancelled: true
        }
    }
}

extension AnswerReader: RecordReading {
    @inlinable @inline(__always)
    public mutating func readExpected(
        startOf content: Span<UInt8>, _ run: inout RecordRun
    ) -> Int {
        hasFailed ? 0 : reader.readExpected(startOf: content, &run)
    }

    /// The same where no other record follows at once.
    @inlinable @inline(__always)
    public mutating func readExpectedAlone(startOf content: Span<UInt8>) -> Int {
        hasFailed ? 0 : reader.readExpectedAlone(startOf: content)
    }
}
