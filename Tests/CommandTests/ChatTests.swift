import TestSupport
import Testing
import WireHTTP1
import WireServer
import WireSystem

/// `tokenwire chat` and `generate`: what is asked, and what is printed.
@Suite struct ChatTests {
    private static let recorded = ["--option", "seed=1", "--option", "num_predict=12"]

    // MARK: Recorded answers, to requests equal to the recorded ones

    @Test func aChat() throws {
        let server = try ChatServer(recordings: "chat-stream")
        let result = try server.run(["chat", "tiny", "hello there"] + ChatTests.recorded)
        let text = try RecordedOutput.text("chat-stream").text
        #expect(result == CommandResult(status: 0, output: text + "\n", errors: ""))
    }

    @Test func aGeneration() throws {
        let server = try ChatServer(recordings: "generate-stream")
        let options = ["--option", "seed=1", "--max-tokens", "12"]
        let result = try server.run(["generate", "tiny", "hello there"] + options)
        let text = try RecordedOutput.text("generate-stream").text
        #expect(result == CommandResult(status: 0, output: text + "\n", errors: ""))
    }

    @Test func records() throws {
        let server = try ChatServer(recordings: "chat-stream")
        let result = try server.run(["chat", "tiny", "hello there", "--raw"] + ChatTests.recorded)
        #expect(result.status == 0)
        let recording = try Recording(path: "\(ManifestRecording.directory)/chat-stream")
        #expect(result.outputLines.count == 13)
        for line in result.outputLines {
            // Unchanged: each is a chunk of the recording.
            let chunk = "\r\n" + String(line.utf8.count + 1, radix: 16) + "\r\n\(line)\n\r\n"
            #expect(String(decoding: recording.response, as: UTF8.self).contains(chunk))
        }
    }

    /// Thinking is for the eye: not on a standard error that is a file.
    @Test func thinking() throws {
        let server = try ChatServer(recordings: "generate-think")
        let arguments = [
            "generate", "tiny-think", "hi", "--think", "true", "--option", "seed=4",
            "--option", "num_predict=60",
        ]
        let recorded = try RecordedOutput.text("generate-think")
        #expect(
            try server.run(arguments)
                == CommandResult(status: 0, output: recorded.text + "\n", errors: ""))
        let json = ManifestJSON(parsing: Array(try server.run(arguments + ["--json"]).output.utf8))
        #expect(json["text"].string == recorded.text)
        #expect(json["thinking"].string == recorded.thinking)
    }

    @Test func tools() throws {
        let server = try ChatServer(recordings: "chat-tools-stream")
        let directory = try TemporaryDirectory()
        let file = try directory.file(
            "tools.json",
            #"[{"type":"function","function":{"name":"get_weather","description":"Get weather","#
                + #""parameters":{"type":"object","required":["city"],"properties":{"#
                + #""city":{"type":"string"},"days":{"type":"integer"}}}}}]"#)
        let arguments =
            ["chat", "tiny-tools", "hello there", "--tools", file] + ChatTests.recorded
        let result = try server.run(arguments)
        #expect(result.status == 0)
        #expect(result.outputLines.count == 1)
        #expect(result.output.hasPrefix(#"get_weather {""#))
        let json = ManifestJSON(parsing: Array(try server.run(arguments + ["--json"]).output.utf8))
        let call = try #require(json["tool_calls"].array?.first)
        #expect(call["name"].string == "get_weather")
        #expect(call["id"].string?.hasPrefix("call_") == true)
        #expect(json["text"].string == "")
    }

    // MARK: What is printed

    @Test func oneObject() throws {
        let server = try ChatServer(ChatServer.stream("Hel", "lo\\n\\\"", "\u{E9}"))
        let result = try server.run(["chat", "m", "hi", "--json"])
        #expect(result.status == 0)
        #expect(result.outputLines.count == 1)
        guard case .object(var members) = ManifestJSON(parsing: Array(result.output.utf8)) else {
            Issue.record("no object")
            return
        }
        #expect(members.removeValue(forKey: "first_token_ms")?.integer != nil)
        let expected = """
            {"outcome":"complete","text":"Hello\\n\\"\u{E9}","done_reason":"stop",
            "prompt_eval_count":7,"eval_count":30,"load_ms":1500,"total_ms":4000}
            """
        #expect(.object(members) == ManifestJSON(parsing: Array(expected.utf8)))
    }

    @Test func stats() throws {
        let server = try ChatServer(ChatServer.stream("hello"))
        let result = try server.run(["chat", "m", "hi", "--stats"])
        #expect(result.output == "hello\n")
        let line = try #require(result.errorLines.first)
        #expect(result.errorLines.count == 1)
        #expect(line.hasPrefix("30 tokens, 15.0 tokens/s, first token "))
        #expect(line.hasSuffix(", load 1.5 s, prompt 7 tokens in 20.0 ms, total 4.0 s"))
    }

    @Test(arguments: [("ends with a line\\n", "ends with a line\n"), ("", ""), ("\\n\\n", "\n\n")])
    func lineEnds(content: String, printed: String) throws {
        let server = try ChatServer(ChatServer.stream(content))
        #expect(try server.run(["chat", "m", "hi"]).output == printed)
    }

    @Test func nothingIsHeldBack() throws {
        let server = try ChatServer(ChatServer.stalling("so far"))
        let process = try server.start(["chat", "m", "hi"])
        #expect(try process.readOutput(until: "so far") == "so far")
        process.send(signal: 15)
        #expect(try process.finish().status == 143)
    }

    // MARK: What is asked

    @Test func everythingThatCanBeAsked() throws {
        let server = try ChatServer(ChatServer.stream("x"))
        let directory = try TemporaryDirectory()
        let image = try directory.file("image", [0x89, 0x50, 0xFF])
        let schema = try directory.file("schema.json", #"{"type":"object"}"#)
        let tools = try directory.file(
            "tools.json", #"[{"type":"function","function":{"name":"f"}}]"#)
        let result = try server.run([
            "chat", "m:7b", "What is \"it\"?\n", "--system", "Be brief.", "--image", image,
            "--image", image, "--format", schema, "--option", "temperature=0", "--option",
            "num_ctx=8192", "--option", #"stop=["\n","END"]"#, "--option", "use_mmap=true",
            "--option", "name=text", "--option", "empty=", "--think", "high", "--tools", tools,
            "--keep-alive", "90s", "--max-tokens", "5", "--header", "X-Trace: 1",
            "--api-key", "secret",
        ])
        #expect(result.status == 0)
        let expected = """
            {"model":"m:7b","messages":[{"role":"system","content":"Be brief."},
            {"role":"user","content":"What is \\"it\\"?\\n","images":["iVD/","iVD/"]}],
            "tools":[{"type":"function","function":{"name":"f"}}],"format":{"type":"object"},
            "options":{"num_predict":5,"temperature":0,"num_ctx":8192,"stop":["\\n","END"],
            "use_mmap":true,"name":"text","empty":""},"think":"high","keep_alive":90}
            """
        #expect(try server.body() == ManifestJSON(parsing: Array(expected.utf8)))
        let request = try #require(server.requests.first)
        #expect(request.method == "POST")
        #expect(request.target == "/api/chat")
        #expect(request.head.fields["x-trace"] == "1")
        #expect(request.head.fields["authorization"] == "Bearer secret")
        #expect(request.head.fields["content-type"] == "application/json")
    }

    @Test func everythingOfAGeneration() throws {
        let server = try ChatServer(ChatServer.stream("x"))
        let result = try server.run(
            [
                "generate", "m", "-", "--system", "s", "--format", "json", "--think", "false",
                "--keep-alive", "never",
            ], input: "from\nstdin\u{E9}\n")
        #expect(result.status == 0)
        let expected = """
            {"model":"m","prompt":"from\\nstdin\u{E9}\\n","system":"s","format":"json",
            "think":false,"keep_alive":-1}
            """
        #expect(try server.body() == ManifestJSON(parsing: Array(expected.utf8)))
        #expect(server.requests.first?.target == "/api/generate")
    }

    @Test(arguments: [["chat", "m"], ["chat", "m", "-"], ["generate", "m"]])
    func promptsFromStandardInput(arguments: [String]) throws {
        let server = try ChatServer(ChatServer.stream("x"))
        #expect(try server.run(arguments, input: "a\nb").status == 0)
        let body = try server.body()
        let prompt =
            arguments[0] == "chat" ? body["messages"].array?.last?["content"] : body["prompt"]
        #expect(prompt?.string == "a\nb")
    }

    @Test(arguments: [
        ("0", "0"), ("-1", "-1"), ("never", "-1"), ("5m", "300"), ("500ms", "\"500ms\""),
    ])
    func keepAlive(given: String, sent: String) throws {
        let server = try ChatServer(ChatServer.stream("x"))
        #expect(try server.run(["chat", "m", "hi", "--keep-alive=\(given)"]).status == 0)
        #expect(try server.body()["keep_alive"] == ManifestJSON(parsing: Array(sent.utf8)))
    }

    // MARK: Whom

    @Test func theServerFromTheEnvironment() throws {
        let server = try ChatServer(ChatServer.stream("x"))
        let script = "OLLAMA_HOST=$1 OLLAMA_API_KEY=k exec \"$0\" chat m hi"
        let result = try CommandProcess.runInShell(script, [server.server.url])
        #expect(result == CommandResult(status: 0, output: "x\n", errors: ""))
        #expect(server.requests.first?.head.fields["authorization"] == "Bearer k")
    }

    @Test func theOptionBeatsTheEnvironment() throws {
        let server = try ChatServer(ChatServer.stream("x"))
        let unused = RefusingPort.number
        let script =
            "OLLAMA_HOST=:\(unused) OLLAMA_API_KEY=k exec \"$0\" chat m hi --host $1 --api-key l"
        #expect(try CommandProcess.runInShell(script, [server.server.url]).status == 0)
        #expect(server.requests.first?.head.fields["authorization"] == "Bearer l")
    }
}
