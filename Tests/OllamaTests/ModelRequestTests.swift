import OllamaProtocol
import Testing
import WireHTTP1
import WireJSON

/// Bodies of requests about models: every field, and nothing that was not given.
@Suite struct ModelRequestTests {
    private func text(_ request: some OllamaJSONRequest) throws -> String {
        String(decoding: try request.encoded(), as: UTF8.self)
    }

    private static let digest = BlobDigest(String(repeating: "0a", count: 32))!

    @Test func embed() throws {
        var request = EmbedRequest(model: "m", input: ["a", "b"])
        request.truncate = false
        request.dimensions = 8
        request.keepAlive = .forever
        request.options.numCtx = 512
        request.extra = [.init(key: "new", value: 1)]
        #expect(
            try text(request) == #"{"model":"m","input":["a","b"],"truncate":false,"#
                + #""dimensions":8,"keep_alive":-1,"options":{"num_ctx":512},"new":1}"#)
        #expect(
            try text(EmbedRequest(model: "m", input: "a")) == #"{"model":"m","input":"a"}"#)
        #expect(try text(EmbedRequest(model: "m", input: [])) == #"{"model":"m","input":[]}"#)
        var single = EmbeddingsRequest(model: "m", prompt: "a")
        single.keepAlive = .now
        single.options.seed = 1
        #expect(
            try text(single)
                == #"{"model":"m","prompt":"a","keep_alive":0,"options":{"seed":1}}"#)
    }

    @Test func show() throws {
        var request = ShowRequest(model: "m", verbose: true)
        request.system = "s"
        request.options.temperature = 0.5
        #expect(
            try text(request)
                == #"{"model":"m","verbose":true,"system":"s","options":{"temperature":0.5}}"#)
        #expect(try text(ShowRequest(model: "m")) == #"{"model":"m"}"#)
    }

    @Test func transfers() throws {
        var pull = TransferRequest.pull("m", insecure: true)
        #expect(try text(pull) == #"{"model":"m","insecure":true}"#)
        #expect(pull.route == "/api/pull")
        pull.stream = false
        pull.insecure = nil
        #expect(try text(pull) == #"{"model":"m","stream":false}"#)
        #expect(TransferRequest.push("m").route == "/api/push")
    }

    @Test func create() throws {
        var request = CreateRequest(model: "m", from: "base")
        request.files = ["b.gguf": ModelRequestTests.digest, "a.gguf": ModelRequestTests.digest]
        request.adapters = ["l.gguf": ModelRequestTests.digest]
        request.draftFiles = ["d.gguf": ModelRequestTests.digest]
        request.template = "t"
        request.system = "s"
        request.license = ["one", "two"]
        request.parameters = [.init(key: "stop", value: ["x"])]
        request.messages = [.user("hi")]
        request.quantize = "q8_0"
        request.draftQuantize = "q4_0"
        request.renderer = "r"
        request.parser = "p"
        request.requires = "0.30"
        request.remoteHost = "h"
        request.info = [.init(key: "context_length", value: 4096)]
        request.stream = false
        let digest = ModelRequestTests.digest.description
        #expect(digest == "sha256:" + String(repeating: "0a", count: 32))
        #expect(
            try text(request) == #"{"model":"m","from":"base","#
                + #""files":{"a.gguf":"\#(digest)","b.gguf":"\#(digest)"},"#
                + #""adapters":{"l.gguf":"\#(digest)"},"draft_files":{"d.gguf":"\#(digest)"},"#
                + #""template":"t","system":"s","license":["one","two"],"#
                + #""parameters":{"stop":["x"]},"messages":[{"role":"user","content":"hi"}],"#
                + #""quantize":"q8_0","draft_quantize":"q4_0","renderer":"r","parser":"p","#
                + #""requires":"0.30","remote_host":"h","info":{"context_length":4096},"#
                + #""stream":false}"#)
        #expect(try text(CreateRequest(model: "m")) == #"{"model":"m"}"#)
        request = CreateRequest(model: "m")
        request.license = ["MIT"]
        #expect(try text(request) == #"{"model":"m","license":"MIT"}"#)
    }

    @Test func loads() throws {
        var request = LoadRequest(model: "m", keepAlive: .text("1h"))
        request.options.numCtx = 8192
        #expect(
            try text(request) == #"{"model":"m","keep_alive":"1h","options":{"num_ctx":8192}}"#)
        #expect(request.route == "/api/generate")
        request = LoadRequest(model: "e", for: .embedding, keepAlive: .now)
        #expect(try text(request) == #"{"model":"e","input":[],"keep_alive":0}"#)
        #expect(request.route == "/api/embed")
    }

    /// A field of one's own takes the place of ours: no key is sent twice.
    @Test func extraFieldsReplaceOurs() throws {
        var request = ChatRequest(model: "m", messages: [])
        request.extra = [.init(key: "messages", value: 5), .init(key: "x", value: nil)]
        #expect(try text(request) == #"{"model":"m","messages":5,"x":null}"#)
    }

    @Test func tools() throws {
        var request = ChatRequest(model: "m", messages: [])
        request.tools = [.tool("f", "does", parameters: ["type": "object"]), .tool("g")]
        #expect(
            try text(request) == #"{"model":"m","messages":[],"tools":["#
                + #"{"type":"function","function":{"name":"f","description":"does","#
                + #""parameters":{"type":"object"}}},{"type":"function","function":{"name":"g","#
                + #""parameters":{"type":"object","properties":{}}}}]}"#)
    }

    @Test(arguments: ["sha256:", "sha256-", ""])
    func digests(prefix: String) {
        let hex = String(repeating: "0123456789abcDEF", count: 4)
        #expect(BlobDigest(prefix + hex)?.hex == hex.lowercased())
        #expect(BlobDigest(prefix + hex.dropLast()) == nil)
        #expect(BlobDigest(prefix + hex + "0") == nil)
        #expect(BlobDigest(prefix + hex.dropLast() + "g") == nil)
        #expect(BlobDigest(prefix + hex.dropLast(2) + "/.") == nil)
    }
}
