import TestSupport
import Testing
import WireDriver
import WireExchange
import WireHTTP1
import WireHTTPClient
import WireTime

/// What belongs to one scope, and what to one pause, and to nothing else.
@Suite struct ScopeTests {
    private let request = HTTPRequest(
        "GET", HTTPURL(scheme: .http, host: "peer", port: 80, target: "/"))

    private func client(_ system: ScriptedSystem) -> HTTPClient {
        var options = HTTPClient.Options()
        options.deadlines = .standard.with(\.bodyIdle, .seconds(6))
        return HTTPClient(options, system: system)
    }

    /// The end of a task ends what it reads, not what others read under the same cancellation.
    @Test func aCancelledTaskCancelsItsOwn() async throws {
        let shared = Cancellation()
        let http = client(ScriptedSystem())
        let request = request
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            try await http.withResponse(to: request, cancellation: shared) { _ in }
        }
        task.cancel()
        await #expect(throws: TransportError.self) { try await task.value }
        #expect(!shared.isCancelled)
    }

    @Test func aCancellationEndsTheScope() async throws {
        let shared = Cancellation()
        shared.cancel()
        let http = client(ScriptedSystem())
        do {
            try await http.withResponse(to: request, cancellation: shared) { _ in }
            Issue.record("sent though cancelled")
        } catch {
            #expect((error as? TransportError)?.kind == .cancelled)
        }
    }

    /// An iterator looks for what is buffered before it waits: the caller's pause counts once for all
    /// that.
    @Test func aPauseCountsOnce() async throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request,
                .text("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\na\n\r\n"),
            ]))
        var lines = client(system).lines(of: request).makeAsyncIterator()
        #expect(try await lines.next(isolation: #isolation) == "a")
        system.advance(by: .seconds(5))
        do {
            _ = try await lines.next(isolation: #isolation)
            Issue.record("there is no second line")
        } catch {
            guard case .transport(.timeout(let deadline, _, _)) = error else { throw error }
            #expect(deadline == .bodyIdle)
        }
        #expect(system.elapsed == .seconds(11))
    }

    @Test func eventsKeepTheirID() async throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text("HTTP/1.1 200 OK\r\n\r\nid: 7\nevent: e\ndata: x\n\ndata: y\n\n"),
                .end,
            ]))
        var seen: [ServerSentEvent] = []
        for try await event in client(system).events(of: request) { seen.append(event) }
        #expect(
            seen == [
                ServerSentEvent(type: "e", data: "x", lastEventID: "7"),
                ServerSentEvent(type: "message", data: "y", lastEventID: "7"),
            ])
    }
}
