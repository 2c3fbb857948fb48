import TestSupport
import Testing
import WireHTTPClient
import WireServer
import WireSockets
import WireTime

@testable import WireReactor

/// A server on loopback, and a client on a loop of its own, so that what each has open can be counted.
struct StreamServer {
    /// How long anything waits before a test counts as failed. Long, because tests that compute for a
    /// while may keep all threads from others.
    static let patience = Timeout.minutes(20)

    let server: ReplayServer
    let reactor = Reactor(loops: 1)
    let loop: EventLoop
    let client: HTTPClient

    init(_ change: (inout ClientOptions) -> Void = { _ in }) throws {
        server = try ReplayServer.answering { StreamServer.script(for: $0) }
        loop = try reactor.loops()[0]
        var options = ClientOptions()
        for deadline in [
            \Deadlines.connect, \.requestWrite, \.poolWait, \.contentIdle, \.keepAliveIdle,
        ] {
            options.deadlines[keyPath: deadline] = StreamServer.patience
        }
        change(&options)
        client = HTTPClient(options, reactor: reactor)
    }

    /// What the server does with a request, by its path.
    static func script(for request: ServedRequest) -> Script {
        switch request.target {
        case "/endless":
            .endless(chunkedHead, repeating: chunk("line\n"), every: .milliseconds(1))
        case "/flood": .endless(chunkedHead, repeating: longLine)
        case "/silent": Script([.stall])
        case "/half": Script.bytes(chunkedHead.dropLast(2)).then(.stall)
        case "/stall": Script.bytes(chunkedHead + chunk("line\n")).then(.stall)
        case "/events": .events(["one", "two"])
        case "/refused": .error("no", status: 404)
        default: .ndjson(["one", "two", "three"])
        }
    }

    static let chunkedHead = [UInt8](
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)

    private static let longLine = chunk("line" + String(repeating: " ", count: 10_000) + "\n")

    static func chunk(_ text: String) -> [UInt8] {
        [UInt8]("\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n".utf8)
    }

    func request(_ path: String) -> HTTPRequest {
        HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "127.0.0.1", port: server.port, target: path))
    }

    func lines(_ path: String) -> ResponseRecords<LineForm> { client.lines(of: request(path)) }

    var deadline: Instant { MonotonicClock.now + StreamServer.patience }

    /// Now, without waiting for anything: no connection is in use, and the loop watches none but the
    /// idle ones.
    func expectNothingOpen(sourceLocation: SourceLocation = #_sourceLocation) {
        let connections = client.connections
        #expect(connections.leased == 0, sourceLocation: sourceLocation)
        #expect(connections.waiting == 0, sourceLocation: sourceLocation)
        #expect(loop.connectionCount == connections.idle, sourceLocation: sourceLocation)
    }

    /// The client goes on, and the server has seen the end of the connection that was left.
    func expectUsable(
        left connection: Int? = 0, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        var count = 0
        for try await _ in lines("/short") { count += 1 }
        #expect(count == 3, sourceLocation: sourceLocation)
        #expect(client.connections.idle == 1, sourceLocation: sourceLocation)
        guard let connection else { return }
        let seen = server.log.waitForClose(of: connection, until: deadline)
        #expect(seen != nil, sourceLocation: sourceLocation)
    }

    /// Waits until the server has a request whole.
    func waitForRequest(on connection: Int = 0) -> Bool {
        server.log.wait(for: connection, until: deadline) { !$0.requests.isEmpty } != nil
    }

    func stop() {
        client.closeIdleConnections()
        #expect(loop.connectionCount == 0)
        reactor.shutDown()
        server.stop()
    }

    /// Runs up to its first suspension before this returns, and goes on on the loop's thread, which no
    /// test blocks.
    func start<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) -> Task<Value, any Error> {
        Task.immediate(executorPreference: loop.taskExecutor) { try await body() }
    }
}

extension ResponseError {
    var kind: TransportError.Kind? {
        if case .transport(let error) = self { return error.kind }
        return nil
    }
}

/// The kind of error that a task ended with.
func kind<Value>(of task: Task<Value, any Error>) async -> TransportError.Kind? {
    switch await task.result {
    case .success: nil
    case .failure(let error):
        (error as? TransportError)?.kind ?? (error as? ResponseError)?.kind
    }
}
