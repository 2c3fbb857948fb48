public import WireBytes
public import WireExchange
internal import WireJSON

/// Puts the records of an answer together, for callers that want it whole.
public struct ReplyCollector: ~Copyable {
    private var text = ScratchBuffer()
    private var thinking = ScratchBuffer()
    private var toolCalls: [ToolCall] = []
    private var context: [Int] = []
    private var logprobs: [TokenLogprob] = []
    private var details = ReplyDetails()
    private let limit: ByteLimit
    /// Of records whose parts are kept in another form.
    private var recordBytes = 0

    /// - Parameter limit: how much it may keep: see `OllamaOptions.replyLimit`.
    public init(limit: ByteLimit = OllamaOptions().replyLimit) { self.limit = limit }

    /// Adds the record that was read last.
    ///
    /// - Parameters:
    ///   - line: its line, at `offset` of the body.
    ///   - progress: how far its exchange has come.
    /// - Throws: `malformed` when its tool calls, logprobs or context are not of the documented form;
    ///   `transport(.tooLarge)` when the answer is larger than the limit. It has failed then.
    public mutating func add(
        _ line: Span<UInt8>, at offset: Int, of answer: inout AnswerReader,
        progress: @autoclosure () -> Progress
    ) throws(StreamError) {
        text.append(answer.content(in: line))
        thinking.append(answer.thinking(in: line))
        if answer.hasToolCalls || answer.logprobs != nil { recordBytes += line.count }
        if text.count + thinking.count + recordBytes > limit.bytes {
            throw answer.failure(of: .tooLarge(limit, what: "the answer", progress()))
        }
        do throws(JSONError) {
            if answer.hasToolCalls { toolCalls += try answer.calls(in: line) }
            if answer.isDone, answer.dialect == .native {
                context = try TerminalRecord(line).context
                details = try ReplyDetails(line)
            }
            if let range = answer.logprobs {
                logprobs += try TokenLogprob.all(in: line.extracting(range.start..<range.end))
            }
        } catch { throw answer.refuse(line, at: offset, error) }
    }

    /// The answer, once nothing more of it will come.
    ///
    /// - Parameter failure: what ended the stream before its end. Behind the terminal record the
    ///   connection may fail: the answer is whole.
    /// - Throws: the failure, if the answer is not.
    public consuming func reply(
        of answer: borrowing AnswerReader, endedBy failure: StreamError? = nil
    ) throws(StreamError) -> Reply {
        if let failure, !answer.isWhole(despite: failure) { throw failure }
        var reply = Reply()
        reply.text = String(decoding: text.bytes)
        reply.thinking = String(decoding: thinking.bytes)
        reply.toolCalls = toolCalls
        reply.summary = answer.summary ?? Summary()
        reply.context = context
        reply.logprobs = logprobs
        reply.details = details
        return reply
    }
}
