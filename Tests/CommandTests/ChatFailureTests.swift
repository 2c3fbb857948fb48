import Glibc
import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem
import WireTime

/// How `chat` and `generate` end when there is no answer, or no more of it.
@Suite struct ChatFailureTests {
    private func expect(
        _ script: Script, _ options: [String], _ status: Int32, output: String = "",
        errors: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let server = try ChatServer(script)
        let result = try server.run(["chat", "m", "hi"] + options)
        #expect(result.status == status, sourceLocation: sourceLocation)
        #expect(result.output == output, sourceLocation: sourceLocation)
        #expect(result.errorLines.count == 1, sourceLocation: sourceLocation)
        #expect(result.errors.hasPrefix("tokenwire: "), sourceLocation: sourceLocation)
        #expect(result.errors.contains(errors), sourceLocation: sourceLocation)
        // The same as an object.
        let json = try server.run(["chat", "m", "hi", "--json"] + options)
        #expect(json.status == status, sourceLocation: sourceLocation)
        #expect(json.outputLines.count == 1, sourceLocation: sourceLocation)
        #expect(json.errorLines.count == 1, sourceLocation: sourceLocation)
        #expect(json.errors.contains(errors), sourceLocation: sourceLocation)
    }

    // MARK: The server and the way to it

    @Test func refusals() throws {
        try expect(
            .error("model 'm' not found", status: 404), [], 1,
            errors: "the server failed (status 404): model 'm' not found")
    }

    @Test func errorsInsideTheStream() throws {
        try expect(
            .ndjson([ChatServer.record("some "), ChatServer.record("text"), #"{"error":"broken"}"#]
            ),
            [], 1, output: "some text\n", errors: "the server failed (inside the stream): broken")
    }

    /// A message of the server cannot steer a terminal or pretend to be more lines.
    @Test func hostileMessages() throws {
        try expect(
            .error("a\u{1B}[2Jb\r\nc", status: 500), [], 1, errors: #"a\u{1B}[2Jb\r\nc"#)
    }

    @Test func nobodyThere() throws {
        let port = RefusingPort.number
        let result = try CommandProcess.run(["chat", "m", "hi", "--host", "127.0.0.1:\(port)"])
        #expect(result.status == 3)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains("127.0.0.1:\(port): "))
    }

    /// No name by the rules of the name system, so that nobody is asked for it.
    private static let noName = String(repeating: "a", count: 64) + ".invalid"

    @Test func noSuchHost() throws {
        let host = ChatFailureTests.noName
        let result = try CommandProcess.run(["chat", "m", "hi", "--host", host])
        #expect(result.status == 3)
        #expect(result.errors.contains(host))
    }

    #if TLS
    @Test func authoritiesThatAreNotThere() throws {
        let result = try CommandProcess.run([
            "chat", "m", "hi", "--host", "https://127.0.0.1:9", "--cacert", "/does/not/exist",
        ])
        #expect(result.status == 4)
        #expect(result.errors.contains("/does/not/exist"))
    }
    #endif

    @Test func deadlines() throws {
        try expect(.silent, ["--head-timeout", "50ms"], 5, errors: "responseHead")
        try expect(
            ChatServer.stalling("so far"), ["--content-idle-timeout", "50ms"], 5,
            output: "so far\n",
            errors: "contentIdle")
        try expect(
            ChatServer.stalling("so far"), ["--idle-timeout=50ms"], 5, output: "so far\n",
            errors: "bodyIdle")
        try expect(.silent, ["--timeout", "50ms"], 5, errors: "total")
    }

    @Test func incompleteStreams() throws {
        try expect(
            .ndjson([ChatServer.record("so far")]), [], 6, output: "so far\n",
            errors: "ended without its terminal record after 1 records")
        let bytes = ChatServer.stream("so far", "and on").sentBytes
        let cut = bytes.firstRange(of: Array(ChatServer.record("and on").utf8))!.lowerBound + 9
        try expect(
            .cut(after: cut, of: bytes), [], 6, output: "so far\n",
            errors: "ended without its terminal record after 1 records")
    }

    @Test func malformedRecords() throws {
        try expect(
            .ndjson([ChatServer.record("so far"), "<html>"]), [], 6, output: "so far\n",
            errors: "malformed record at byte \(ChatServer.record("so far").utf8.count + 1)")
    }

    @Test func objectsOfFailures() throws {
        let server = try ChatServer(ChatServer.stalling("so ", "far"))
        let result = try server.run(["chat", "m", "hi", "--json", "--content-idle-timeout", "50ms"])
        let json = ManifestJSON(parsing: Array(result.output.utf8))
        #expect(json["outcome"].string == "timeout")
        #expect(json["text"].string == "so far")
        #expect(json["error"].string?.contains("contentIdle") == true)
        let refusing = try ChatServer(.error("no", status: 400))
        let refused = try refusing.run(["generate", "m", "hi", "--json"])
        let refusal = ManifestJSON(parsing: Array(refused.output.utf8))
        #expect(refusal["outcome"].string == "server-error")
        #expect(refusal["error"].string == "the server failed (status 400): no")
    }

    // MARK: Guards

    @Test func tooManyCharacters() throws {
        let server = try ChatServer(ChatServer.stalling("123\u{E9}", "5678", "9"))
        let result = try server.run(["chat", "m", "hi", "--max-chars", "8"])
        #expect(result.status == 7)
        // Whole records: the one that went too far is still printed.
        #expect(result.output == "123\u{E9}56789\n")
        #expect(result.errors == "tokenwire: stopped: more than 8 characters\n")
        #expect(server.leaving() != nil)
        let whole = try ChatServer(ChatServer.stream("123\u{E9}", "5678"))
        #expect(try whole.run(["chat", "m", "hi", "--max-chars", "8"]).status == 0)
    }

    @Test func repetition() throws {
        let line = "and again and again, "
        let prefix = Script.ndjson([ChatServer.record("It goes on ")])
        let unit = "\(ChatServer.record(line))\n"
        let chunk = Array("\(String(unit.utf8.count, radix: 16))\r\n\(unit)\r\n".utf8)
        let server = try ChatServer(
            .endless(prefix.sentBytes.dropLast(5), repeating: chunk, every: .milliseconds(1)))
        let result = try server.run(["generate", "m", "hi", "--stop-repetition", "--json"])
        #expect(result.status == 7)
        let json = ManifestJSON(parsing: Array(result.output.utf8))
        #expect(json["outcome"].string == "stopped")
        // Of /api/chat: the text is the same.
        #expect(json["text"].string?.hasPrefix("It goes on \(line)") == true)
        #expect(
            json["error"].string == "stopped: the last \(line.utf8.count) bytes repeat themselves")
        #expect(server.leaving() != nil)
    }

    // MARK: Leaving

    @Test(arguments: [SIGINT, SIGTERM])
    func signals(signal: Int32) throws {
        let server = try ChatServer(ChatServer.stalling("so ", "far"))
        let process = try server.start(["chat", "m", "hi"])
        _ = try process.readOutput(until: "far")
        process.send(signal: signal)
        let result = try process.finish()
        #expect(result == CommandResult(status: 128 + signal, output: "so far\n", errors: ""))
        #expect(server.leaving()?.kind == .fin)
    }

    @Test func signalsBeforeTheFirstToken() throws {
        let server = try ChatServer(.silent)
        let process = try server.start(["generate", "m", "hi", "--json"])
        let limit = MonotonicClock.now + .seconds(60)
        _ = server.server.log.wait(for: 0, until: limit) { !$0.requests.isEmpty }
        process.send(signal: SIGINT)
        let result = try process.finish()
        #expect(result.status == 130)
        #expect(result.errors == "")
        #expect(ManifestJSON(parsing: Array(result.output.utf8))["outcome"].string == "interrupted")
        #expect(server.leaving()?.kind == .fin)
    }

    /// Whoever reads no more has what it wanted.
    @Test func brokenPipes() throws {
        let chunk = "\(ChatServer.record("on and on "))\n"
        let server = try ChatServer(
            .endless(
                Script.ndjson([ChatServer.record("so far")]).sentBytes.dropLast(5),
                repeating: Array("\(String(chunk.utf8.count, radix: 16))\r\n\(chunk)\r\n".utf8),
                every: .milliseconds(1)))
        let process = try server.start(["chat", "m", "hi"])
        try process.readOutput(with: "far")
        process.closeOutput()
        let result = try process.finish()
        #expect(result.status == 0)
        #expect(result.errors == "")
        #expect(server.leaving() != nil)
    }

    /// A full disk is no broken pipe.
    @Test func outputThatCannotBeWritten() throws {
        let server = try ChatServer(ChatServer.stream("so far", "and on"))
        let result = try CommandProcess.runInShell(
            "exec \"$0\" chat m hi --host $1 > /dev/full", [server.server.url])
        #expect(result.status == 2)
        #expect(
            result.errors == "tokenwire: cannot write standard output: No space left on device\n")
    }

    // MARK: Usage

    @Test(arguments: [
        (["chat"], "a model"), (["chat", "m", "two", "words"], "quote it"),
        (["generate"], "a model"), (["chat", "m", "p", "--raw", "--json"], "--json"),
        (["chat", "m", "p", "--think", "much"], "'much'"),
        (["chat", "m", "p", "--option", "temperature"], "'temperature'"),
        (["chat", "m", "p", "--option", "=1"], "'=1'"),
        (["chat", "m", "p", "--max-chars", "0"], "'0'"),
        (["chat", "m", "p", "--max-tokens", "many"], "'many'"),
        (["chat", "m", "p", "--keep-alive", "soon"], "'soon'"),
        (["chat", "m", "p", "--image", "/nonexistent"], "/nonexistent"),
        (["chat", "m", "p", "--format", "/nonexistent"], "/nonexistent"),
        (["chat", "m", "p", "--tools", "/dev/null"], "/dev/null"),
        (["generate", "m", "p", "--tools", "tools.json"], "tools.json"),
        (["chat", "m", "p", "--api", "openai", "--option", "num_ctx=1"], "num_ctx"),
        (["chat", "m", "p", "--host", "http://127.0.0.1/v1", "--keep-alive", "5m"], "keep_alive"),
        (["chat", "m", "p", "--api", "other"], "--api"),
        (["chat", "m", "p", "--host", "exa mple"], "'exa mple'"),
        (["chat", "m", "p", "--host", "user:secret@example.com"], "user"),
        (["chat", "m", "p", "--host", "example.com", "--api-key", "k"], "--api-key"),
        (["chat", "m", "p", "--header", "nothing"], "--header takes"),
        (["chat", "m", "p", "--unknown"], "--unknown"), (["list", "m"], "'m'"),
        (["ps", "--raw"], "--raw"), (["version", "1"], "'1'"),
    ])
    func usage(arguments: [String], named: String) throws {
        let result = try CommandProcess.run(arguments)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains(named))
    }

    @Test func toolsThatAreNoList() throws {
        let directory = try TemporaryDirectory()
        let file = try directory.file("tools.json", "{}")
        let result = try CommandProcess.run(["chat", "m", "p", "--tools", file])
        #expect(result.status == 2)
        #expect(result.errors.contains("no JSON array"))
        let generating = try CommandProcess.run(["generate", "m", "p", "--tools", file])
        #expect(generating.status == 2)
    }

    @Test func promptsThatAreNoText() throws {
        let directory = try TemporaryDirectory()
        let input = try Files.open(try directory.file("input", [0x61, 0xFF]))
        let result = try CommandProcess(["chat", "m", "-"], input: input).finish()
        #expect(result.status == 2)
        #expect(result.errors == "tokenwire: standard input is not UTF-8\n")
    }

    /// Its key goes nowhere where it may be read.
    @Test func aKeyOfTheEnvironmentStays() throws {
        let script = "OLLAMA_API_KEY=secret exec \"$0\" chat m hi --host $1"
        let result = try CommandProcess.runInShell(script, [ChatFailureTests.noName])
        // Not refused, just not sent: the name is looked up and does not exist.
        #expect(result.status == 3)
        #expect(!result.errors.contains("secret"))
    }
}
