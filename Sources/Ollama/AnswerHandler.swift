public import OllamaProtocol
internal import WireDriver
public import WireExchange
public import WireHTTPClient
public import WireReactor

/// What a loop calls as an answer comes: the way in that costs least, for thousands of answers at once.
/// See `ResponseHandler` for where it is called.
public protocol AnswerHandler: Sendable {
    /// The next record, borrowed for the call.
    mutating func receive(_ record: borrowing AnswerRecord) -> StreamVerdict
    /// It is over; called once, and last.
    mutating func end(_ end: AnswerEnd)
}

extension AnswerHandler {
    /// Does nothing: for handlers that need no end.
    public mutating func end(_ end: AnswerEnd) {}
}

/// How a handled answer ended, and when what came.
public struct AnswerEnd: Sendable {
    /// How an answer ended.
    public enum Outcome: Sendable {
        case complete(Summary?)
        /// The handler left; the server stops generating.
        case left
        case failed(StreamError)
    }

    /// Complete, left by its handler, or failed.
    public let outcome: Outcome
    /// When what of the exchange happened.
    public let timings: ExchangeTimings
}

extension Answer {
    /// Asks for the answer and has a loop call `handler` with its records. Returns at once, before
    /// anything has been called; `cancel` ends it.
    ///
    /// - Parameter loop: whose thread makes a new connection and calls; nil stands for the caller's own
    ///   loop, or each in turn.
    public func start(on loop: EventLoop? = nil, with handler: some AnswerHandler) {
        let work = LoopExchange(system: call.http.system) {
            HandledAnswer(call.begin(), handler)
        }
        call.http.system.start(work, on: loop)
    }

    /// The same for a task: suspends it until all is over, and gives the handler back. When the task is
    /// cancelled, so is the answer.
    public func handle<Handler: AnswerHandler>(
        on loop: EventLoop? = nil, with handler: Handler
    ) async -> Handler {
        let linked = LinkedCancellation(to: call.cancellation)
        defer { linked.end() }
        var call = call
        call.cancellation = linked.own
        let answer = Answer(call: call)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                answer.start(
                    on: loop,
                    with: Returning(handler: handler) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            linked.own.cancel()
        }
    }
}

/// Gives a handler back when it has been told the end.
private struct Returning<Handler: AnswerHandler>: AnswerHandler {
    var handler: Handler
    let body: @Sendable (Handler) -> Void

    mutating func receive(_ record: borrowing AnswerRecord) -> StreamVerdict {
        handler.receive(record)
    }

    mutating func end(_ end: AnswerEnd) {
        handler.end(end)
        body(handler)
    }
}

/// An answer's exchange and its handler.
private struct HandledAnswer: LoopWork, ~Copyable {
    private var exchange: AnswerExchange
    private var handler: any AnswerHandler
    private var isOver = false

    @inline(__always)
    init(_ exchange: consuming AnswerExchange, _ handler: any AnswerHandler) {
        self.exchange = exchange
        self.handler = handler
    }

    mutating func woke(_ outcome: ExchangeDriver.Outcome) { exchange.wokeWithoutTask(outcome) }

    mutating func advance() -> ExchangeWait? {
        if isOver { return nil }
        do throws(StreamError) {
            switch try HandledAnswer.giveRecords(of: &exchange, to: &handler) {
            case .blocked: return exchange.nextWait()
            case .end: finish(.complete(exchange.answer.summary))
            case .left:
                exchange.abandon()
                finish(.left)
            }
        } catch {
            finish(.failed(error))
        }
        return nil
    }

    private enum Pause { case blocked, end, left }

    /// Generic, so that the handler is looked up once for all records that are there.
    private static func giveRecords(
        of exchange: inout AnswerExchange, to handler: inout some AnswerHandler
    ) throws(StreamError) -> Pause {
        while true {
            switch try exchange.step() {
            case .blocked: return .blocked
            case .record:
                if handler.receive(exchange.record()) == .leave { return .left }
            case .end: return .end
            }
        }
    }

    private mutating func finish(_ outcome: AnswerEnd.Outcome) {
        isOver = true
        handler.end(AnswerEnd(outcome: outcome, timings: exchange.exchange.timings))
    }
}
