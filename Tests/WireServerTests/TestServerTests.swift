import TestSupport
import Testing
import WireHTTP1
import WireServer
import WireSockets
import WireTime

/// The server for tests, as a test uses it.
@Suite struct TestServerTests {
    private func client(_ server: TestServer) throws -> RawClient {
        try RawClient(to: server.address)
    }

    @Test func oneRecordingByItsPath() throws {
        let path = Fixtures.path("recordings/chat-stream")
        let recording = try Recording(path: path)
        let server = try TestServer.replaying(path, pace: .full)
        defer { server.stop() }
        #expect(server.url == "http://127.0.0.1:\(server.port)")
        let client = try client(server)
        try client.send(recording.request)
        #expect(try client.receive(recording.response.count) == recording.response)
        #expect(server.requests.map(\.target) == ["/api/chat"])
        #expect(server.requests[0].body == recording.exchanges[0].body)
        client.close()
        #expect(server.clientClose(within: .seconds(60))?.kind == .fin)
    }

    @Test func equalRequestsTakeTurns() throws {
        let bodies = try ["ps-none", "ps-loaded"].map { try Fixtures.recording($0) }
        let directory = try TemporaryDirectory()
        for (name, recording) in zip(["2", "1"], bodies) {
            _ = try directory.file("\(name).request", recording.request)
            _ = try directory.file("\(name).response", recording.response)
        }
        let server = try TestServer.replaying(directory.path)
        defer { server.stop() }
        let client = try client(server)
        for recording in bodies.reversed() + bodies.reversed() {
            try client.send(recording.request)
            #expect(try client.receive(recording.response.count) == recording.response)
        }
    }

    @Test func aLooseMatchPrefersTheSameForm() throws {
        let server = try TestServer.replaying(Fixtures.recordings, pace: .full, matching: .path)
        defer { server.stop() }
        let client = try client(server)
        let rest = #""messages":[{"role":"user","content":"other"}]"#
        try client.send(post("/api/chat", #"{"model":"tiny-tools","tools":[{}],\#(rest)}"#))
        #expect(try client.receive(through: "0\r\n\r\n").contains("tool_calls"))
        try client.send(
            post("/v1/chat/completions", #"{"model":"tiny-tools","stream":true,\#(rest)}"#))
        #expect(try client.receive(through: "\r\n\r\n").contains("event-stream"))
    }

    @Test func nothingToReplayIsAnError() throws {
        let directory = try TemporaryDirectory()
        #expect(throws: RecordingError.none(in: directory.path)) {
            try TestServer.replaying(directory.path)
        }
        #expect(throws: RecordingError.self) { try TestServer.replaying("/nowhere/at/all") }
    }

    @Test func itStopsWithItsClosure() async throws {
        let server = try TestServer.answering(with: .json("{}"))
        let answer = try await server.run { server in
            await Task.yield()
            let client = try client(server)
            try client.send(get("/a"))
            _ = server.requests(atLeast: 1, within: .seconds(60))
            return try client.receive(through: "{}")
        }
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
        #expect(throws: (any Error).self) { try client(server) }
    }

    @Test func waitingForRequestsEnds() throws {
        let server = try TestServer.answering(with: .silent)
        defer { server.stop() }
        #expect(server.requests(atLeast: 1, within: .milliseconds(10)).isEmpty)
        let client = try client(server)
        try client.send(post("/b", "xyz"))
        let requests = server.requests(atLeast: 1, within: .seconds(60))
        #expect(requests.map(\.body) == [Array("xyz".utf8)])
    }

    @Test func rawScripts() throws {
        let server = try TestServer.performing(.text("hello").then(.reset), afterBytes: 2)
        defer { server.stop() }
        let client = try client(server)
        try client.send("hi")
        _ = try client.receiveToEnd()
        #expect(client.ending == .reset)
    }
}
