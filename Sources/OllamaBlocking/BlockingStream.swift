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
    private var answer: AnswerReader
    private var line = ByteRange(start: 0, count: 0)

    /// Reads the records of a response that was asked for by other means.
    ///
    /// - Parameters:
    ///   - response: with a status of success; its body are lines of `/api/chat` or `/api/generate`.
    ///   - partialTextLimit: how much text an error keeps of the stream that it ended.
    public init(
        reading response: consuming BlockingResponse,
        partialTextLimit: ByteLimit = .mebibytes(1)
    ) {
        answer = AnswerReader(status: response.status, partialTextLimit: partialTextLimit)
        self.response = response
    }

    /// One record, borrowed from the stream until its next call.
    public typealias Record = AnswerRecord

    /// The next record, or nil behind the last.
    @_lifetime(&self)
    public mutating func next() throws(StreamError) -> Record? {
        guard try advance() else { return nil }
        return answer.record(in: response[line])
    }

    /// The next piece of text that is not empty, or nil behind the last. Thinking and tool calls are
    /// passed over: use `next` or `collect` for them.
    public mutating func nextText() throws(StreamError) -> String? {
        while try advance() {
            if answer.hasText { return String(decoding: answer.content(in: response[line])) }
        }
        return nil
    }

    /// The whole answer. Once its terminal record has come, it is given although the connection fails
    /// behind that.
    public consuming func collect() throws(StreamError) -> Reply {
        var collector = ReplyCollector()
        do throws(StreamError) {
            while try advance() {
                try collector.add(response[line], at: response.lineOffset, of: &answer)
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
    public var timings: ExchangeTimings { response.timings }

    /// Reads the next record that is not blank; false behind the last.
    private mutating func advance() throws(StreamError) -> Bool {
        do throws(StreamError) {
            try answer.checkFailure()
            repeat {
                guard try readLine() else {
                    try answer.end()
                    return false
                }
            } while try !readRecord()
            return true
        } catch {
            response.cancel()
            throw error
        }
    }

    private mutating func readLine() throws(StreamError) -> Bool {
        do throws(TransportError) {
            guard let range = try response.nextLineRange() else { return false }
            line = range
            return true
        } catch { throw answer.failure(of: error) }
    }

    private mutating func readRecord() throws(StreamError) -> Bool {
        let kind = answer.read(response[line])
        if kind == .record, answer.isDone { answer.note(response.timings) }
        if answer.hasContent { response.noteContent() }
        if kind == .refused { throw answer.failure(in: response[line], at: response.lineOffset) }
        return kind == .record
    }
}
