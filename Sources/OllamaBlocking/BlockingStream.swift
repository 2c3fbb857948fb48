public import OllamaProtocol
public import WireBlocking
public import WireBytes
public import WireExchange

/// The records of a chat or a generation as they come; of a request with `stream: false`, the one
/// record that is the whole answer.
///
/// It owns its connection: dropped before its end it closes that before the next statement runs, and
/// the server stops generating. Leave a `while let` loop by `break`, `return` or a throw; at the top
/// level of a script, inside a `do` block.
///
/// The answer is complete with the terminal record (`isDone`): leaving there is no failure. `next`
/// once more, until it has returned nil, keeps the connection for the next request. An end without
/// the terminal record, an `error` record and a malformed one are thrown, each with the text that
/// came before.
public struct BlockingStream: ~Copyable {
    private var response: BlockingResponse
    private(set) var answer: AnswerReader
    /// Where the record read last lies; of events, the response knows.
    private var line = BlockingStream.nothing
    private var isOver = false
    private let replyLimit: ByteLimit

    private static let nothing = ByteRange(start: 0, count: 0)

    /// Reads the records of a response that was asked for by other means.
    ///
    /// - Parameters:
    ///   - response: with a status of success; its body is what `dialect` has for a chat or a generation.
    ///   - streams: whether a stream was asked for.
    ///   - partialTextLimit: how much text an error keeps of the stream that it ended.
    ///   - replyLimit: how large an answer may become that is collected.
    ///   - guards: what stops an answer that runs away; the time is up to the request's deadlines.
    public init(
        reading response: consuming BlockingResponse, in dialect: Dialect = .native,
        streams: Bool = true, partialTextLimit: ByteLimit = .mebibytes(1),
        replyLimit: ByteLimit = OllamaOptions().replyLimit, guards: OutputGuard? = nil
    ) {
        self.init(
            reading: response, in: dialect, streams: streams, partialTextLimit: partialTextLimit,
            replyLimit: replyLimit, of: .answer, guards: guards)
    }

    init(
        reading response: consuming BlockingResponse, in dialect: Dialect = .native,
        streams: Bool = true, partialTextLimit: ByteLimit,
        replyLimit: ByteLimit = OllamaOptions().replyLimit, of subject: AnswerReader.Subject,
        guards: OutputGuard? = nil
    ) {
        self.replyLimit = replyLimit
        answer = AnswerReader(
            status: response.status, partialTextLimit: partialTextLimit, of: subject,
            dialect: dialect,
            form: AnswerForm(dialect, head: response.head, streams: streams), guards: guards)
        self.response = response
    }

    /// One record, borrowed from the stream until its next call.
    public typealias Record = AnswerRecord

    /// The next record, or nil behind the last.
    @_lifetime(&self)
    public mutating func next() throws(StreamError) -> Record? {
        guard try advance() else { return nil }
        let isEvent = isEvent
        return answer.record(in: response[record: line, isEvent: isEvent])
    }

    /// The next piece of text that is not empty, or nil behind the last. Thinking and tool calls are
    /// passed over: use `next` or `collect` for them.
    public mutating func nextText() throws(StreamError) -> String? {
        while try advance() {
            if answer.hasText {
                return String(
                    decoding: answer.content(in: response[record: line, isEvent: isEvent]))
            }
        }
        return nil
    }

    /// The whole answer. Once its terminal record has come, it is given although the connection fails
    /// behind that.
    public consuming func collect() throws(StreamError) -> Reply {
        var collector = ReplyCollector(limit: replyLimit)
        do throws(StreamError) {
            while try advance() {
                let (isEvent, offset) = (isEvent, offset)
                try collector.add(
                    response[record: line, isEvent: isEvent], at: offset, of: &answer,
                    progress: response.progress)
            }
        } catch { return try collector.reply(of: answer, endedBy: error) }
        return try collector.reply(of: answer)
    }

    /// Closes the connection now; the server stops generating. Dropping the stream does the same.
    public mutating func cancel() { response.cancel() }

    /// What the terminal record says; nil before it.
    public var summary: Summary? { answer.summary }
    /// The connection had carried an exchange before.
    public var isReusedConnection: Bool { response.isReusedConnection }
    /// When what of the exchange happened; what has not happened yet is nil.
    public var timings: ExchangeTimings { response.timings }
    /// How far the exchange has come.
    public var progress: Progress { response.progress }

    /// Reads the next record that is not blank; false behind the last.
    @inline(__always)
    mutating func advance() throws(StreamError) -> Bool {
        if answer.takesExpected, let range = response.nextRecordAtHand(knownTo: &answer) {
            line = range
            answer.takeExpected(response[range])
            if answer.hasContent { response.noteContent() }
            return true
        }
        return try advanceByLine()
    }

    private mutating func advanceByLine() throws(StreamError) -> Bool {
        do throws(StreamError) {
            try answer.checkFailure()
            while !isOver {
                guard try readBytes() else { return try end() }
                if try readRecord() { return true }
            }
            return false
        } catch {
            response.cancel()
            throw error
        }
    }

    /// - Returns: false at the body's end.
    private mutating func readBytes() throws(StreamError) -> Bool {
        do throws(TransportError) {
            switch answer.form {
            case .line: return take(try response.nextLineRange())
            case .event: return try readEvent()
            case .document: return take(try response.nextWholeRange())
            }
        } catch {
            if answer.isOver(despite: error) { return false }
            throw answer.failure(of: error)
        }
    }

    private mutating func take(_ range: ByteRange?) -> Bool {
        line = range ?? BlockingStream.nothing
        return range != nil
    }

    private mutating func readEvent() throws(TransportError) -> Bool {
        while try response.advanceToEvent() {
            if answer.takes(event: response.eventType) { return true }
        }
        return false
    }

    private mutating func readRecord() throws(StreamError) -> Bool {
        let (isEvent, offset) = (isEvent, offset)
        let kind = answer.read(response[record: line, isEvent: isEvent])
        if kind == .record, answer.isDone { answer.note(response.timings) }
        if answer.hasContent { response.noteContent() }
        if answer.isComplete { response.noteAnswerIsWhole() }
        if kind == .refused {
            throw answer.failure(in: response[record: line, isEvent: isEvent], at: offset)
        }
        return kind == .record
    }

    private mutating func end() throws(StreamError) -> Bool {
        isOver = true
        line = BlockingStream.nothing
        guard try answer.end() else { return false }
        answer.note(response.timings)
        return true
    }

    private var isEvent: Bool { !isOver && answer.form == .event }

    /// Where it starts in the body.
    private var offset: Int {
        switch answer.form {
        case .line: response.lineOffset
        case .event: response.eventOffset
        case .document: 0
        }
    }
}
