internal import WireBytes
internal import WireJSON

/// Puts the records of an answer together, for callers that want it whole.
public struct ReplyCollector: ~Copyable {
    private var text = ScratchBuffer()
    private var thinking = ScratchBuffer()
    private var toolCalls: [ToolCall] = []
    private var context: [Int] = []

    public init() {}

    /// Adds the record that was read last.
    ///
    /// - Parameters:
    ///   - line: its line, at `offset` of the body.
    /// - Throws: `malformed` when its tool calls or its context are not of the documented form; the
    ///   answer has failed then.
    public mutating func add(
        _ line: Span<UInt8>, at offset: Int, of answer: inout AnswerReader
    ) throws(StreamError) {
        text.append(answer.content(in: line))
        thinking.append(answer.thinking(in: line))
        do throws(JSONError) {
            if let calls = answer.toolCalls {
                toolCalls += try ToolCall.all(in: line.extracting(calls.start..<calls.end))
            }
            if answer.isDone { context = try TerminalRecord(line).context }
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
        if let failure, !answer.isComplete || failure.concernsAnswer { throw failure }
        var reply = Reply()
        reply.text = String(decoding: text.bytes)
        reply.thinking = String(decoding: thinking.bytes)
        reply.toolCalls = toolCalls
        reply.summary = answer.summary ?? Summary()
        reply.context = context
        return reply
    }
}

extension StreamError {
    /// Says something of the answer itself, or is its caller's wish; no mere trouble of the connection.
    fileprivate var concernsAnswer: Bool {
        switch self {
        case .incomplete, .timeout, .transport, .connect: false
        case .request, .server, .malformed, .cancelled: true
        }
    }
}
