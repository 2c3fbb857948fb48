internal import OllamaProtocol
internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTP1
internal import WireHTTPClient
internal import WireTime

/// The exchange of a stream, and what its records say: up to wherever it would have to wait. Where the
/// server's dialect is not known, the exchange that asks for it comes first.
struct AnswerExchange: ~Copyable {
    enum Step { case record, end, blocked }

    private enum Stage { case detecting, head, refusal, lines, events, document, end }

    private static let nothing = ByteRange(start: 0, count: 0)

    private(set) var exchange: ExchangeDriver
    private(set) var answer: AnswerReader
    private let call: AnswerCall
    private let guards: OutputGuard?
    private var dialect = Dialect.native
    private var stage = Stage.head
    /// Where the record read last lies; of `events`, the driver knows.
    private var line = AnswerExchange.nothing
    /// Of a refusal, or of what tells the dialect.
    private var body: [UInt8] = []

    var replyLimit: ByteLimit { call.replyLimit }

    @inline(never)
    init(_ call: AnswerCall) {
        self.call = call
        guards = call.guards.isEmpty ? nil : OutputGuard(call.guards)
        answer = AnswerReader(status: 200, partialTextLimit: call.partialTextLimit, guards: guards)
        let request: HTTPRequest
        var deadlines = call.deadlines
        do throws(StreamError) {
            if let dialect = try call.dialect() {
                self.dialect = dialect
                request = try call.request(in: dialect)
                deadlines = guards.keepingTime(deadlines, or: call.http.options.deadlines)
            } else {
                stage = .detecting
                request = try call.server!.get().httpRequest(OllamaServer.detection)
                deadlines = OllamaServer.detectionDeadlines(
                    deadlines ?? call.http.options.deadlines)
            }
        } catch {
            exchange = call.http.exchange(.none, nil, nil)
            _ = answer.begin(failing: error)
            return
        }
        exchange = call.http.exchange(request, deadlines, call.cancellation)
    }

    /// The next record that is not blank, if it takes no waiting.
    @inline(__always)
    mutating func step() throws(StreamError) -> Step {
        if stage == .lines || stage == .events, answer.takesExpected, takeExpected() {
            return .record
        }
        return try stepByStage()
    }

    /// Not inlined: what it puts on the stack for a moment would stay in the memory of the task that
    /// waits. So for `init` and `woke`.
    @inline(never)
    private mutating func stepByStage() throws(StreamError) -> Step {
        do throws(StreamError) {
            try answer.checkFailure()
            switch stage {
            case .lines: return try readLines()
            case .events: return try readEvents()
            case .document: return try readDocument()
            case .head: return try readHead()
            case .refusal: return try readRefusal()
            case .detecting: return try detect()
            case .end: return .end
            }
        } catch {
            exchange.abandon()
            throw error
        }
    }

    /// What the wait that `step` asked for has brought.
    @inline(never)
    mutating func woke(_ outcome: ExchangeDriver.Outcome) throws(StreamError) {
        do throws(TransportError) { try exchange.end(outcome) } catch {
            if answer.isOver(despite: error) { stage = .end } else { throw failed(error) }
        }
    }

    /// The same where there is no task to be cancelled. A failure shows again at the next step.
    mutating func wokeWithoutTask(_ outcome: ExchangeDriver.Outcome) {
        exchange.wokeWithoutTask(outcome)
    }

    /// The task has been cancelled.
    mutating func cancel() throws(StreamError) {
        do throws(TransportError) { try exchange.cancel() } catch { throw failed(error) }
    }

    private mutating func failed(_ error: TransportError) -> StreamError {
        switch stage {
        case .lines, .events, .document, .end: answer.failure(of: error)
        case .refusal: refused
        case .head, .detecting: answer.begin(failing: error)
        }
    }

    // MARK: Before the records

    /// Whatever the server answers decides, and then the request itself is on its way.
    private mutating func detect() throws(StreamError) -> Step {
        do throws(TransportError) {
            if try !exchange.advanceToHead() { return .blocked }
            if try !readBody(limit: OllamaServer.refusalLimit) { return .blocked }
        } catch { throw failed(error) }
        dialect = OllamaServer.dialect(status: exchange.reader.head!.status, body: body.span)
        call.detection.dialect = dialect
        body = []
        let request: HTTPRequest
        do throws(StreamError) { request = try call.request(in: dialect) } catch {
            throw answer.begin(failing: error)
        }
        exchange.abandon()
        exchange = call.http.exchange(
            request, guards.keepingTime(call.deadlines, or: call.http.options.deadlines),
            call.cancellation)
        stage = .head
        return try readHead()
    }

    private mutating func readHead() throws(StreamError) -> Step {
        do throws(TransportError) {
            if try !exchange.advanceToHead() { return .blocked }
        } catch { throw failed(error) }
        let head = exchange.reader.head!
        let form = AnswerForm(dialect, head: head, streams: call.streams)
        answer = AnswerReader(
            status: head.status, partialTextLimit: call.partialTextLimit, of: call.subject,
            dialect: dialect, form: form, guards: guards)
        guard OllamaServer.isSuccess(head.status) else {
            stage = .refusal
            return try readRefusal()
        }
        switch form {
        case .line: stage = .lines
        case .event: stage = .events
        case .document: stage = .document
        }
        return try step()
    }

    private mutating func readRefusal() throws(StreamError) -> Step {
        do throws(TransportError) {
            if try !readBody(limit: OllamaServer.refusalLimit) { return .blocked }
        } catch {
            // The status says more than why the rest of the body did not come.
        }
        throw refused
    }

    private var refused: StreamError {
        mutating get {
            answer.begin(
                failing: .server(
                    .init(
                        status: exchange.reader.head?.status ?? 0, body: body.span,
                        dialect: dialect)))
        }
    }

    /// - Returns: false when it has to wait; true at the body's end, or at the limit.
    private mutating func readBody(limit: ByteLimit) throws(TransportError) -> Bool {
        while body.count < limit.bytes {
            switch try exchange.next(.piece) {
            case .record(let range): body.append(copying: exchange[range])
            case .blocked: return false
            case .end: return true
            }
        }
        return true
    }

    // MARK: Records

    private mutating func readLines() throws(StreamError) -> Step {
        while true {
            switch try readLine() {
            case .blocked: return .blocked
            case .end: return try end()
            case .record: break
            }
            let kind = answer.read(exchange[line])
            if let step = try take(kind) { return step }
        }
    }

    /// A record that is there and like the one before it.
    @inline(__always)
    private mutating func takeExpected() -> Bool {
        guard let range = exchange.nextRecordAtHand(knownTo: &answer) else { return false }
        line = range
        answer.takeExpected(exchange[range])
        if answer.hasContent { exchange.noteContent() }
        return true
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
        } catch { return try ended(by: error) }
    }

    private mutating func ended(by error: TransportError) throws(StreamError) -> Step {
        guard answer.isOver(despite: error) else { throw answer.failure(of: error) }
        return try end()
    }

    private mutating func readEvents() throws(StreamError) -> Step {
        while true {
            let step: ExchangeDriver.Step
            do throws(TransportError) { step = try exchange.next(.event) } catch {
                return try ended(by: error)
            }
            switch step {
            case .record: break
            case .end: return try end()
            case .blocked: return .blocked
            }
            if !answer.takes(event: exchange.eventType) { continue }
            let kind = answer.read(exchange.eventData)
            if let step = try take(kind) { return step }
        }
    }

    private mutating func readDocument() throws(StreamError) -> Step {
        let step: ExchangeDriver.Step
        do throws(TransportError) { step = try exchange.next(.whole) } catch {
            throw answer.failure(of: error)
        }
        switch step {
        case .blocked: return .blocked
        case .end: return try end()
        case .record(let range): line = range
        }
        let kind = answer.read(exchange[line])
        if let step = try take(kind) { return step }
        return try readDocument()
    }

    /// What a record that was read comes to; nil for nothing.
    private mutating func take(_ kind: AnswerReader.LineKind) throws(StreamError) -> Step? {
        if kind == .record, answer.isDone { answer.note(exchange.timings) }
        if answer.hasContent { exchange.noteContent() }
        if answer.isComplete { exchange.noteAnswerIsWhole() }
        switch kind {
        case .record: return .record
        case .refused:
            let (isEvent, offset) = (isEvent, offset)
            throw answer.failure(in: exchange[record: line, isEvent: isEvent], at: offset)
        case .blank: return nil
        }
    }

    private mutating func end() throws(StreamError) -> Step {
        stage = .end
        line = AnswerExchange.nothing
        guard try answer.end() else { return .end }
        answer.note(exchange.timings)
        return .record
    }

    mutating func abandon() { exchange.abandon() }

    /// What to wait for when `step` is blocked.
    mutating func nextWait() -> ExchangeWait { exchange.nextWait() }

    // MARK: The record read last

    /// Where it starts in the body.
    private var offset: Int {
        switch stage {
        case .lines: exchange.reader.lineOffset
        case .events: exchange.reader.eventOffset
        default: 0
        }
    }

    /// All that the record says; borrowed until the next step.
    @inline(__always)
    @_lifetime(&self)
    mutating func record() -> AnswerRecord {
        let isEvent = isEvent
        return answer.record(in: exchange[record: line, isEvent: isEvent])
    }

    private var isEvent: Bool { stage == .events }

    /// The record has text, and nothing else that makes a part.
    var isTextAlone: Bool {
        answer.hasText && !answer.isDone && !answer.hasThinking && !answer.hasToolCalls
    }

    var text: String {
        String(decoding: answer.content(in: exchange[record: line, isEvent: isEvent]))
    }

    var thinking: String {
        String(decoding: answer.thinking(in: exchange[record: line, isEvent: isEvent]))
    }

    mutating func toolCalls() throws(StreamError) -> [ToolCall] {
        if !answer.hasToolCalls { return [] }
        do throws(JSONError) {
            return try answer.calls(in: exchange[record: line, isEvent: isEvent])
        } catch {
            exchange.abandon()
            let (isEvent, offset) = (isEvent, offset)
            throw answer.refuse(exchange[record: line, isEvent: isEvent], at: offset, error)
        }
    }

    /// The whole answer. Not inlined, as `stepByStage`.
    @inline(never)
    func reply(
        of collector: consuming ReplyCollector, endedBy error: StreamError? = nil
    ) throws(StreamError) -> Reply {
        if let error { return try collector.reply(of: answer, endedBy: error) }
        return try collector.reply(of: answer)
    }

    @inline(never)
    mutating func add(to collector: inout ReplyCollector) throws(StreamError) {
        let (isEvent, offset) = (isEvent, offset)
        try collector.add(
            exchange[record: line, isEvent: isEvent], at: offset, of: &answer,
            progress: exchange.progress)
    }
}

extension HTTPRequest {
    /// What is never sent.
    fileprivate static let none = HTTPRequest(
        "GET", HTTPURL(scheme: .http, host: "", port: 0, target: "/"))
}
