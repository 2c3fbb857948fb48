import Testing
import WireHTTP1
import WireJSON
import WireServer
import WireTime

@testable import WireSimulation

/// What the simulated server says, beside what a real one was recorded to say.
@Suite struct ShapeTests {
    private static let directory: String = {
        let parts = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
        return parts.joined(separator: "/") + "/Fixtures/recordings"
    }()

    private func recorded(_ name: String) throws -> RecordedExchange {
        try #require(Recording(path: "\(ShapeTests.directory)/\(name)").exchanges.first)
    }

    /// The models of the recordings.
    private func server() -> VirtualServer {
        var options = SimulationOptions()
        options.models = ["tiny", "tiny-slow", "tiny-long", "tiny-tools"].map { SimulatedModel($0) }
        options.models[0].usesTools = false
        options.models[2].slots = 1
        var think = SimulatedModel("tiny-think")
        think.thinkingTokens = 4
        var bert = SimulatedModel("tiny-bert")
        bert.embeddingSize = 32
        options.models += [think, bert]
        return VirtualServer(options)
    }

    private func simulated(_ exchange: RecordedExchange) throws -> VirtualCall {
        try server().reply(
            exchange.request.target, String(decoding: exchange.body, as: UTF8.self),
            method: exchange.request.method)
    }

    /// A response's status line and the names of its fields; the body's pieces.
    private func parts(_ bytes: [UInt8]) -> (head: [String], body: String) {
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
        let head = lines.prefix { !$0.isEmpty }.map { line -> String in
            let name = line.prefix { $0 != ":" }
            return name == "Date" || name == "Content-Length" ? String(name) : String(line)
        }
        return (head, lines.dropFirst(head.count + 1).joined(separator: "\r\n"))
    }

    /// Of each kind of record, what it is made of.
    private func shapes(_ body: String, skipping keys: [String] = []) throws -> Set<String> {
        var shapes: Set<String> = []
        for line in body.split(whereSeparator: \.isNewline) {
            let data = line.hasPrefix("data: ") ? line.dropFirst(6) : line
            guard data.hasPrefix("{") else {
                if data.hasPrefix("[DONE]") { shapes.insert("[DONE]") }
                continue
            }
            shapes.insert(try JSONValue(parsing: Array(data.utf8).span).shape)
        }
        return shapes
    }

    @Test(arguments: [
        "generate-stream", "chat-stream", "chat-nonstream", "generate-nonstream",
        "chat-think-stream",
        "chat-think-nonstream", "chat-tools-stream", "v1-chat-stream", "v1-chat-stream-usage",
        "v1-chat-nonstream", "v1-chat-reasoning-stream", "v1-chat-reasoning", "v1-completions",
        "v1-completions-stream", "v1-completions-stream-usage", "embed-single", "embed-batch",
        "embeddings", "v1-embeddings", "v1-embeddings-base64", "chat-load",
        "generate-load-empty-prompt", "generate-unload", "chat-unload", "v1-model-one",
    ])
    func repliesAreMadeAsTheRealOnes(_ name: String) throws {
        let exchange = try recorded(name)
        let real = parts(Array(exchange.response))
        let ours = parts(try simulated(exchange).bytes)
        #expect(ours.head == real.head)
        // The simulated prompt takes no time, and what took none is left out.
        var wanted = Set(try shapes(real.body).map(withoutTimes))
        var found = Set(try shapes(ours.body).map(withoutTimes))
        // Tools' arguments come in a random order, as their values do.
        if name.contains("tools") {
            wanted = Set(wanted.map(sorted))
            found = Set(found.map(sorted))
        }
        #expect(found == wanted)
    }

    private func sorted(_ shape: String) -> String { String(shape.sorted()) }

    private func withoutTimes(_ shape: String) -> String {
        ["total_duration", "load_duration", "prompt_eval_duration", "eval_duration"].reduce(shape) {
            $0.split(separator: ",\($1):number").joined()
        }
    }

    /// All but the date is the same.
    @Test(arguments: [
        "root-get", "status", "unknown-path", "v1-unknown-path", "wrong-method-get-chat",
        "trailing-slash", "double-slash", "chat-empty-body", "chat-malformed-json",
        "generate-missing-model", "chat-wrong-type", "generate-bad-option-type",
        "generate-keepalive-bad", "generate-embedding-model", "chat-embedding-model", "embed-llama",
        "embed-unknown-model", "embed-missing-model", "embed-empty", "embeddings-unknown-model",
        "embed-wrong-type", "show-unknown-model", "delete-unknown", "copy-unknown", "copy",
        "chat-think-unsupported", "v1-chat-bad-model", "v1-chat-bad-model-stream",
        "v1-completions-bad-model", "v1-embeddings-bad-model", "v1-model-unknown",
        "v1-chat-tools-unsupported", "v1-chat-embedding-model", "embed-empty-body",
        "show-empty-body",
    ])
    func refusalsAreTheRealOnes(_ name: String) throws {
        let exchange = try recorded(name)
        let withoutDate = { (bytes: [UInt8]) -> String in
            String(decoding: bytes, as: UTF8.self).split(
                separator: "\r\n", omittingEmptySubsequences: false
            ).filter { !$0.hasPrefix("Date: ") }.joined(separator: "\r\n")
        }
        let ours = withoutDate(try simulated(exchange).bytes)
        #expect(ours == withoutDate(Array(exchange.response)))
    }

    @Test func queueFullIsTheRealText() throws {
        for name in ["queue-full-503-chat", "queue-full-503-v1-chat"] {
            let exchange = try recorded(name)
            var options = SimulationOptions()
            options.models = [SimulatedModel("tiny-slow"), SimulatedModel("tiny-long")]
            options.queueLength = 0
            let server = VirtualServer(options)
            let body = String(decoding: exchange.body, as: UTF8.self)
            try server.call(exchange.request.target, body)
            let ours = parts(try server.call(exchange.request.target, body).bytes)
            let real = parts(Array(exchange.response))
            #expect(ours.head == real.head)
            #expect(ours.body == real.body)
        }
    }

    @Test func swallowedErrorIsTheRealOne() throws {
        let exchange = try recorded("midstream-error-v1-chat")
        let call = try server().reply(
            "/v1/chat/completions",
            #"{"model":"tiny-slow+swallowed:after=5records","messages":[{"role":"user","content":"x"}],"stream":true}"#
        )
        let real = try shapes(parts(Array(exchange.response)).body)
        #expect(try shapes(parts(call.bytes).body) == real)
        #expect(try call.response().isComplete)
        #expect(try call.records().last?.string("model") == "")
    }

    @Test func timestampsAreGos() {
        let text = { String(decoding: GoText.timestamp($0), as: UTF8.self) }
        #expect(text(1_795_192_185_467_556_355) == "2026-11-20T16:29:45.467556355Z")
        #expect(text(1_795_192_185_470_188_780) == "2026-11-20T16:29:45.47018878Z")
        #expect(text(1_795_192_185_000_000_000) == "2026-11-20T16:29:45Z")
        #expect(text(951_782_400_000_000_001) == "2000-02-29T00:00:00.000000001Z")
        #expect(GoText.httpDate(1_795_192_185_467_556_355) == "Fri, 20 Nov 2026 16:29:45 GMT")
        #expect(GoText.httpDate(0) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func durationsAreGos() {
        #expect(GoText.duration("1h15m30.5s") == 4_530_500_000_000)
        #expect(GoText.duration("-1s") == -1e9)
        #expect(GoText.duration("0") == 0)
        #expect(GoText.duration("300µs") == 300_000)
        for bad in ["", "-", "1", "s", "1x", "1.2.3s", "-1"] {
            #expect(GoText.duration(bad) == nil)
        }
    }

    @Test func specialCharactersAreEscapedAsGoDoes() {
        let text = Array("a<b>&\u{2028}\u{2029}\u{20AC}\"é".utf8)
        let quoted = String(decoding: GoText.quoted(text), as: UTF8.self)
        #expect(quoted == #""a\u003cb\u003e\u0026\u2028\u2029€\"é""#)
    }
}
