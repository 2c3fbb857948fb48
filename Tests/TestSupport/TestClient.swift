internal import Synchronization
public import WireBlocking
internal import WireHTTPClient
internal import WireReactor
internal import WireSockets
internal import WireSystem
public import WireTime
public import WireTransport

/// A client of either driver, as a blocking one: whatever the test is about, it is told once.
///
/// What it hands out are copies.
public struct TestClient: ~Copyable {
    private let blocking: HeldClient?
    private let tasks: (client: HTTPClient, runner: TaskRunner)?

    /// Over a script, with the driver that the test runs with.
    public init(_ options: ClientOptions, system: ScriptedSystem) {
        switch Driver.current {
        case .blocking:
            blocking = HeldClient(BlockingHTTPClient(options, system: system))
            tasks = nil
        case .async:
            blocking = nil
            tasks = (HTTPClient(options, system: system), .atOnce)
        }
    }

    /// Over Linux.
    public init(_ options: ClientOptions, lookUps: NameLookUps = .shared) {
        let linux = LinuxSystem(lookUps)
        switch Driver.current {
        case .blocking:
            blocking = HeldClient(BlockingHTTPClient(options, system: linux))
            tasks = nil
        case .async:
            blocking = nil
            tasks = (HTTPClient(options, system: ReactorSystem(.shared, linux)), .onLoop)
        }
    }

    public var connections: (idle: Int, leased: Int) { (counts.idle, counts.leased) }

    public var counts: ConnectionCounts {
        tasks?.client.connections ?? blocking!.client.connections
    }

    public mutating func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(TransportError) -> TestResponse {
        guard let tasks else {
            return TestResponse(
                try blocking!.client.send(request, deadlines: deadlines, cancellation: cancellation)
            )
        }
        let client = tasks.client
        let holder = ResponseHolder()
        try tasks.runner.run { () async throws(TransportError) in
            holder.held = HeldResponse(
                try await client.send(request, deadlines: deadlines, cancellation: cancellation))
        }
        return TestResponse(holder.held!, tasks.runner)
    }

    public mutating func closeIdleConnections() {
        tasks?.client.closeIdleConnections()
        blocking?.client.closeIdleConnections()
    }
}

extension TestClient {
    /// The body of a response, as text.
    public mutating func text(
        _ request: HTTPRequest, cancellation: Cancellation? = nil
    ) throws(TransportError) -> String {
        var response = try send(request, cancellation: cancellation)
        return try response.readText()
    }

    /// The error of a request whose body is read to its end as lines; nil when it succeeds.
    public mutating func error(
        of request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> TransportError? {
        do throws(TransportError) {
            var response = try send(request, deadlines: deadlines, cancellation: cancellation)
            while try response.nextLine() != nil {}
            return nil
        } catch { return error }
    }
}

/// A response of either driver. Like them it closes its connection when it is dropped.
public struct TestResponse: ~Copyable {
    private let blocking: HeldBlockingResponse?
    private let tasks: (held: HeldResponse, runner: TaskRunner)?

    fileprivate init(_ response: consuming BlockingResponse) {
        blocking = HeldBlockingResponse(response)
        tasks = nil
    }

    fileprivate init(_ held: HeldResponse, _ runner: TaskRunner) {
        blocking = nil
        tasks = (held, runner)
    }

    public struct Line: Equatable, Sendable {
        public let bytes: [UInt8]
        public let offset: Int
    }

    public struct Event: Equatable, Sendable {
        public let type: [UInt8]
        public let data: [UInt8]
    }

    public var head: ResponseHead { tasks?.held.response.head ?? blocking!.response.head }
    public var status: Int { tasks?.held.response.status ?? blocking!.response.status }
    public var framing: BodyFraming { tasks?.held.response.framing ?? blocking!.response.framing }
    public var informational: [Int] {
        tasks?.held.response.informational ?? blocking!.response.informational
    }
    public var trailers: Fields { tasks?.held.response.trailers ?? blocking!.response.trailers }
    public var timings: ExchangeTimings {
        tasks?.held.response.timings ?? blocking!.response.timings
    }
    public var progress: Progress { tasks?.held.response.progress ?? blocking!.response.progress }
    public var isReusedConnection: Bool {
        tasks?.held.response.isReusedConnection ?? blocking!.response.isReusedConnection
    }
    public var arrival: Arrival? { tasks?.held.response.arrival ?? blocking?.response.arrival }
    public var tls: TLSFacts? { tasks?.held.response.tls ?? blocking?.response.tls }
    public var wasConnectionKept: Bool {
        tasks?.held.response.wasConnectionKept ?? blocking!.response.wasConnectionKept
    }

    public mutating func nextLine() throws(TransportError) -> Line? {
        guard let (held, runner) = tasks else { return try blocking!.response.copiedLine() }
        try runner.run { () async throws(TransportError) in
            held.line = try await held.response.copiedLine()
        }
        return held.line
    }

    public mutating func nextEvent() throws(TransportError) -> Event? {
        guard let (held, runner) = tasks else { return try blocking!.response.copiedEvent() }
        try runner.run { () async throws(TransportError) in
            held.event = try await held.response.copiedEvent()
        }
        return held.event
    }

    public mutating func nextBytes() throws(TransportError) -> [UInt8]? {
        guard let (held, runner) = tasks else { return try blocking!.response.copiedBytes() }
        try runner.run { () async throws(TransportError) in
            held.bytes = try await held.response.copiedBytes()
        }
        return held.bytes
    }

    public mutating func readBody(limit: ByteLimit) throws(TransportError) -> [UInt8] {
        guard let (held, runner) = tasks else {
            return try blocking!.response.readBody(limit: limit)
        }
        try runner.run { () async throws(TransportError) in
            held.bytes = try await held.response.readBody(limit: limit)
        }
        return held.bytes!
    }

    /// The body, or what is left of it, as text.
    public mutating func readText() throws(TransportError) -> String {
        String(decoding: try readBody(limit: .mebibytes(64)), as: UTF8.self)
    }

    public mutating func cancel() {
        tasks?.held.response.cancel()
        blocking?.response.cancel()
    }
}

/// What has no copies, held so that it can be used without being moved.
private final class HeldClient {
    var client: BlockingHTTPClient
    init(_ client: consuming BlockingHTTPClient) { self.client = client }
}

private final class HeldBlockingResponse {
    var response: BlockingResponse
    init(_ response: consuming BlockingResponse) { self.response = response }
}

/// A response and what was read of it last, between a test and the tasks that it runs for each call.
/// Unchecked: the test waits for each of them.
private final class HeldResponse: @unchecked Sendable {
    var response: HTTPResponse
    var line: TestResponse.Line?
    var event: TestResponse.Event?
    var bytes: [UInt8]?

    init(_ response: consuming HTTPResponse) { self.response = response }
}

/// Unchecked: read when the task that writes it has ended.
private final class ResponseHolder: @unchecked Sendable {
    var held: HeldResponse?
}

extension BlockingResponse {
    fileprivate mutating func copiedLine() throws(TransportError) -> TestResponse.Line? {
        guard let line = try nextLine() else { return nil }
        return TestResponse.Line(bytes: [UInt8](copying: line.bytes), offset: line.offset)
    }

    fileprivate mutating func copiedEvent() throws(TransportError) -> TestResponse.Event? {
        guard let event = try nextEvent() else { return nil }
        return TestResponse.Event(
            type: [UInt8](copying: event.type), data: [UInt8](copying: event.data))
    }

    fileprivate mutating func copiedBytes() throws(TransportError) -> [UInt8]? {
        guard let bytes = try nextBytes() else { return nil }
        return [UInt8](copying: bytes)
    }
}

extension HTTPResponse {
    fileprivate mutating func copiedLine() async throws(TransportError) -> TestResponse.Line? {
        guard let line = try await nextLine() else { return nil }
        return TestResponse.Line(bytes: [UInt8](copying: line.bytes), offset: line.offset)
    }

    fileprivate mutating func copiedEvent() async throws(TransportError) -> TestResponse.Event? {
        guard let event = try await nextEvent() else { return nil }
        return TestResponse.Event(
            type: [UInt8](copying: event.type), data: [UInt8](copying: event.data))
    }

    fileprivate mutating func copiedBytes() async throws(TransportError) -> [UInt8]? {
        guard let bytes = try await nextBytes() else { return nil }
        return [UInt8](copying: bytes)
    }
}

/// Runs a task to its end from code that is not async.
private enum TaskRunner {
    /// In the calling thread, for what never suspends.
    case atOnce
    /// On the loop's thread, which no test blocks.
    case onLoop

    func run(
        _ body: @escaping @Sendable () async throws(TransportError) -> Void
    ) throws(TransportError) {
        let outcome = Outcome(body)
        switch self {
        case .atOnce:
            Task.immediate { await outcome.take() }
            if outcome.result == nil { preconditionFailure("a scripted call has suspended") }
        case .onLoop:
            guard let loop = try? Reactor.shared.loops()[0], let ended = try? Latch() else {
                preconditionFailure("no descriptors left")
            }
            Task(executorPreference: loop.taskExecutor) {
                await outcome.take()
                ended.open()
            }
            _ = ended.wait(until: .distantFuture)
        }
        try outcome.result!.get()
    }

    /// Unchecked: the body is its task's. The result's lock is for the thread sanitizer, which does not
    /// see that a latch was waited for.
    private final class Outcome: @unchecked Sendable {
        private let held = Lock<Result<Void, TransportError>?>(nil)
        private var body: (@Sendable () async throws(TransportError) -> Void)?

        init(_ body: @escaping @Sendable () async throws(TransportError) -> Void) {
            self.body = body
        }

        /// What the body holds, a response say, is let go of before the task is known to have ended.
        func take() async {
            guard let body = body.take() else { return }
            do throws(TransportError) {
                try await body()
                held.withLock { $0 = .success(()) }
            } catch { held.withLock { $0 = .failure(error) } }
        }

        var result: Result<Void, TransportError>? { held.withLock { $0 } }
    }
}
