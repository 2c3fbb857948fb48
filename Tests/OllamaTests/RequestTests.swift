import OllamaProtocol
import TestSupport
import Testing
import WireHTTP1
import WireJSON

@Suite struct RequestTests {
    /// Requests that were recorded and that our types cannot make.
    static let inexpressible: [String: String] = [
        "chat-bad-role": "a role that does not exist",
        "chat-load-no-messages": "without messages; ours are an empty array",
        "chat-wrong-type": "a number as the model's name",
        "generate-missing-model": "without a model",
        "generate-format-bad": "a format that does not exist",
        "generate-images-badb64": "an image that is no base64",
    ]
    /// Not JSON at all: empty, cut off, or with something behind it.
    static let rubbish: Set = [
        "chat-empty-body", "chat-malformed-json", "generate-empty-body", "generate-malformed-json",
        "generate-trailing-garbage",
    ]

    @Test func recordedRequestsAreEncodedAsTheyWereSent() throws {
        var expressed = 0
        for answer in RecordedAnswer.all {
            guard let recorded = answer.request, !RequestTests.rubbish.contains(answer.name)
            else { continue }
            let json = ManifestJSON(parsing: recorded)
            let encoded = try RecordedRequest.encoded(json, target: answer.target)
            let reason = RequestTests.inexpressible[answer.name]
            #expect((encoded == nil) == (reason != nil), "\(answer.name)")
            guard let encoded else { continue }
            #expect(ManifestJSON(parsing: encoded) == json, "\(answer.name)")
            expressed += 1
        }
        #expect(expressed >= 60)
    }

    /// The same of the other routes.
    static let inexpressibleCalls: [String: String] = [
        "embed-bad-type": "a number as the text", "embed-mixed": "a number among the texts",
        "embed-no-input": "without a text; ours is an empty list",
        "embed-wrong-type": "a number as the model's name",
        "embed-missing-model": "without a model", "embeddings-missing-model": "without a model",
        "show-missing-model": "without a model", "pull-missing-model": "without a model",
        "embeddings-wrong-type": "a number as the model's name",
        "show-wrong-type": "a number as the model's name",
    ]

    @Test func recordedCallsAreEncodedAsTheyWereSent() throws {
        var routes: [String: Int] = [:]
        for call in RecordedCall.all where !call.target.hasPrefix("/api/blobs/") {
            // Of the others there is nothing, or nothing that is JSON.
            guard let recorded = call.request, recorded.first == UInt8(ascii: "{"),
                call.status < 300 || call.errorMessage != "unexpected EOF"
            else { continue }
            let json = ManifestJSON(parsing: recorded)
            let encoded = try RecordedRequest.encoded(json, target: call.target)
            let reason = RequestTests.inexpressibleCalls[call.name]
            #expect((encoded == nil) == (reason != nil), "\(call.name)")
            guard let encoded else { continue }
            #expect(ManifestJSON(parsing: encoded) == json, "\(call.name)")
            routes[call.target, default: 0] += 1
        }
        let bodies = RecordedCall.routes.filter { $0.value != "GET" }
        #expect(Set(routes.keys) == Set(bodies.keys))
    }

    @Test func everyFieldOfAChat() throws {
        var user = Message.user("What is on it?")
        user.images = [[1, 2, 3], [0xFF]]
        var assistant = Message.assistant("")
        assistant.thinking = "Hm."
        assistant.toolCalls = [
            ToolCall(id: "call_1", name: "look", arguments: ["at": "it", "n": 2]),
            ToolCall(name: "wait", arguments: [:]),
        ]
        var request = ChatRequest(
            model: "m:7b",
            messages: [
                .system("Be brief."), user, assistant,
                .tool("a \"cat\"", callID: "call_1", name: "look"),
                .tool("done"),
            ], think: .medium)
        request.stream = false
        request.tools = [["type": "function", "function": ["name": "look"]]]
        request.format = .schema(["type": "object"])
        request.options.numCtx = 4096
        request.keepAlive = .text("1h30m")
        request.truncate = true
        request.shift = false
        request.logprobs = true
        request.topLogprobs = 3
        request.extra = [.init(key: "_debug_render_only", value: true)]
        let text = String(decoding: try request.encoded(), as: UTF8.self)
        #expect(
            text == #"{"model":"m:7b","messages":[{"role":"system","content":"Be brief."},"#
                + #"{"role":"user","content":"What is on it?","images":["AQID","/w=="]},"#
                + #"{"role":"assistant","content":"","thinking":"Hm.","tool_calls":["#
                + #"{"id":"call_1","function":{"name":"look","arguments":{"at":"it","n":2}}},"#
                + #"{"function":{"name":"wait","arguments":{}}}]},"#
                + #"{"role":"tool","content":"a \"cat\"","tool_name":"look","#
                + #""tool_call_id":"call_1"},"#
                + #"{"role":"tool","content":"done"}],"tools":[{"type":"function","function":"#
                + #"{"name":"look"}}],"stream":false,"format":{"type":"object"},"#
                + #""options":{"num_ctx":4096},"think":"medium","keep_alive":"1h30m","#
                + #""truncate":true,"shift":false,"logprobs":true,"top_logprobs":3,"#
                + #""_debug_render_only":true}"#)
    }

    @Test func everyFieldOfAGeneration() throws {
        var request = GenerateRequest(model: "m", prompt: "def f")
        request.suffix = "return x"
        request.system = ""
        request.template = "{{ .Prompt }}"
        request.context = [1, 2, 3]
        request.raw = true
        request.images = [[]]
        request.format = .json
        request.think = .off
        request.keepAlive = .forever
        let text = String(decoding: try request.encoded(), as: UTF8.self)
        #expect(
            text == #"{"model":"m","prompt":"def f","suffix":"return x","system":"","#
                + #""template":"{{ .Prompt }}","context":[1,2,3],"raw":true,"images":[""],"#
                + #""format":"json","think":false,"keep_alive":-1}"#)
    }

    /// What is not given is not sent, so that the server's and the model's defaults apply.
    @Test func nothingMoreThanGiven() throws {
        let chat = String(
            decoding: try ChatRequest(model: "m", messages: []).encoded(), as: UTF8.self)
        #expect(chat == #"{"model":"m","messages":[]}"#)
        let generate = try GenerateRequest(model: "m", prompt: "").encoded()
        #expect(String(decoding: generate, as: UTF8.self) == #"{"model":"m","prompt":""}"#)
    }

    @Test func everyOption() throws {
        var options = ModelOptions()
        options.numCtx = 1
        options.numBatch = 2
        options.numGPU = 3
        options.mainGPU = 4
        options.useMmap = false
        options.numThread = 5
        options.numKeep = 6
        options.seed = -7
        options.numPredict = 8
        options.topK = 9
        options.topP = 0.5
        options.minP = 0.25
        options.typicalP = 0.125
        options.repeatLastN = 10
        options.temperature = 0
        options.repeatPenalty = 1.5
        options.presencePenalty = -0.5
        options.frequencyPenalty = 2
        options.stop = ["\n", "END"]
        options.draftNumPredict = 4
        options.extra = [.init(key: "new_one", value: true)]
        var request = GenerateRequest(model: "m", prompt: "")
        request.options = options
        let sent = ManifestJSON(parsing: try request.encoded())["options"]
        let expected = """
            {"num_ctx":1,"num_batch":2,"num_gpu":3,"main_gpu":4,"use_mmap":false,"num_thread":5,
            "num_keep":6,"seed":-7,"num_predict":8,"top_k":9,"top_p":0.5,"min_p":0.25,
            "typical_p":0.125,"repeat_last_n":10,"temperature":0,"repeat_penalty":1.5,
            "presence_penalty":-0.5,"frequency_penalty":2,"stop":["\\n","END"],
            "draft_num_predict":4,"new_one":true}
            """
        #expect(sent == ManifestJSON(parsing: Array(expected.utf8)))
    }

    @Test(arguments: [
        (KeepAlive.seconds(90), "90"), (.seconds(0.5), "\"500ms\""), (.seconds(1e-9), "\"1ms\""),
        (.forever, "-1"), (.now, "0"),
        (.text("5m"), "\"5m\""), (.seconds(1e18), "1e+18"), (.seconds(-3), "-3"),
    ])
    func keepAlive(value: KeepAlive, json: String) throws {
        var request = ChatRequest(model: "m", messages: [])
        request.keepAlive = value
        let sent = ManifestJSON(parsing: try request.encoded())["keep_alive"]
        #expect(sent == ManifestJSON(parsing: Array(json.utf8)))
    }

    @Test(arguments: [
        (Think.on, "true"), (.off, "false"), (.low, "\"low\""), (.medium, "\"medium\""),
        (.high, "\"high\""), (.max, "\"max\""),
    ])
    func think(value: Think, json: String) throws {
        let request = ChatRequest(model: "m", messages: [], think: value)
        let sent = ManifestJSON(parsing: try request.encoded())["think"]
        #expect(sent == ManifestJSON(parsing: Array(json.utf8)))
    }

    /// The caller's fault, found before anything is sent.
    @Test func whatJSONCannotHold() {
        var request = ChatRequest(model: "m", messages: [])
        request.options.temperature = .nan
        #expect(throws: RequestError.self) { try request.encoded() }
        var generate = GenerateRequest(model: "m", prompt: "")
        generate.keepAlive = .seconds(.infinity)
        #expect(throws: RequestError.self) { try generate.encoded() }
    }

    /// A reply goes back as a turn with all that it had.
    @Test func aReplyAsTheNextTurn() throws {
        var reply = Reply()
        reply.text = "So be it."
        reply.thinking = "Well."
        reply.toolCalls = [ToolCall(id: "a", name: "f", arguments: [:])]
        #expect(reply.message.role == .assistant)
        #expect(reply.message.content == "So be it.")
        #expect(reply.message.thinking == "Well.")
        #expect(reply.message.toolCalls == reply.toolCalls)
        reply.thinking = ""
        #expect(reply.message.thinking == nil)
    }
}
