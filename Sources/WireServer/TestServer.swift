internal import WireHTTP1
public import WireSockets
internal import WireSystem
public import WireTime

/// A server for a test: one line to start it on a free port of loopback, and then what clients did.
///
///     let server = try TestServer.replaying("Recordings/chat")
///     defer { server.stop() }
///     let ollama = Ollama(host: server.url)
///
/// Or for the length of a closure: `try await TestServer.replaying(path).run { server in ... }`.
/// It also stops when nobody holds it any more; Swift may see that before the scope ends.
public final class TestServer: Sendable {
    private let server: ReplayServer
    private let received: ReceivedRequests

    /// Starts a server that asks `handler` what to answer. It is called on the server's thread and must
    /// not block.
    public convenience init(
        _ handler: any RequestHandler, options: ServerOptions = ServerOptions()
    ) throws(SystemError) {
        let received = ReceivedRequests()
        let noting = NotingHandler(handler: handler, received: received)
        let server = try ReplayServer(.requests(noting), options: options)
        self.init(started: server, received)
    }

    /// Starts a server that treats connections in any way there is.
    public convenience init(
        _ behaviour: ServerBehaviour, options: ServerOptions = ServerOptions()
    ) throws(SystemError) {
        if case .requests(let handler) = behaviour {
            try self.init(handler, options: options)
        } else {
            try self.init(started: ReplayServer(behaviour, options: options), ReceivedRequests())
        }
    }

    private init(started server: ReplayServer, _ received: ReceivedRequests) {
        self.server = server
        self.received = received
        server.start()
    }

    /// `http://127.0.0.1:PORT`
    public var url: String { server.url }
    public var address: SocketAddress { server.address }
    public var port: UInt16 { server.port }

    /// Closes every connection and the port. Any number of times.
    public func stop() { server.stop() }

    /// Calls `body`, and stops when that is over, however it ends.
    public func run<Result, Failure: Error>(
        _ body: (TestServer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { stop() }
        return try body(self)
    }

    /// Calls `body`, and stops when that is over, however it ends.
    public func run<Result, Failure: Error>(
        _ body: (TestServer) async throws(Failure) -> Result
    ) async throws(Failure) -> Result {
        defer { stop() }
        return try await body(self)
    }

    // MARK: What clients did

    /// What became of each connection: when it came, what was asked and sent on it, how it ended.
    public var log: ConnectionLog { server.log }

    /// The requests so far, heads and bodies, in the order of their arrival: the first 10,000 of them,
    /// and 64 MiB of bodies.
    public var requests: [ServedRequest] { received.all }

    /// Waits for a number of requests.
    ///
    /// - Returns: the requests by then: fewer when `limit` came first.
    public func requests(
        atLeast count: Int, within limit: Timeout = .seconds(10)
    ) -> [ServedRequest] {
        received.wait(for: count, until: MonotonicClock.now + limit)
    }

    /// Waits until the server has seen the client of a connection leave.
    ///
    /// - Returns: how and when; nil when `limit` came first, or the server had closed before.
    public func clientClose(
        ofConnection connection: Int = 0, within limit: Timeout = .seconds(10)
    ) -> ConnectionRecord.ClientClose? {
        log.waitForClose(of: connection, until: MonotonicClock.now + limit)
    }
}

extension TestServer {
    /// Answers with recordings: those of a directory, or the one that is called so (its path without
    /// `.response`). Equal requests get equal recordings in turn; one that no recording is for gets 404.
    public static func replaying(
        _ path: String, pace: Pace = .recorded,
        matching strictness: RequestMatcher.Strictness = .json,
        options: ServerOptions = ServerOptions()
    ) throws -> TestServer {
        let handler = RecordedHandler(
            try Recording.all(at: path), pace: pace, strictness: strictness, choice: .roundRobin)
        return try TestServer(handler, options: options)
    }

    /// Answers each request by what `body` says. It is called on the server's thread and must not block.
    public static func answering(
        options: ServerOptions = ServerOptions(),
        _ body: @escaping @Sendable (ServedRequest) -> Script
    ) throws(SystemError) -> TestServer {
        try TestServer(ClosureHandler(body: body), options: options)
    }

    /// Answers every request by the same script.
    public static func answering(
        with script: Script, options: ServerOptions = ServerOptions()
    ) throws(SystemError) -> TestServer {
        try answering(options: options) { _ in script }
    }

    /// Performs a script on each connection without reading requests, once `count` bytes have come.
    public static func performing(
        _ script: Script, afterBytes count: Int = 0, options: ServerOptions = ServerOptions()
    ) throws(SystemError) -> TestServer {
        try TestServer(.raw(afterBytes: count) { _ in script }, options: options)
    }
}

/// Remembers what it passes on.
private struct NotingHandler: RequestHandler {
    let handler: any RequestHandler
    let received: ReceivedRequests

    func script(for request: ServedRequest) -> Script { handler.script(for: request) }

    func answer(
        to request: ServedRequest, waking waker: any ConnectionWaker
    ) -> any ResponseSource {
        received.add(request)
        return handler.answer(to: request, waking: waker)
    }

    func expectation(of request: ReceivedRequest) -> Expectation {
        handler.expectation(of: request)
    }

    func opening(of connection: Int) -> Opening? { handler.opening(of: connection) }
}

private final class ReceivedRequests: Sendable {
    private struct State: Sendable {
        var requests: [ServedRequest] = []
        var bytes = 0
    }

    private static let countLimit = 10_000
    private static let byteLimit = 64 << 20
    private let state = Monitor(State())

    var all: [ServedRequest] { state.read { $0.requests } }

    func add(_ request: ServedRequest) {
        state.update { state in
            let bytes = state.bytes + request.body.count
            guard state.requests.count < ReceivedRequests.countLimit,
                bytes <= ReceivedRequests.byteLimit
            else { return }
            state.bytes = bytes
            state.requests.append(request)
        }
    }

    func wait(for count: Int, until limit: Instant) -> [ServedRequest] {
        state.wait(untilNanoseconds: limit.nanoseconds) { state in
            state.requests.count >= count ? state.requests : nil
        } ?? all
    }
}
