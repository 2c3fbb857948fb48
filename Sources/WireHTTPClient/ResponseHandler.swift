internal import WireBytes
public import WireDriver
public import WireExchange
public import WireFraming
public import WireHTTP1
public import WireReactor

/// What a loop calls as a response comes: the way in that costs least, for thousands of streams at once.
///
///     struct Counter: ResponseHandler {
///         var lines = 0
///         mutating func begin(_ head: ResponseHead) -> BodyUnit? { .line }
///         mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
///             lines += 1
///             return .goOn
///         }
///     }
///     let counter = await http.handle(.get(url), with: Counter())
///
/// It is called on a loop's thread, by one at a time; while it runs, every other stream of that loop
/// waits: hand work that takes long to a task.
public protocol ResponseHandler: Sendable {
    /// The response has begun.
    ///
    /// - Returns: what its body is to be read in; nil to leave: the connection closes.
    mutating func begin(_ head: ResponseHead) -> BodyUnit?
    /// The next unit of the body, borrowed for the call. Of a line or a piece only `data` means
    /// something.
    mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict
    /// It is over; called once, and last. The connection has been kept or closed by then.
    mutating func end(_ end: ResponseEnd)
}

extension ResponseHandler {
    public mutating func end(_ end: ResponseEnd) {}
}

public enum StreamVerdict: Sendable {
    case goOn
    /// The connection closes before another handler is called.
    case leave
}

/// How a handled response ended, and when what came.
public struct ResponseEnd: Sendable {
    public enum Outcome: Sendable, Equatable {
        case complete
        /// The handler left.
        case left
        case failed(TransportError)
    }

    public let outcome: Outcome
    public let timings: ExchangeTimings
    /// The connection had carried an exchange before.
    public let isReusedConnection: Bool
}

extension HTTPClient {
    /// Sends a request and has a loop call `handler` with the response. Returns at once, from whatever
    /// thread, before anything has been called.
    ///
    /// - Parameters:
    ///   - loop: whose thread makes a new connection and calls; nil stands for the caller's own loop, or
    ///     each in turn.
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets any other thread or task end the exchange.
    public func start(
        _ request: HTTPRequest, on loop: EventLoop? = nil, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil, with handler: some ResponseHandler
    ) {
        let work = LoopExchange(system: system) {
            HandledResponse(exchange(request, deadlines, cancellation), handler)
        }
        system.start(work, on: loop)
    }

    /// The same for a task: suspends it until all is over, and gives the handler back. When the task is
    /// cancelled, so is the exchange.
    public func handle<Handler: ResponseHandler>(
        _ request: HTTPRequest, on loop: EventLoop? = nil, deadlines: Deadlines? = nil,
        with handler: Handler
    ) async -> Handler {
        let cancellation = Cancellation()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                start(
                    request, on: loop, deadlines: deadlines, cancellation: cancellation,
                    with: Returning(handler: handler) { continuation.resume(returning: $0) })
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// Gives a handler back when it has been told the end.
private struct Returning<Handler: ResponseHandler>: ResponseHandler {
    var handler: Handler
    let body: @Sendable (Handler) -> Void

    mutating func begin(_ head: ResponseHead) -> BodyUnit? { handler.begin(head) }

    mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
        handler.receive(record)
    }

    mutating func end(_ end: ResponseEnd) {
        handler.end(end)
        body(handler)
    }
}

/// An exchange and its handler. Not generic: handlers are of other modules, for which nothing would be
/// specialized, but the type would be looked up for each exchange.
private struct HandledResponse: LoopWork, ~Copyable {
    private var exchange: ExchangeDriver
    private var handler: any ResponseHandler
    /// Nil until the head has come.
    private var unit: ExchangeDriver.Unit?
    private var isOver = false

    @inline(__always)
    init(_ exchange: consuming ExchangeDriver, _ handler: any ResponseHandler) {
        self.exchange = exchange
        self.handler = handler
    }

    mutating func woke(_ outcome: ExchangeDriver.Outcome) { exchange.wokeWithoutTask(outcome) }

    mutating func advance() -> ExchangeWait? {
        if isOver { return nil }
        do throws(TransportError) {
            guard let unit else { return try begin() }
            return try read(unit)
        } catch {
            finish(.failed(error))
            return nil
        }
    }

    private mutating func begin() throws(TransportError) -> ExchangeWait? {
        if try !exchange.advanceToHead() { return exchange.nextWait() }
        guard let unit = handler.begin(exchange.reader.head!)?.unit else { return leave() }
        self.unit = unit
        return try read(unit)
    }

    private mutating func read(
        _ unit: ExchangeDriver.Unit
    ) throws(TransportError) -> ExchangeWait? {
        switch try HandledResponse.giveRecords(unit, of: &exchange, to: &handler) {
        case .blocked: return exchange.nextWait()
        case .left: return leave()
        case .end:
            finish(.complete)
            return nil
        }
    }

    private enum Pause { case blocked, end, left }

    /// Generic, so that the handler is looked up once for all records that are there.
    private static func giveRecords(
        _ unit: ExchangeDriver.Unit, of exchange: inout ExchangeDriver,
        to handler: inout some ResponseHandler
    ) throws(TransportError) -> Pause {
        while true {
            switch try exchange.next(unit) {
            case .blocked: return .blocked
            case .end: return .end
            case .record(let range):
                exchange.noteContent()
                let verdict =
                    unit == .event
                    ? handler.receive(
                        SSEFramer.Event(
                            type: exchange.eventType, data: exchange.eventData,
                            lastEventID: exchange.lastEventID))
                    : handler.receive(
                        SSEFramer.Event(
                            type: Span(), data: exchange[range], lastEventID: Span()))
                if verdict == .leave { return .left }
            }
        }
    }

    private mutating func leave() -> ExchangeWait? {
        exchange.abandon()
        finish(.left)
        return nil
    }

    @inline(__always)
    private mutating func finish(_ outcome: ResponseEnd.Outcome) {
        isOver = true
        handler.end(
            ResponseEnd(
                outcome: outcome, timings: exchange.timings,
                isReusedConnection: exchange.isReused))
    }
}

extension BodyUnit {
    var unit: ExchangeDriver.Unit {
        switch self {
        case .line: .line
        case .event: .event
        case .piece: .piece
        }
    }
}
