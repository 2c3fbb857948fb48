import Testing
import WireFraming
import WireHTTPClient
import WireServer
import WireTime

@testable import WireReactor

/// Handlers over real sockets, on a loop.
@Suite struct HandlerSocketTests {
    struct Lines: ResponseHandler {
        var count = 0
        var leavesAfter = Int.max
        var outcome: ResponseEnd.Outcome?
        var loop: EventLoop?

        mutating func begin(_ head: ResponseHead) -> BodyUnit? { .line }

        mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
            if let loop { #expect(loop.isCurrent) }
            count += 1
            return count == leavesAfter ? .leave : .goOn
        }

        mutating func end(_ end: ResponseEnd) { outcome = end.outcome }
    }

    @Test func toTheEnd() async throws {
        let streams = try StreamServer { $0.deadlines.keepAliveIdle = StreamServer.patience }
        for _ in 0..<3 {
            let lines = await streams.client.handle(
                streams.request("/short"), with: Lines(loop: streams.loop))
            #expect(lines.count == 3)
            #expect(lines.outcome == .complete)
        }
        #expect(streams.server.log.connections.count == 1, "the connection is kept")
        streams.expectNothingOpen()
        streams.stop()
    }

    @Test(arguments: ["/endless", "/flood", "/stall"]) func left(_ path: String) async throws {
        let streams = try StreamServer()
        let lines = await streams.client.handle(
            streams.request(path), with: Lines(leavesAfter: 1))
        #expect(lines.count == 1)
        #expect(lines.outcome == .left)
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test(arguments: ["/endless", "/flood", "/silent", "/half", "/stall"])
    func theTaskIsCancelled(_ path: String) async throws {
        let streams = try StreamServer()
        let task = streams.start {
            await streams.client.handle(streams.request(path), with: Lines())
        }
        #expect(streams.waitForRequest())
        task.cancel()
        let lines = try await task.value
        guard case .failed(let error) = lines.outcome else {
            Issue.record("ended \(String(describing: lines.outcome))")
            return
        }
        #expect(error.kind == .cancelled)
        streams.expectNothingOpen()
        try await streams.expectUsable()
        streams.stop()
    }

    @Test func aDeadline() async throws {
        let streams = try StreamServer { $0.deadlines.responseHead = .milliseconds(30) }
        let lines = await streams.client.handle(streams.request("/silent"), with: Lines())
        guard case .failed(.timeout(let deadline, _, _)) = lines.outcome else {
            Issue.record("ended \(String(describing: lines.outcome))")
            return
        }
        #expect(deadline == .responseHead)
        streams.expectNothingOpen()
        streams.stop()
    }

    /// A name that has to be looked up, and more requests than connections: the rare waits.
    @Test func manyThroughFewConnections() async throws {
        let streams = try StreamServer { $0.pool.perOrigin = 2 }
        let url = HTTPURL(
            scheme: .http, host: "localhost", port: streams.server.port, target: "/short")
        let counts = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<100 {
                group.addTask {
                    await streams.client.handle(HTTPRequest("GET", url), with: Lines()).count
                }
            }
            return await group.reduce(into: 0) { $0 += $1 }
        }
        #expect(counts == 300)
        #expect(streams.server.log.connections.count <= 2)
        streams.expectNothingOpen()
        streams.stop()
    }

    @Test func refusedConnections() async throws {
        let streams = try StreamServer()
        streams.server.stop()
        let lines = await streams.client.handle(streams.request("/short"), with: Lines())
        guard case .failed(.connect) = lines.outcome else {
            Issue.record("ended \(String(describing: lines.outcome))")
            return
        }
        streams.expectNothingOpen()
        streams.reactor.shutDown()
    }
}
