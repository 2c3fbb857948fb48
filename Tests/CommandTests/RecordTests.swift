import Glibc
import TestSupport
import Testing
import WireServer
import WireSockets
import WireTime

/// `tokenwire record` and `replay` as their users see them.
@Suite struct RecordTests {
    private static let stream = Script.ndjson(
        (0..<50).map { #"{"n":\#($0)}"# }, every: .milliseconds(2))

    @Test(arguments: [
        (["record", "--listen", "nonsense"], "--listen"),
        (["record", "--upstream", "http://a/?x"], "--upstream"),
        (["record", "--leave-after", "0"], "--leave-after"), (["record", "x"], "'x'"),
        (["record", "--driver", "reactor"], "--driver"),
        (["replay"], "no directory"), (["replay", "/nowhere/at/all"], "/nowhere/at/all"),
        (["replay", "/"], "no recordings"), (["replay", "/", "--speed", "-1x"], "--speed"),
        (["replay", "/", "--match", "x"], "--match"),
    ])
    func whatMakesNoSense(arguments: [String], mention: String) throws {
        let result = try CommandProcess.run(arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains(mention))
    }

    @Test func aPortThatIsTaken() throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        for command in [["record"], ["replay", Fixtures.recordings]] {
            let result = try CommandProcess.run(command + ["--listen", ":\(server.port)"])
            #expect(result.status == 3)
            #expect(result.errors.contains("Address already in use"))
        }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalEndsRecordingWithWholeFiles(signal: Int32) throws {
        let server = try ReplayServer.answering { _ in RecordTests.stream }
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let serving = try ServingProcess(["record", "--upstream", server.url, "-o", directory.path])
        let client = try RawClient(to: serving.address)
        try client.send(post("/api/chat", "{}"))
        _ = try client.receive(through: "0\r\n\r\n")
        _ = try serving.process.readOutput(until: "000001-POST-api-chat\n")
        // One more, in the middle.
        try client.send(post("/api/chat", "{}"))
        _ = try client.receive(through: #"{"n":3}"#)
        serving.process.send(signal: signal)
        let result = try serving.process.finish()
        #expect(result.status == 128 + signal)
        #expect(result.errors == "")
        let line = try #require(result.outputLines.dropFirst().first)
        #expect(line.hasPrefix("POST /api/chat 200 complete, 50 records, "))
        let recordings = try Recording.all(in: directory.path)
        #expect(recordings.map(\.name) == ["000001-POST-api-chat"])
        #expect(recordings[0].response == RecordTests.stream.sentBytes)
        _ = try client.receiveToEnd()
    }

    /// SIGKILL in the midst of everything: what is there is whole.
    @Test func aKilledRecorderLeavesWholeExchangesOnly() throws {
        let server = try ReplayServer.answering { _ in RecordTests.stream }
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let serving = try ServingProcess(["record", "--upstream", server.url, "-o", directory.path])
        let clients = try (0..<20).map { _ in try RawClient(to: serving.address) }
        for round in 0..<3 {
            for client in clients { try client.send(post("/api/chat", "{}")) }
            if round == 2 { break }
            for client in clients { _ = try client.receive(through: "0\r\n\r\n") }
        }
        _ = try clients[7].receive(through: #"{"n":3}"#)
        serving.process.send(signal: SIGKILL)
        _ = try serving.process.finish()
        let recordings = try Recording.all(in: directory.path)
        #expect(recordings.count >= 1)
        for recording in recordings {
            #expect(recording.response == RecordTests.stream.sentBytes)
            #expect(recording.exchanges.first?.body == Array("{}".utf8))
            #expect(recording.reads.count >= 1)
        }
        // Another recorder goes on behind them.
        let next = try ServingProcess(["record", "--upstream", server.url, "-o", directory.path])
        let client = try RawClient(to: next.address)
        try client.send(get("/last"))
        _ = try client.receive(through: "0\r\n\r\n")
        _ = try next.process.readOutput(until: "-GET-last\n")
        next.process.send(signal: SIGTERM)
        _ = try next.process.finish()
        #expect(try Recording.all(in: directory.path).last?.name.hasSuffix("-GET-last") == true)
    }

    @Test func aDirectoryThatIsNone() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("file", "")
        let result = try CommandProcess.run(["record", "-o", file])
        #expect(result.status == 3)
        #expect(result.errors.contains("Not a directory"))
    }

    /// Bytes, order and gaps of a stream that was recorded through the proxy and is replayed.
    @Test func whatWasRecordedIsReplayedAsItWas() throws {
        let gap = Timeout.milliseconds(30)
        let script = Script.ndjson((0..<8).map { #"{"n":\#($0)}"# }, every: gap)
        let server = try ReplayServer.answering { _ in script }
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        let recorder = try ServingProcess([
            "record", "--upstream", server.url, "-o", directory.path,
        ])
        let client = try RawClient(to: recorder.address)
        try client.send(post("/api/chat", #"{"a":1,"b":2}"#))
        _ = try client.receive(through: "0\r\n\r\n")
        _ = try recorder.process.readOutput(until: "-POST-api-chat\n")
        recorder.process.send(signal: SIGTERM)
        _ = try recorder.process.finish()

        let recording = try #require(try Recording.all(in: directory.path).first)
        let length = try #require(recording.reads.last?.at)
        // Less what the request may have been under way before its sending was noted.
        #expect(length >= Timeout(nanoseconds: gap.nanoseconds * 8 - 5_000_000))

        let replay = try ServingProcess(["replay", directory.path])
        defer { replay.process.send(signal: SIGKILL) }
        let again = try RawClient(to: replay.address)
        let start = MonotonicClock.now
        // The same JSON, not the same bytes.
        try again.send(post("/api/chat", #"{ "b": 2, "a": 1.0 }"#))
        let received = try again.receive(script.sentBytes.count)
        #expect(received == script.sentBytes)
        #expect(MonotonicClock.now.since(start) >= length)
        try again.send(post("/api/chat", #"{"a":2}"#))
        #expect(try again.receive(through: "}").hasPrefix("HTTP/1.1 404 "))
    }

    /// A client without timeouts gets them by its base URL.
    @Test func deadlinesOfTheRecorder() throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        let serving = try ServingProcess([
            "record", "--upstream", server.url, "--head-timeout", "50ms",
        ])
        let client = try RawClient(to: serving.address)
        try client.send(post("/api/chat", "{}"))
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 504 "))
        serving.process.send(signal: SIGTERM)
        let result = try serving.process.finish()
        #expect(result.output.contains("failed: timeout: the responseHead deadline passed"))
    }
}
