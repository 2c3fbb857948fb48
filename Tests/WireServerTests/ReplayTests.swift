import TestSupport
import Testing
import WireServer
import WireSockets
import WireTime

@Suite struct ReplayTests {
    /// Every recording, by requests where there are any, else by what comes first; compared byte
    /// for byte, and nothing sent behind.
    @Test func everyRecordingComesBackByteForByte() throws {
        let recordings = try Recording.all(in: Fixtures.recordings)
        var replayed = 0
        for recording in recordings {
            let asRequests = !recording.exchanges.isEmpty
            let server =
                asRequests
                ? try ReplayServer.replaying([recording], pace: .full)
                : try ReplayServer.performing(
                    .replaying(recording, pace: .full), afterBytes: recording.request.count)
            defer { server.stop() }
            let client = try RawClient(server)
            try client.send(recording.request)
            let closes = !asRequests || recording.exchanges.contains(where: \.closesConnection)
            let bytes =
                closes ? try client.receiveToEnd() : try client.receive(recording.response.count)
            #expect(bytes == recording.response, "\(recording.name)")
            #expect(client.ending == (closes ? .fin : nil), "\(recording.name)")
            client.close()
            let close = server.log.waitForClose(of: 0, until: farAway)
            #expect(close?.bytesSent == recording.response.count, "\(recording.name)")
            replayed += 1
        }
        #expect(replayed == recordings.count)
        #expect(replayed > 200)
    }

    @Test func recordedTimesAreKept() throws {
        let recording = try Fixtures.recording("chat-stream")
        let server = try ReplayServer.replaying([recording], pace: .recorded)
        defer { server.stop() }
        let client = try RawClient(server)
        let start = MonotonicClock.now
        try client.send(recording.request)
        #expect(try client.receive(recording.response.count) == recording.response)
        let wholeTime = try #require(recording.reads.last?.at)
        #expect(MonotonicClock.now.since(start) >= wholeTime)
        client.close()
        _ = server.log.waitForClose(of: 0, until: farAway)
        let record = try #require(server.log[0])
        let begin = try #require(record.requests.first?.receivedAt)
        // Each piece by itself, none before its time.
        #expect(record.writes.count == recording.reads.count)
        for (write, read) in zip(record.writes, recording.reads) {
            #expect(write.at.since(begin) >= read.at)
        }
        let ends = recording.reads.map(\.offset).dropFirst() + [recording.response.count]
        #expect(record.writes.map(\.bytesSent) == Array(ends))
    }

    @Test func aFactorStretchesTime() throws {
        let recording = try Fixtures.recording("chat-stream")
        let server = try ReplayServer.replaying([recording], pace: .factor(2))
        defer { server.stop() }
        let client = try RawClient(server)
        let start = MonotonicClock.now
        try client.send(recording.request)
        #expect(try client.receive(recording.response.count) == recording.response)
        let wholeTime = try #require(recording.reads.last?.at)
        #expect(MonotonicClock.now.since(start).nanoseconds >= 2 * wholeTime.nanoseconds)
    }

    @Test func aLibraryAnswersEachRequestWithItsRecording() throws {
        let names = ["chat-stream", "chat-nonstream", "embed-single", "v1-chat-stream"]
        let library = try Recording.all(in: Fixtures.recordings)
        let server = try ReplayServer.replaying(library, pace: .full)
        defer { server.stop() }
        // One connection for all of them.
        let client = try RawClient(server)
        for recording in library where names.contains(recording.name) {
            try client.send(recording.request)
            #expect(try client.receive(recording.response.count) == recording.response)
        }
        try client.send(get("/nothing/like/it"))
        let answer = try client.receive(through: "}")
        #expect(answer.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(answer.hasSuffix(#"{"error":"no recording matches GET /nothing/like/it"}"#))
        #expect(server.log[0]?.requests.last?.target == "/nothing/like/it")
        #expect(client.ending == nil)
    }

    @Test func aClientThatWaitsGetsTheRecordedContinue() throws {
        let recording = try Fixtures.recording("expect-100")
        let server = try ReplayServer.replaying([recording], pace: .full)
        defer { server.stop() }
        let client = try RawClient(server)
        let exchange = try #require(recording.exchanges.first)
        let headBytes = recording.request.count - exchange.body.count
        try client.send(Array(recording.request[..<headBytes]))
        #expect(try client.receive(25) == Array(recording.response[..<25]))
        try client.send(exchange.body)
        let rest = recording.response.count - 25
        #expect(try client.receive(rest) == Array(recording.response[25...]))
        client.close()
        let close = server.log.waitForClose(of: 0, until: farAway)
        #expect(close?.bytesSent == recording.response.count)
    }
}
