internal import OllamaProtocol
internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTP1
internal import WireHTTPClient

/// The exchange of a chat or a generation, and what its records say: up to wherever it would have to
/// wait.
struct AnswerExchange: ~Copyable {
    enum Step { case record, end, blocked }

    private enum Stage { case head, refusal, records }

    private(set) var exchange: ExchangeDriver
    private(set) var answer: AnswerReader
    private let partialTextLimit: ByteLimit
    private var stage = Stage.head
    private var line = ByteRange(start: 0, count: 0)
    private var refusal: [UInt8] = []

    init(_ request: Result<HTTPRequest, StreamError>, _ call: AnswerCall) {
        partialTextLimit = call.partialTextLimit
        answer = AnswerReader(status: 200, partialTextLimit: partialTextLimit)
        switch request {
        case .success(let request):
            exchange = call.http.exchange(request, call.deadlines, call.cancellation)
        case .failure(let error):
            exchange = call.http.exchange(
                HTTPRequest("GET", HTTPURL(scheme: .http, host: "", port: 0, target: "/")), nil, nil
            )
            _ = answer.begin(failing: error)
        }
    }

    /// The next record that is not blank, if it takes no waiting.
    mutating func step() throws(StreamError) -> Step {
        do throws(StreamError) {
            try answer.checkFailure()
            switch stage {
            case .records: return try readRecord()
            case .head: return try readHead()
            case .refusal: return try readRefusal()
            }
        } catch {
            exchange.abandon()
            throw error
        }
    }

    /// What the wait that `step` asked for has brought.
    mutating func woke(_ outcome: ExchangeDriver.Outcome) throws(StreamError) {
        do throws(TransportError) { try exchange.end(outcome) } catch { throw failed(error) }
    }

    /// The task has been cancelled.
    mutating func cancel() throws(StreamError) {
        do throws(TransportError) { try exchange.cancel() } catch { throw failed(error) }
    }

    private mutating func failed(_ error: TransportError) -> StreamError {
        switch stage {
        case .records: answer.failure(of: error)
        case .refusal: refused
        case .head: answer.begin(failing: StreamError(error))
        }
    }

    private mutating func readHead() throws(StreamError) -> Step {
        do throws(TransportError) {
            if try !exchange.advanceToHead() { return .blocked }
        } catch { throw failed(error) }
        let status = exchange.reader.head!.status
        answer = AnswerReader(status: status, partialTextLimit: partialTextLimit)
        stage = OllamaServer.isSuccess(status) ? .records : .refusal
        return stage == .records ? try readRecord() : try readRefusal()
    }

    private mutating func readRefusal() throws(StreamError) -> Step {
        do throws(TransportError) {
            reading: while refusal.count < OllamaServer.refusalLimit.bytes {
                switch try exchange.next(.piece) {
                case .record(let range): refusal.append(copying: exchange[range])
                case .blocked: return .blocked
                case .end: break reading
                }
            }
        } catch {
            // The status says more than why the rest of the body did not come.
        }
        throw refused
    }

    private var refused: StreamError {
        mutating get {
            answer.begin(
                failing: .server(
                    .init(status: exchange.reader.head?.status ?? 0, body: refusal.span)))
        }
    }

    private mutating func readRecord() throws(StreamError) -> Step {
        while true {
            switch try readLine() {
            case .blocked: return .blocked
            case .end:
                try answer.end()
                return .end
            case .record: break
            }
            let kind = answer.read(exchange[line])
            if kind == .record, answer.isDone { answer.note(exchange.timings) }
            if answer.hasContent { exchange.noteContent() }
            switch kind {
            case .record: return .record
            case .refused:
                throw answer.failure(in: exchange[line], at: exchange.reader.lineOffset)
            case .blank: continue
            }
        }
    }

    private mutating func readLine() throws(StreamError) -> Step {
        if let range = exchange.nextLineAtHand() {
            line = range
            return .record
        }
        do throws(TransportError) {
            switch try exchange.next(.line) {
            case .record(let range):
                line = range
                return .record
            case .end: return .end
            case .blocked: return .blocked
            }
        } catch { throw answer.failure(of: error) }
    }

    mutating func abandon() { exchange.abandon() }

    /// What to wait for when `step` is blocked.
    var wait: ExchangeWait { exchange.wait }

    // MARK: The record read last

    /// All that the record says; borrowed until the next step.
    @_lifetime(&self)
    mutating func record() -> AnswerRecord { answer.record(in: exchange[line]) }

    /// The record has text, and nothing else that makes a part.
    var isTextAlone: Bool {
        answer.hasText && !answer.isDone && !answer.hasThinking && answer.toolCalls == nil
    }

    var text: String { String(decoding: answer.content(in: exchange[line])) }
    var thinking: String { String(decoding: answer.thinking(in: exchange[line])) }

    mutating func toolCalls() throws(StreamError) -> [ToolCall] {
        guard let range = answer.toolCalls else { return [] }
        do throws(JSONError) {
            return try ToolCall.all(
                in: exchange[ByteRange(start: line.start + range.start, count: range.count)])
        } catch {
            exchange.abandon()
            throw answer.refuse(exchange[line], at: exchange.reader.lineOffset, error)
        }
    }

    mutating func add(to collector: inout ReplyCollector) throws(StreamError) {
        try collector.add(exchange[line], at: exchange.reader.lineOffset, of: &answer)
    }
}
