import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireServer

/// What a real server was recorded to send in `/v1`, read by both drivers: the typed values that the
/// recordings show.
@Suite struct OpenAIRecordingTests {
    /// A server that answers anything with one recording.
    private func tell(
        _ name: String, _ request: ChatRequest = anyChat
    ) async throws -> [Told] {
        let recording = try Recording(path: "\(ManifestRecording.directory)/\(name)")
        let script = Script.replaying(recording.exchanges[0], pace: .full)
        let server = try ReplayServer.answering { _ in script }
        defer { server.stop() }
        var all: [Told] = []
        for way in WayIn.allCases {
            all.append(await Told(way, server.url + "/v1", request))
            let whole = await Told(whole: way, server.url + "/v1", request)
            if whole.error == nil { all.append(whole) }
            #expect(whole.error == all.last?.error)
        }
        // Whoever read to the end has given the connection back, or it was closed.
        return all
    }

    private func expect(
        _ name: String, text: String, reason: String, tokens: (Int, Int)?, stream: Bool,
        thinking: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for told in try await tell(name, anyChat.streaming(stream)) {
            #expect(told.error == nil, "\(name)", sourceLocation: sourceLocation)
            #expect(told.text == text, "\(name)", sourceLocation: sourceLocation)
            #expect(told.thinking == thinking, "\(name)", sourceLocation: sourceLocation)
            #expect(told.summary?.reason == reason, "\(name)", sourceLocation: sourceLocation)
            #expect(
                told.summary?.promptEvalCount == tokens?.0 ?? 0, sourceLocation: sourceLocation)
            #expect(told.summary?.evalCount == tokens?.1 ?? 0, sourceLocation: sourceLocation)
            #expect(
                told.summary?.endedWithoutTerminator == false, sourceLocation: sourceLocation)
        }
    }

    /// By rules of its own: the first choice's delta or message, piece by piece.
    private func recorded(_ name: String, _ field: String) throws -> String {
        let recording = try Recording(path: "\(ManifestRecording.directory)/\(name)")
        let text = String(decoding: recording.response, as: UTF8.self)
        var found = ""
        for line in text.split(whereSeparator: \.isNewline) {
            guard let start = line.firstIndex(of: "{"), line.hasSuffix("}") else { continue }
            let json = ManifestJSON(parsing: Array(line[start...].utf8))
            guard case .object(let members) = json,
                case .object(let choice) = members["choices"]?.array?.first
            else { continue }
            if let text = choice[field]?.string { found += text }
            for part in ["delta", "message"] {
                guard case .object(let values) = choice[part] else { continue }
                found += values[field]?.string ?? ""
            }
        }
        return found
    }

    @Test func chats() async throws {
        try await expect(
            "v1-chat-stream-usage", text: " land.", reason: "stop", tokens: (42, 3), stream: true)
        try await expect(
            "v1-chat-logprobs", text: " before them their", reason: "length", tokens: (42, 3),
            stream: false)
        for (name, stream) in [("v1-chat-stream", true), ("v1-chat-stop", true)] {
            let text = try recorded(name, "content")
            #expect(!text.isEmpty)
            try await expect(name, text: text, reason: "stop", tokens: nil, stream: stream)
        }
    }

    @Test func reasoning() async throws {
        for name in ["v1-chat-reasoning", "v1-chat-reasoning-stream"] {
            let told = try await tell(name, anyChat.streaming(name.hasSuffix("stream")))
            for told in told {
                #expect(told.error == nil)
                #expect(try told.thinking == recorded(name, "reasoning"))
                #expect(try told.text == recorded(name, "content"))
                #expect(!told.thinking.isEmpty)
            }
        }
    }

    @Test func toolCalls() async throws {
        for told in try await tell("v1-chat-tools-stream") {
            #expect(
                told.toolCalls == [
                    ToolCall(
                        id: "call_4jku049v", name: "get_weather",
                        arguments: ["days": 3, "city": "Paris"])
                ])
            #expect(told.summary?.reason == "tool_calls")
            #expect(told.summary?.evalCount == 6)
            #expect(told.summary?.promptEvalCount == 225)
        }
    }

    @Test func structuredAnswers() async throws {
        for told in try await tell("v1-chat-json-schema", anyChat.streaming(false)) {
            #expect(try told.text == recorded("v1-chat-json-schema", "content"))
            #expect(try JSONValue(parsing: told.text.utf8.span)["ok"]?.boolValue != nil)
        }
    }

    @Test(arguments: [
        ("v1-chat-bad-model", 404), ("v1-chat-bad-model-stream", 404), ("v1-chat-no-messages", 400),
        ("v1-chat-tools-unsupported", 400), ("v1-chat-bad-image", 400),
        ("v1-chat-embedding-model", 400), ("queue-full-503-v1-chat", 503),
        ("load-failure-v1-chat", 500),
    ])
    func refusals(name: String, status: Int) async throws {
        let recording = try Recording(path: "\(ManifestRecording.directory)/\(name)")
        let body = String(decoding: recording.response, as: UTF8.self)
        for told in try await tell(name) {
            let failure = told.error?.serverFailure
            #expect(failure?.status == status)
            #expect(failure?.message.isEmpty == false)
            #expect(body.contains(failure!.message.suffix(12)))
            #expect(failure?.hint == nil)
        }
    }

    /// A runner that was killed: the server says nothing of it, and there is no `[DONE]`.
    @Test func aFailureThatTheServerSwallows() async throws {
        let text = try recorded("midstream-error-v1-chat", "content")
        for told in try await tell("midstream-error-v1-chat") {
            #expect(told.error?.incompleteStream?.transport == nil)
            #expect(told.error?.incompleteStream?.recordCount == 12)
            #expect(told.error?.partialText == text)
        }
    }

    /// Models and vectors, as both drivers read them.
    @Test func modelsAndVectors() async throws {
        let names = ["v1-embeddings", "v1-embeddings-batch"]
        let recordings = try names.map {
            try Recording(path: "\(ManifestRecording.directory)/\($0)").exchanges[0]
        }
        let server = try ReplayServer.answering { request in
            request.target == "/v1/models"
                ? .json(
                    #"{"object":"list","data":[{"id":"tiny:latest","object":"model","created":1}]}"#
                )
                : .replaying(
                    recordings[request.body.contains(UInt8(ascii: "[")) ? 1 : 0], pace: .full)
        }
        defer { server.stop() }
        let ollama = Ollama(host: server.url + "/v1")
        var client = try BlockingOllama(host: server.url + "/v1")
        #expect(try await ollama.list().map(\.name) == ["tiny:latest"])
        #expect(try client.list().map(\.name) == ["tiny:latest"])
        for (name, input) in zip(names, [EmbedRequest.Input.text("hello"), .texts(["a", "b"])]) {
            let vectors = try await ollama.embed("tiny-bert", input)
            #expect(try client.embed("tiny-bert", input) == vectors)
            #expect(vectors.vectors.allSatisfy { $0.count == 32 })
            #expect(vectors.model == "tiny-bert")
            #expect(vectors.promptEvalCount > 0)
            #expect((vectors.vectors.count > 1) == name.hasSuffix("batch"))
        }
        var request = EmbedRequest(model: "tiny-bert", input: .text("x"))
        request.keepAlive = .forever
        await #expect(throws: StreamError.self) { try await ollama.embed(request) }
    }

    @Test func completions() async throws {
        for (name, stream) in [
            ("v1-completions", false), ("v1-completions-stream", true),
            ("v1-completions-stream-usage", true),
        ] {
            let recording = try Recording(path: "\(ManifestRecording.directory)/\(name)")
            let script = Script.replaying(recording.exchanges[0], pace: .full)
            let server = try ReplayServer.answering { _ in script }
            defer { server.stop() }
            var request = GenerateRequest(model: "m", prompt: "hi")
            request.stream = stream
            let reply = try await Ollama(host: server.url + "/v1").generate(request).collect()
            #expect(try reply.text == recorded(name, "text"))
            var client = try BlockingOllama(host: server.url + "/v1")
            #expect(try client.generate(request).collect().text == reply.text)
            #expect(["stop", "length"].contains(reply.summary.reason))
            #expect((reply.summary.evalCount > 0) == !name.hasSuffix("-stream"))
        }
    }
}
