import Ollama
import OllamaProtocol
import Synchronization
import WireFraming
import WireHTTPClient

// The jobs by callbacks on the loop: no task for a stream.

func handledFirehose(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect,
    takesContent: Bool
) async throws -> Result {
    let http = HTTPClient(settings)
    if takesContent {
        return try await http.answer(to: request, in: dialect).handle(with: ContentCounter())
            .result()
    }
    return try await http.handle(request, with: UnitCounter()).result()
}

private struct UnitCounter: ResponseHandler {
    private var counted = Result()
    /// What a line's bytes leave out.
    private var terminator = 0
    private var outcome: ResponseEnd.Outcome?

    mutating func begin(_ head: ResponseHead) -> BodyUnit? {
        if head.isEventStream { return .event }
        terminator = 1
        return .line
    }

    mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
        counted.units += 1
        counted.bytes += record.data.count + terminator
        return .goOn
    }

    mutating func end(_ end: ResponseEnd) { outcome = end.outcome }

    func result() throws -> Result {
        if case .failed(let error) = outcome { throw error }
        return counted
    }
}

private struct ContentCounter: AnswerHandler {
    var counted = Result()
    var times: Histogram?
    private var error: StreamError?

    init(times: Histogram? = nil) { self.times = times }

    mutating func receive(_ record: borrowing AnswerRecord) -> StreamVerdict {
        counted.units += 1
        counted.bytes += record.content.count
        times?.noteDelivery(of: record.content)
        return .goOn
    }

    mutating func end(_ end: AnswerEnd) {
        if case .failed(let error) = end.outcome { self.error = error }
    }

    func result() throws -> Result {
        if let error { throw error }
        return counted
    }
}

/// One request after another on one connection each, for as many connections as there are handlers.
///
/// `@unchecked Sendable`: one response at a time calls it.
private final class Requester: ResponseHandler, @unchecked Sendable {
    private let http: HTTPClient
    private let request: HTTPRequest
    private let loop: EventLoop
    private var left: Int
    private let measures: Bool
    private var counted = Result()
    private var begun = 0
    private let done: @Sendable (Swift.Result<Result, any Error>) -> Void

    init(
        _ http: HTTPClient, _ request: HTTPRequest, _ loop: EventLoop, requests: Int,
        measures: Bool, done: @escaping @Sendable (Swift.Result<Result, any Error>) -> Void
    ) {
        self.http = http
        self.request = request
        self.loop = loop
        left = requests
        self.measures = measures
        self.done = done
    }

    func start() {
        if measures { begun = nanoseconds() }
        http.start(request, on: loop, with: self)
    }

    func begin(_ head: ResponseHead) -> BodyUnit? { .piece }

    func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
        counted.bytes += record.data.count
        return .goOn
    }

    func end(_ end: ResponseEnd) {
        if case .failed(let error) = end.outcome { return done(.failure(error)) }
        counted.units += 1
        left -= 1
        if measures { counted.latencies.append(Double(nanoseconds() - begun) / 1e3) }
        if left == 0 { return done(.success(counted)) }
        start()
    }
}

func handledRequests(
    _ request: HTTPRequest, _ reactor: Reactor, connections: Int, requests: Int, measures: Bool
) async throws -> Result {
    let http = HTTPClient(HTTPClient.Options(), reactor: reactor)
    let loops = try reactor.loops()
    let share = (requests + connections - 1) / connections
    return try await withThrowingTaskGroup(of: Result.self) { group in
        for number in 0..<connections where requests > number * share {
            let mine = min(share, requests - number * share)
            group.addTask {
                try await withCheckedThrowingContinuation { continuation in
                    Requester(
                        http, request, loops[number % loops.count], requests: mine,
                        measures: measures
                    ) { continuation.resume(with: $0) }.start()
                }
            }
        }
        var all = Result()
        for try await result in group { all.add(result) }
        return all
    }
}

/// Adds up what streams have done that nobody waits for one by one.
private final class Total: Sendable {
    private struct State {
        var result = Result()
        var left: Int
        var error: StreamError?
    }

    private let state: Mutex<State>
    private let done: CheckedContinuation<Result, any Error>

    init(of count: Int, _ done: CheckedContinuation<Result, any Error>) {
        state = Mutex(State(left: count))
        self.done = done
    }

    func add(_ result: Result, _ error: StreamError?) {
        let all = state.withLock { state -> State? in
            state.result.add(result)
            if let error { state.error = error }
            state.left -= 1
            return state.left == 0 ? state : nil
        }
        guard let all else { return }
        if let error = all.error {
            done.resume(throwing: error)
        } else {
            done.resume(returning: all.result)
        }
    }
}

private struct StreamCounter: AnswerHandler {
    var content: ContentCounter
    let total: Total

    mutating func receive(_ record: borrowing AnswerRecord) -> StreamVerdict {
        content.receive(record)
    }

    mutating func end(_ end: AnswerEnd) {
        if case .failed(let error) = end.outcome { return total.add(content.counted, error) }
        total.add(content.counted, nil)
    }
}

func handledStreams(
    _ request: HTTPRequest, _ reactor: Reactor, _ streams: Int, _ times: Histogram
) async throws -> Result {
    let http = HTTPClient(HTTPClient.Options(), reactor: reactor)
    let loops = try reactor.loops()
    return try await withCheckedThrowingContinuation { continuation in
        let total = Total(of: streams, continuation)
        for number in 0..<streams {
            http.answer(to: request).start(
                on: loops[number % loops.count],
                with: StreamCounter(content: ContentCounter(times: times), total: total))
        }
    }
}
