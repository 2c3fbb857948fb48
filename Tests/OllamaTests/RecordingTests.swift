import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireServer
import WireTime

/// Every recorded answer of a real server, read by the client: the outcome is the manifest's.
@Suite struct RecordingTests {
    /// As fast as a socket gives them, one client for all.
    @Test func overASocket() throws {
        let answers = Dictionary(uniqueKeysWithValues: RecordedAnswer.all.map { ($0.name, $0) })
        #expect(answers.count > 80)
        let server = try ReplayServer.answering { request in
            guard let answer = answers[ManifestJSON(parsing: request.body)["model"].string!] else {
                return .error("no such recording", status: 404)
            }
            let script = Script.bytes(answer.response)
            return answer.closes ? script.then(.finish) : script
        }
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        for answer in RecordedAnswer.all {
            check(Reading(sending: answer, by: &client), answer)
        }
        // Whatever ended well and may go on is gone on with.
        let broken = RecordedAnswer.all.filter { $0.closes || $0.outcome.isBroken }
        let last = RecordedAnswer.all.last!
        let connections = server.log.connections.count
        #expect(connections == broken.count + (last.closes || last.outcome.isBroken ? 0 : 1))
    }

    /// Each byte by itself: no outcome depends on how the bytes come.
    @Test func byteByByte() throws {
        for answer in RecordedAnswer.all {
            let system = ScriptedSystem(answer.script { ConnectionScript.Input.byteByByte($0) })
            system.recordsCalls = false
            var client = try BlockingOllama.scripted(system)
            check(Reading(sending: answer, by: &client), answer)
            #expect(system.problems == [], "\(answer.name)")
        }
    }

    /// The other two ways to read a stream say the same.
    @Test func wholeAnswersAndTexts() throws {
        for answer in RecordedAnswer.all where answer.status == 200 {
            let system = ScriptedSystem(
                answer.script { [.bytes($0)] }, answer.script { [.bytes($0)] })
            var client = try BlockingOllama.scripted(system)
            // Each on a connection of its own, whatever became of the first.
            let collected = Result { try collect(answer, &client) }
            client = try BlockingOllama.scripted(system)
            let texts = Result { try self.texts(answer, &client) }
            switch answer.outcome.kind {
            case "complete":
                let reply = try collected.get()
                #expect(answer.outcome.isText(reply.text), "\(answer.name)")
                #expect(reply.thinking == answer.outcome.thinking, "\(answer.name)")
                #expect(reply.toolCalls.count == answer.outcome.toolCallCount, "\(answer.name)")
                #expect(reply.summary.reason == answer.outcome.doneReason ?? "", "\(answer.name)")
                #expect(reply.summary.evalCount == answer.outcome.evalCount ?? 0, "\(answer.name)")
                let pieces = try texts.get()
                #expect(pieces.joined() == reply.text, "\(answer.name)")
                #expect(!pieces.contains(""), "\(answer.name)")
            default:
                let error = #expect(throws: StreamError.self) { try collected.get() }
                #expect(error?.partialText == answer.outcome.text, "\(answer.name)")
                #expect(throws: error!) { try texts.get() }
            }
        }
    }

    @Test func aReplyWithToolCallsAndContext() throws {
        var client = try BlockingOllama.scripted(
            ScriptedSystem(RecordedAnswer.named("chat-tools-stream").script { [.bytes($0)] }))
        let call = try #require(try client.chat("m", "hi").collect().toolCalls.first)
        #expect(call.function.name == "get_weather")
        #expect(call.id?.hasPrefix("call_") == true)
        #expect(call.function.arguments.members?.isEmpty == false)
        client = try BlockingOllama.scripted(
            ScriptedSystem(RecordedAnswer.named("generate-stream").script { [.bytes($0)] }))
        let reply = try client.generate("m", "hi").collect()
        #expect(reply.context.count > 10)
        #expect(reply.summary.promptEvalCount > 0)
        #expect(reply.summary.totalDuration > reply.summary.evalDuration)
        #expect(reply.summary.tokensPerSecond! > 0)
        #expect(reply.summary.timeToFirstToken == .zero)
    }

    private func collect(_ answer: RecordedAnswer, _ client: inout BlockingOllama) throws -> Reply {
        answer.target == ChatRequest.route
            ? try client.chat("m", "hi").collect() : try client.generate("m", "hi").collect()
    }

    private func texts(_ answer: RecordedAnswer, _ client: inout BlockingOllama) throws -> [String]
    {
        var stream =
            answer.target == ChatRequest.route
            ? try client.chat("m", "hi") : try client.generate("m", "hi")
        var pieces: [String] = []
        while let piece = try stream.nextText() { pieces.append(piece) }
        return pieces
    }

    private func check(_ reading: Reading, _ answer: RecordedAnswer) {
        let outcome = answer.outcome
        let name = answer.name
        switch outcome.kind {
        case "complete":
            #expect(reading.error == nil, "\(name)")
            #expect(outcome.isText(reading.text), "\(name)")
            #expect(reading.thinking == outcome.thinking, "\(name)")
            #expect(reading.toolCalls.count == outcome.toolCallCount, "\(name)")
            #expect(reading.doneCount == 1, "\(name)")
            #expect(reading.summary?.reason == outcome.doneReason ?? "", "\(name)")
            #expect(reading.summary?.evalCount == outcome.evalCount ?? 0, "\(name)")
        case "server-error-before":
            let failure = reading.error?.serverFailure
            #expect(failure?.status == answer.status, "\(name)")
            #expect(failure?.message == outcome.message, "\(name)")
            #expect(failure?.isInsideStream == false, "\(name)")
            #expect(reading.lines == [], "\(name)")
        case "server-error-in-stream":
            let failure = reading.error?.serverFailure
            #expect(failure?.status == 200, "\(name)")
            #expect(failure?.message == outcome.message, "\(name)")
            #expect(failure?.isInsideStream == true, "\(name)")
            #expect(failure?.partialText == outcome.text, "\(name)")
            #expect(reading.text == outcome.text, "\(name)")
        case "incomplete":
            let incomplete = reading.error?.incompleteStream
            #expect(incomplete?.partialText == outcome.text, "\(name)")
            #expect(incomplete?.transport == nil, "\(name)")
            #expect(reading.text == outcome.text, "\(name)")
        default: Issue.record("\(name): an outcome of kind \(outcome.kind)")
        }
    }
}

extension RecordedAnswer.Outcome {
    /// The client closes the connection although the response would let it live.
    var isBroken: Bool { kind == "server-error-in-stream" }

    /// What the caller is told: of an error that is encoded twice, the inner text.
    var message: String {
        guard let error else { return "" }
        guard error.hasPrefix("{") else { return error }
        return ManifestJSON(parsing: Array(error.utf8))["error"]["message"].string!
    }

    func isText(_ other: String) -> Bool {
        if let text { return text == other }
        return textSHA256 == ManifestSHA256.hex(Array(other.utf8))
    }
}

extension RecordedAnswer {
    /// The answer to the connection's only request, cut by `cut`.
    func script(_ cut: ([UInt8]) -> [ConnectionScript.Input]) -> ConnectionScript {
        ConnectionScript([.request] + cut(response) + (closes ? [.end] : []))
    }
}

extension Reading {
    /// Sends a request of the recording's kind, its name in place of the model's.
    init(sending answer: RecordedAnswer, by client: inout BlockingOllama) {
        if answer.target == ChatRequest.route {
            self.init(&client, ChatRequest(model: answer.name, messages: []))
        } else {
            self.init(&client, GenerateRequest(model: answer.name, prompt: ""))
        }
    }
}
