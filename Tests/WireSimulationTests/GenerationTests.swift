import Testing
import WireHTTP1
import WireJSON
import WireServer
import WireTime

@testable import WireSimulation

private let chat = #"{"model":"sim","messages":[{"role":"user","content":"hello there"}]"#

private func options(_ change: (inout SimulatedModel) -> Void = { _ in }) -> SimulationOptions {
    var options = SimulationOptions()
    var model = SimulatedModel("sim")
    model.output = .exactly(20)
    change(&model)
    options.models = [model]
    return options
}

@Suite struct GenerationTests {
    @Test func recordsComeAtTheirTimes() throws {
        let server = VirtualServer(
            options {
                $0.loadTime = .seconds(2)
                $0.promptRate = 10
                $0.tokenRate = 100
            })
        let call = try server.reply("/api/generate", #"{"model":"sim","prompt":"one two three"}"#)
        // Not a byte before the first token: 2 s of loading, 3 prompt tokens at 10/s, 10 ms for one.
        let times = call.sent.map { $0.at.since(call.startedAt).wholeMilliseconds }
        #expect(times.prefix(3) == [2310, 2320, 2330])
        // 20 records; the last one and the end come with the last token.
        #expect(call.sent.count == 22)
        #expect(times.suffix(3) == [2500, 2500, 2500])
        let last = try #require(call.records().last)
        #expect(last.int("load_duration") == 2_000_000_000)
        #expect(last.int("prompt_eval_duration") == 300_000_000)
        #expect(last.int("prompt_eval_count") == 3)
        #expect(last.int("eval_count") == 20)
        #expect(last.int("eval_duration") == 200_000_000)
        #expect(last.int("total_duration") == 2_500_000_000)
        #expect(last.string("done_reason") == "stop")
        #expect(last.at("context")?.arrayValue?.count == 23)
    }

    @Test func theHeadComesWithTheFirstRecord() throws {
        let call = try VirtualServer(options()).reply("/api/chat", chat + "}")
        let first = String(decoding: try #require(call.sent.first).bytes, as: UTF8.self)
        #expect(first.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nDate: "))
        #expect(first.hasSuffix(",\"done\":false}\n\r\n"))
        #expect(call.sent.last?.bytes == Array("0\r\n\r\n".utf8))
    }

    @Test func theSameRequestGetsTheSameText() throws {
        func run(_ seed: UInt64, _ body: String) throws -> (String, [Int64]) {
            var options = options { $0.jitter = .gamma(1) }
            options.seed = seed
            let call = try VirtualServer(options).reply("/api/chat", body)
            return (text(of: try call.records()), call.sent.map { $0.at.nanoseconds })
        }
        let first = try run(1, chat + "}")
        let again = try run(1, chat + "}")
        #expect(first.0 == again.0)
        #expect(first.1 == again.1)
        #expect(try run(2, chat + "}").0 != first.0)
        #expect(try run(1, chat + #","options":{"seed":7}}"#).0 != first.0)
        #expect(try run(1, chat.replacingHello() + "}").0 != first.0)
    }

    @Test func limitsEndAnAnswer() throws {
        let server = VirtualServer(options())
        for (path, body) in [
            ("/api/chat", chat + #","options":{"num_predict":7}}"#),
            ("/v1/chat/completions", chat + #","max_tokens":7,"stream":false}"#),
        ] {
            let value = try #require(server.reply(path, body).recordsOrWhole().last)
            #expect(value.int("eval_count") ?? value.int("usage.completion_tokens") == 7)
            let reason = value.string("done_reason") ?? value.string("choices.0.finish_reason")
            #expect(reason == "length")
        }
        // What is not sent on counts as not said.
        let all = try server.reply("/api/chat", chat + #","options":{"num_predict":0}}"#).records()
        #expect(all.last?.int("eval_count") == 20)
        #expect(all.last?.string("done_reason") == "stop")
    }

    @Test func stopTextsEndAnAnswer() throws {
        let server = VirtualServer(options { $0.output = .exactly(200) })
        let whole = text(of: try server.reply("/api/chat", chat + "}").records())
        let stop = String(whole.dropFirst(60).prefix(9))
        let body = chat + #","options":{"stop":["never said","\#(stop.escaped)"]}}"#
        let records = try server.reply("/api/chat", body).records()
        let said = text(of: records)
        #expect(whole.hasPrefix(said + stop) || whole.hasPrefix(said))
        #expect(!said.contains(stop))
        #expect(said.count <= 60)
        #expect(records.last?.string("done_reason") == "stop")
        #expect(records.allSatisfy { $0["done"] == true || text(of: [$0]) != "" })
    }

    @Test func severalTokensAreOneRecord() throws {
        let server = VirtualServer(options { $0.tokensPerRecord = 8 })
        let records = try server.reply("/api/chat", chat + "}").records()
        #expect(records.count == 4)
        #expect(records.last?.int("eval_count") == 20)
    }

    @Test func wholeRepliesSayTheSame() throws {
        let server = VirtualServer(options())
        let streamed = text(of: try server.reply("/api/chat", chat + "}").records())
        let call = try server.reply("/api/chat", chat + #","stream":false}"#)
        #expect(call.sent.count == 1)
        #expect(try call.json().string("message.content") == streamed)
        #expect(try call.json().int("eval_count") == 20)
        let head = try call.response().head
        #expect(head.fields["content-length"] != nil)
        // What net/http's buffer does not hold is chunked.
        let long = VirtualServer(options { $0.output = .exactly(1000) })
        let large = try long.reply("/api/chat", chat + #","stream":false}"#)
        #expect(try large.response().head.fields["transfer-encoding"] == "chunked")
        #expect(try large.json().int("eval_count") == 1000)
    }

    @Test func thinkingComesFirst() throws {
        let server = VirtualServer(options { $0.thinkingTokens = 5 })
        let records = try server.reply("/api/chat", chat + "}").records()
        #expect(records.prefix(5).allSatisfy { $0.string("message.thinking") != nil })
        #expect(records.prefix(5).allSatisfy { $0.string("message.content") == "" })
        #expect(records.dropFirst(5).allSatisfy { $0.at("message.thinking") == nil })
        #expect(records.last?.int("eval_count") == 25)
        let without = try server.reply("/api/chat", chat + #","think":false}"#).records()
        #expect(without.last?.int("eval_count") == 20)
        let events = try server.reply("/v1/chat/completions", chat + #","stream":true}"#).records()
        #expect(events.first?.string("choices.0.delta.reasoning") != nil)
        #expect(events.first?.string("choices.0.delta.role") == "assistant")
    }

    private static let tools =
        #","tools":[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object","required":["city"],"properties":{"city":{"type":"string"},"days":{"type":"integer"},"unit":{"enum":["C","F"]}}}}}]"#

    @Test func toolsAreCalled() throws {
        let server = VirtualServer(options())
        let records = try server.reply("/api/chat", chat + GenerationTests.tools + "}").records()
        #expect(records.count == 2)
        let call = try #require(records.first?.at("message.tool_calls.0"))
        #expect(call.string("function.name") == "get_weather")
        #expect(call.int("function.index") == 0)
        #expect(call.at("function.arguments.city")?.stringValue != nil)
        #expect(call.at("function.arguments.days")?.int64Value != nil)
        #expect(["C", "F"].contains(call.string("function.arguments.unit")))
        #expect(records.last?.string("done_reason") == "stop")
        let events = try server.reply(
            "/v1/chat/completions", chat + GenerationTests.tools + #","stream":true}"#
        ).records()
        let arguments = try #require(
            events.first?.string("choices.0.delta.tool_calls.0.function.arguments"))
        #expect(try JSONValue(parsing: Array(arguments.utf8).span)["city"] != nil)
        #expect(events.last?.string("choices.0.finish_reason") == "tool_calls")
        // The tool's answer is answered by text.
        let answered =
            #"{"model":"sim","messages":[{"role":"user","content":"a"},{"role":"tool","content":"b"}]"#
        let text = try server.reply("/api/chat", answered + GenerationTests.tools + "}").records()
        #expect(text.count == 21)
    }

    @Test func structuredOutputIsOfItsSchema() throws {
        let server = VirtualServer(options())
        let schema =
            #"{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"array","items":{"type":"string"},"minItems":2}}}"#
        let records = try server.reply("/api/chat", chat + #","format":\#(schema)}"#).records()
        let value = try JSONValue(parsing: Array(text(of: records).utf8).span)
        #expect(value["a"]?.int64Value != nil)
        #expect(value["b"]?.arrayValue?.count == 2)
        let json = try server.reply("/api/chat", chat + #","format":"json"}"#).records()
        #expect(try JSONValue(parsing: Array(text(of: json).utf8).span).members != nil)
    }

    @Test func usageIsCounted() throws {
        let server = VirtualServer(options())
        let body = chat + #","stream":true,"stream_options":{"include_usage":true}}"#
        let events = try server.reply("/v1/chat/completions", body).records()
        #expect(events.last?.int("usage.completion_tokens") == 20)
        let prompt = try #require(events.last?.int("usage.prompt_tokens"))
        #expect(events.last?.int("usage.total_tokens") == 20 + prompt)
        let native = try server.reply("/api/chat", chat + "}").records()
        #expect(native.last?.int("prompt_eval_count") == prompt)
    }

    @Test func aTextIsSaidAsItIs() throws {
        var options = options { $0.output = .exactly(10) }
        options.text = .verbatim(Array("Alpha beta, gamma.".utf8))
        let said = text(of: try VirtualServer(options).reply("/api/chat", chat + "}").records())
        #expect(said == "Alpha beta, gamma.Alpha beta, gamma.")
    }

    @Test func oldClientsGetNoChunks() throws {
        let server = VirtualServer(options())
        let call = try server.call("/api/chat", chat + "}", version: 0)
        server.runToEnd()
        #expect(call.ending == .finish)
        let (head, body, _) = try call.response()
        #expect(head.fields["transfer-encoding"] == nil)
        #expect(body.split(separator: 0x0A).count == 21)
    }

    @Test(arguments: [
        Jitter.normal(0.3), .gamma(1), .gamma(0.5), .trace([.milliseconds(5), .milliseconds(15)]),
    ])
    func jitterKeepsTheMean(_ jitter: Jitter) throws {
        let server = VirtualServer(
            options {
                $0.jitter = jitter
                $0.tokenRate = 100
                $0.output = .exactly(4000)
            })
        let call = try server.reply("/api/chat", chat + "}")
        let mean = Double(call.sent.last!.at.since(call.startedAt).nanoseconds) / 4000 / 1e6
        #expect(abs(mean - 10) < 0.8)
        let gaps = zip(call.sent, call.sent.dropFirst()).map { $1.at.since($0.at) }
        #expect(Set(gaps).count > 1)
    }
}

extension String {
    fileprivate func replacingHello() -> String {
        split(separator: "hello").joined(separator: "goodbye")
    }

    /// As it stands within a JSON string.
    fileprivate var escaped: String {
        String(decoding: GoText.quoted(Array(utf8)).dropFirst().dropLast(), as: UTF8.self)
    }
}

extension VirtualCall {
    fileprivate func recordsOrWhole() throws -> [JSONValue] {
        if let whole = try? json() { return [whole] }
        return try records()
    }
}
