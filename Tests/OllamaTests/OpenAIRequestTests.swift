import OllamaProtocol
import TestSupport
import Testing
import WireExchange
import WireHTTP1
import WireJSON
import WireServer

/// Requests as `/v1` wants them: as they were recorded, and what is refused.
@Suite struct OpenAIRequestTests {
    private func recorded(_ name: String) throws -> ManifestJSON {
        let recording = try Recording(path: "\(ManifestRecording.directory)/\(name)")
        return ManifestJSON(parsing: recording.exchanges[0].body)
    }

    private func expect(
        _ name: String, _ request: OllamaRequest, _ route: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(request.route == route, sourceLocation: sourceLocation)
        #expect(
            ManifestJSON(parsing: request.body!) == (try recorded(name)), "\(name)",
            sourceLocation: sourceLocation)
    }

    private var hello: ChatRequest {
        ChatRequest(model: "tiny", messages: [.user("hello there")])
    }

    private func chat(_ change: (inout ChatRequest) -> Void) throws -> OllamaRequest {
        var request = hello
        request.stream = false
        change(&request)
        return try OllamaRequest(request, in: .openAI)
    }

    private static let weather = JSONValue.tool(
        "get_weather", "Get weather",
        parameters: [
            "type": "object", "required": ["city"],
            "properties": ["city": ["type": "string"], "days": ["type": "integer"]],
        ])

    @Test func recordedChats() throws {
        let route = "/v1/chat/completions"
        try expect(
            "v1-chat-nonstream",
            chat {
                $0.options.numPredict = 12
                $0.options.seed = 1
            }, route)
        try expect(
            "v1-chat-stream",
            chat {
                $0.stream = true
                $0.asksForUsage = false
                $0.options.numPredict = 12
                $0.options.seed = 1
            }, route)
        try expect(
            "v1-chat-stop",
            chat {
                $0.stream = true
                $0.asksForUsage = false
                $0.options.seed = 3
            }, route)
        try expect(
            "v1-chat-logprobs",
            chat {
                $0.options.numPredict = 3
                $0.logprobs = true
                $0.topLogprobs = 2
            }, route)
        try expect("v1-chat-auth-header", chat { $0.options.numPredict = 2 }, route)
        try expect(
            "v1-chat-reasoning",
            chat {
                $0.model = "tiny-think"
                $0.think = .high
                $0.options.numPredict = 60
                $0.options.seed = 4
            }, route)
        try expect(
            "v1-chat-tools-stream",
            chat {
                $0.model = "tiny-tools"
                $0.stream = true
                $0.tools = [OpenAIRequestTests.weather]
            }, route)
        try expect(
            "v1-chat-json-schema",
            chat {
                $0.model = "tiny-json"
                $0.options.numPredict = 30
                // The name, which is the caller's own there.
                let schema: JSONValue = [
                    "type": "object", "properties": ["ok": ["type": "boolean"]],
                    "required": ["ok"],
                ]
                $0.extra = [
                    .init(
                        key: "response_format",
                        value: [
                            "type": "json_schema", "json_schema": ["name": "x", "schema": schema],
                        ])
                ]
            }, route)
    }

    @Test func recordedCompletions() throws {
        var request = GenerateRequest(model: "tiny", prompt: "hello")
        request.options.numPredict = 8
        request.options.seed = 1
        try expect(
            "v1-completions-stream-usage", OllamaRequest(request, in: .openAI), "/v1/completions")
        request.asksForUsage = false
        try expect("v1-completions-stream", OllamaRequest(request, in: .openAI), "/v1/completions")
    }

    @Test func formats() throws {
        let schema: JSONValue = ["type": "object", "title": "My answer!"]
        let body = try chat { $0.format = .schema(schema) }.body!
        let json = try JSONValue(parsing: body.span)
        #expect(json["response_format"]?["json_schema"]?["name"] == "Myanswer")
        #expect(json["response_format"]?["json_schema"]?["schema"] == schema)
        let plain = try chat { $0.format = .json }.body!
        #expect(try JSONValue(parsing: plain.span)["response_format"]?["type"] == "json_object")
    }

    @Test func turns() throws {
        var seen = Message.user("What is this?")
        seen.images = [[0x89, 0x50, 0x4E, 0x47, 1]]
        var called = Message.assistant("")
        called.thinking = "hm"
        called.toolCalls = [ToolCall(id: "a", name: "f", arguments: ["x": 1])]
        let messages = [seen, called, .tool("17", callID: "a", name: "f")]
        let body = try chat { $0.messages = messages }.body!
        let turns = try #require(try JSONValue(parsing: body.span)["messages"])
        #expect(turns[0]?["content"]?[0]?["text"] == "What is this?")
        #expect(
            turns[0]?["content"]?[1]?["image_url"]?["url"] == "data:image/png;base64,iVBORwE=")
        #expect(turns[1]?["reasoning"] == "hm")
        #expect(turns[1]?["tool_calls"]?[0]?["function"]?["arguments"] == #"{"x":1}"#)
        #expect(turns[2]?["tool_call_id"] == "a")
        #expect(turns[2]?["name"] == "f")
    }

    @Test(arguments: [
        (Think.off, "none"), (.on, "medium"), (.low, "low"), (.max, "max"),
    ])
    func efforts(think: Think, effort: String) throws {
        let body = try chat { $0.think = think }.body!
        #expect(try JSONValue(parsing: body.span)["reasoning_effort"]?.stringValue == effort)
    }

    // MARK: Refused

    private func reason(_ make: () throws(StreamError) -> OllamaRequest) -> String {
        do throws(StreamError) {
            _ = try make()
            return ""
        } catch { return error.description }
    }

    private static let changes: [(name: String, change: @Sendable (inout ChatRequest) -> Void)] = [
        ("num_ctx", { $0.options.numCtx = 4096 }), ("top_k", { $0.options.topK = 4 }),
        ("keep_alive", { $0.keepAlive = .forever }), ("truncate", { $0.truncate = true }),
        ("shift", { $0.shift = true }), ("no messages", { $0.messages = [] }),
        ("num_ctx", { $0.extra = [.init(key: "num_ctx", value: 1)] }),
        ("options", { $0.extra = [.init(key: "options", value: [:])] }),
    ]

    /// What Ollama would pass over in `/v1`; the error says that the native API can do it.
    @Test(arguments: changes.indices)
    func onlyNative(index: Int) {
        let (name, change) = OpenAIRequestTests.changes[index]
        var request = hello
        change(&request)
        let reason = reason { () throws(StreamError) in try OllamaRequest(request, in: .openAI) }
        #expect(reason.contains(name))
        #expect(reason.contains("the native API (/api) can do it"))
        #expect(
            self.reason { () throws(StreamError) in
                if name == "num_ctx" { request.extra = [] }
                return try OllamaRequest(request, in: .native)
            } == "")
    }

    @Test(arguments: [
        ("tool_choice", "the OpenAI-compatible API (/v1) can do it"),
        ("parallel_tool_calls", "the OpenAI-compatible API (/v1) can do it"),
        ("max_tokens", "options.numPredict"),
        ("response_format", "format"), ("reasoning_effort", "think"), ("temperature", "options"),
    ])
    func onlyOpenAI(field: String, hint: String) {
        var request = hello
        request.extra = [.init(key: field, value: "auto")]
        let reason = reason { () throws(StreamError) in try OllamaRequest(request, in: .native) }
        #expect(reason.contains(field))
        #expect(reason.contains(hint))
    }

    private func sent(_ request: OllamaRequest) throws -> JSONValue {
        let body = try #require(request.body)
        return try JSONValue(parsing: body.span)
    }

    /// Ollama passes over it by that name: it goes by the one that the dialect has.
    @Test func maxCompletionTokens() throws {
        var request = hello
        request.extra = [.init(key: "max_completion_tokens", value: 9)]
        let native = try sent(OllamaRequest(request, in: .native))
        #expect(native["options"]?["num_predict"] == 9)
        #expect(native["max_completion_tokens"] == nil)
        let openAI = try sent(OllamaRequest(request, in: .openAI))
        #expect(openAI["max_tokens"] == 9)
        #expect(openAI["max_completion_tokens"] == nil)
        request.options.numPredict = 9
        let both = try sent(OllamaRequest(request, in: .openAI))
        #expect(both["max_tokens"] == 9)
        request.options.numPredict = 8
        for dialect in [Dialect.native, .openAI] {
            let reason = reason { () throws(StreamError) in
                try OllamaRequest(request, in: dialect)
            }
            #expect(reason.contains("9, but options.numPredict says 8"))
        }
        request.options.numPredict = nil
        for value: JSONValue in ["9", 0, -1, 1.5, true] {
            request.extra = [.init(key: "max_completion_tokens", value: value)]
            let reason = reason { () throws(StreamError) in
                try OllamaRequest(request, in: .native)
            }
            #expect(reason.contains("takes a number from 1 on"), "\(value)")
        }
        var generation = GenerateRequest(model: "m", prompt: "hi")
        generation.extra = [.init(key: "max_completion_tokens", value: 9)]
        let text = try sent(OllamaRequest(generation, in: .openAI))
        #expect(text["max_tokens"] == 9)
    }

    @Test func toolChoice() throws {
        var request = hello
        request.toolChoice = .function("f")
        let body = try OllamaRequest(request, in: .openAI).body!
        #expect(
            try JSONValue(parsing: body.span)["tool_choice"]?["function"]?["name"] == "f")
        let reason = reason { () throws(StreamError) in try OllamaRequest(request, in: .native) }
        #expect(reason.contains("tool_choice"))
        request.toolChoice = .auto
        #expect(try OllamaRequest(request, in: .native).route == "/api/chat")
    }

    @Test func generationsThatOnlyNativeDoes() {
        let changes: [(String, (inout GenerateRequest) -> Void)] = [
            ("system", { $0.system = "x" }), ("template", { $0.template = "x" }),
            ("context", { $0.context = [1] }), ("raw", { $0.raw = true }),
            ("images", { $0.images = [[1]] }), ("format", { $0.format = .json }),
            ("think", { $0.think = .on }), ("empty prompt", { $0.prompt = "" }),
        ]
        for (name, change) in changes {
            var request = GenerateRequest(model: "m", prompt: "hi")
            change(&request)
            let reason = reason { () throws(StreamError) in try OllamaRequest(request, in: .openAI)
            }
            #expect(reason.contains(name))
        }
    }
}
