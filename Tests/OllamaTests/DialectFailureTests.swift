import Glibc
import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireServer
import WireSockets
import WireSystem
import WireTime

/// The failures that clients of Ollama are known for, over real sockets: in both dialects, streaming and
/// whole, by both drivers.
@Suite struct DialectFailureTests {
    private func server(_ script: Script) throws -> ReplayServer {
        try ReplayServer.answering { _ in script }
    }

    /// Both forms of a request, by both ways.
    private func each(
        _ body: (WayIn, ChatRequest) async throws -> Void
    ) async rethrows {
        for way in WayIn.allCases {
            for stream in [true, false] { try await body(way, anyChat.streaming(stream)) }
        }
    }

    // MARK: Silence

    @Test(arguments: Speech.both, [Deadline.responseHead, .total])
    func aServerThatTakesTheRequestAndNeverAnswers(
        speech: Speech, deadline: Deadline
    ) async throws {
        let server = try server(.silent)
        defer { server.stop() }
        let field: WritableKeyPath<Deadlines, Timeout> =
            deadline == .total ? \.total : \.responseHead
        let options = OllamaClientOptions(
            deadlines: .standard.with(field, .milliseconds(120)))
        await each { way, request in
            let told = await Told(way, speech.host(server), request, options: options)
            #expect(told.error?.timedOut?.deadline == deadline)
            #expect(told.error?.timedOut?.phase == deadline.phase)
        }
        for connection in server.log.connections {
            #expect(await server.sees(closeOf: connection.id))
        }
    }

    @Test(arguments: Speech.both, WayIn.allCases)
    func aStreamThatFallsSilent(speech: Speech, way: WayIn) async throws {
        let server = try server(speech.stalling(after: [speech.text("some")]))
        defer { server.stop() }
        let options = OllamaClientOptions(
            deadlines: .standard.with(\.bodyIdle, .milliseconds(120)))
        let told = await Told(way, speech.host(server), options: options)
        #expect(told.error?.timedOut?.deadline == .bodyIdle)
        #expect(told.error?.partialText == "some")
    }

    /// An answer that is whole does not wait for a server that forgets the body's end.
    @Test(arguments: Speech.both, WayIn.allCases)
    func aBodyThatDoesNotEnd(speech: Speech, way: WayIn) async throws {
        let server = try server(speech.stalling(after: [speech.text("some")] + speech.end))
        defer { server.stop() }
        let options = OllamaClientOptions(
            deadlines: .standard.with(\.bodyEnd, .milliseconds(50)).with(\.total, .minutes(8)))
        let told = await Told(way, speech.host(server), options: options)
        #expect(told.error == nil)
        #expect(told.text == "some")
        #expect(told.summary != nil)
        for connection in server.log.connections {
            #expect(await server.sees(closeOf: connection.id))
        }
    }

    /// Comments, pings and chunks without content put off nothing.
    @Test(arguments: Speech.both, WayIn.allCases)
    func pingsThatKeepNothingAlive(speech: Speech, way: WayIn) async throws {
        let pings =
            speech.dialect == .native
            ? ["\n"]
            : [": ping\n\n", "event: ping\ndata: {}\n\n", "data: \(Speech.chunk("{}"))\n\n"]
        let head = speech.stream([speech.text("some")]).sentBytes.dropLast(5)
        for ping in pings {
            let script = Script.endless(
                Array(head), repeating: Wire.chunk(Array(ping.utf8)), every: .milliseconds(5))
            let server = try server(script)
            defer { server.stop() }
            let options = OllamaClientOptions(
                deadlines: .standard.with(\.contentIdle, .milliseconds(150)))
            let told = await Told(way, speech.host(server), options: options)
            #expect(told.error?.timedOut?.deadline == .contentIdle, "\(ping)")
            #expect(told.text == "some")
        }
    }

    // MARK: What comes

    @Test(arguments: Speech.both)
    func aStreamWithRoleContentAndFinish(speech: Speech) async throws {
        let first =
            speech.dialect == .native
            ? [] : [Speech.chunk(#"{"role":"assistant","content":""}"#)]
        let server = try server(
            speech.stream(first + [speech.text("Hel"), speech.text("lo")] + speech.end))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server))
            #expect(told.error == nil)
            #expect(told.text == "Hello")
            #expect(told.summary?.reason == "stop")
            #expect(told.summary?.evalCount == 3)
            #expect(told.summary?.promptEvalCount == 7)
            #expect(told.summary?.endedWithoutTerminator == false)
        }
    }

    @Test(arguments: Speech.both)
    func aWholeAnswer(speech: Speech) async throws {
        let server = try server(speech.whole("Hello"))
        defer { server.stop() }
        for way in WayIn.allCases {
            for told in [
                await Told(way, speech.host(server), anyChat.streaming(false)),
                await Told(whole: way, speech.host(server), anyChat.streaming(false)),
            ] {
                #expect(told.error == nil)
                #expect(told.text == "Hello")
                #expect(told.summary?.reason == "stop")
                #expect(told.summary?.evalCount == 3)
            }
        }
    }

    @Test(arguments: Speech.both)
    func emptyLinesAndTheirLike(speech: Speech) async throws {
        let records = [speech.text("Hel"), speech.text("lo")] + speech.end
        let bodies = records.map {
            Array(("\n\r\n" + String(decoding: speech.framed($0), as: UTF8.self)).utf8)
        }
        let server = try server(.chunked(bodies, contentType: speech.contentType))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server))
            #expect(told.error == nil)
            #expect(told.text == "Hello")
        }
    }

    @Test(arguments: Speech.both)
    func severalRecordsInOneChunkAndHalfRecords(speech: Speech) async throws {
        let body = ([speech.text("\u{85}😀"), speech.text("\u{2028}")] + speech.end).flatMap(
            speech.framed)
        for size in [body.count, 1, 3, 64] {
            let pieces = stride(from: 0, to: body.count, by: size).map {
                Array(body[$0..<min($0 + size, body.count)])
            }
            let server = try server(.chunked(pieces, contentType: speech.contentType))
            defer { server.stop() }
            for way in WayIn.allCases {
                let told = await Told(way, speech.host(server))
                #expect(told.error == nil)
                #expect(told.text == "\u{85}😀\u{2028}")
            }
        }
    }

    // MARK: Refusals

    @Test(arguments: Speech.both)
    func aModelThatIsNotThere(speech: Speech) async throws {
        let body =
            speech.dialect == .native
            ? #"{"error":"model 'm' not found"}"#
            : #"{"error":{"message":"model 'm' not found","type":"not_found_error"}}"#
        let server = try server(.json(body, status: 404))
        defer { server.stop() }
        await each { way, request in
            let failure = await Told(way, speech.host(server), request).error?.serverFailure
            #expect(failure?.status == 404)
            #expect(failure?.message == "model 'm' not found")
            #expect(failure?.hint == nil)
        }
    }

    /// `/v1` given where `/api` is meant, and the reverse.
    @Test(arguments: Speech.both)
    func theOtherAPI(speech: Speech) async throws {
        let known = speech.dialect == .native ? "/v1/" : "/api/"
        let server = try ReplayServer.answering { request in
            request.target.hasPrefix(known)
                ? .json("{}")
                : .response(
                    status: 404, fields: [("Content-Type", "text/plain")],
                    body: Array("404 page not found".utf8))
        }
        defer { server.stop() }
        await each { way, request in
            let error = await Told(way, speech.host(server), request).error
            #expect(error?.serverFailure?.status == 404)
            #expect(error?.serverFailure?.message == "404 page not found")
            #expect(error?.description.contains("/v1") == true)
        }
    }

    @Test(arguments: Speech.both)
    func anErrorInsideTheStream(speech: Speech) async throws {
        for error in [#"{"error":"it broke"}"#, #"{"error":{"message":"it broke","code":500}}"#] {
            let server = try server(speech.stream([speech.text("some"), error]))
            defer { server.stop() }
            for way in WayIn.allCases {
                let told = await Told(way, speech.host(server))
                #expect(
                    told.error?.serverFailure
                        == .init(
                            status: 200, message: "it broke", isInsideStream: true,
                            partialText: "some"))
            }
        }
    }

    // MARK: Records that are none

    @Test(arguments: Speech.both)
    func malformedJSONInALine(speech: Speech) async throws {
        let server = try server(speech.stream([speech.text("some"), #"{"model":"#] + speech.end))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server))
            #expect(told.error?.malformedRecord?.error.code == .unexpectedEnd)
            #expect(told.error?.malformedRecord?.excerpt == #"{"model":"#)
            #expect(
                told.error?.malformedRecord?.offset == speech.framed(speech.text("some")).count)
            #expect(told.text == "some")
        }
    }

    @Test(arguments: Speech.both)
    func malformedJSONInAWholeAnswer(speech: Speech) async throws {
        let server = try server(.json(#"{"choices":[{"message":"#))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server), anyChat.streaming(false))
            #expect(told.error?.malformedRecord?.error.code == .unexpectedEnd)
        }
    }

    @Test(arguments: [
        (0, #"{"message":"text"}"#), (0, #"{"message":{"content":7}}"#),
        (1, #"{"id":"x"}"#), (1, #"{"choices":{}}"#), (1, #"{"choices":[1]}"#),
        (1, #"{"choices":[{"delta":"text"}]}"#), (1, #"{"choices":[{"delta":{"content":7}}]}"#),
        (1, #"{"choices":[{"delta":{},"finish_reason":1}]}"#),
        (1, #"{"choices":[{"delta":{"tool_calls":[7]},"finish_reason":null}]}"#),
    ])
    func aChunkThatBreaksTheSchema(dialect: Int, record: String) async throws {
        let speech = Speech.both[dialect]
        let server = try server(speech.stream([speech.text("some"), record] + speech.end))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server))
            #expect(told.error?.malformedRecord?.excerpt == record)
            #expect(told.error?.partialText == "some")
        }
    }

    @Test(arguments: [#"{"object":"chat.completion"}"#, #"{"choices":[]}"#, #"{"choices":null}"#])
    func aWholeAnswerWithoutChoices(body: String) async throws {
        let server = try server(.json(body))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, server.url + "/v1", anyChat.streaming(false))
            #expect(told.error?.malformedRecord?.error.code == .missingMember)
        }
    }

    // MARK: Streams that end too early

    /// More than thirty times the same token, and then a clean end of the body.
    @Test(arguments: Speech.both)
    func manyTokensAndNoEnd(speech: Speech) async throws {
        let records = [String](repeating: speech.text("na "), count: 40)
        let server = try server(speech.stream(records))
        defer { server.stop() }
        for way in WayIn.allCases {
            let told = await Told(way, speech.host(server))
            #expect(told.error?.incompleteStream?.recordCount == 40)
            #expect(told.error?.partialText == String(repeating: "na ", count: 40))
        }
    }

    // MARK: Leaving what runs away

    @Test(arguments: Speech.both, WayIn.allCases)
    func leavingOnRepetitionAndOnLength(speech: Speech, way: WayIn) async throws {
        let server = try ReplayServer.answering { request in
            String(decoding: request.body, as: UTF8.self).contains("again")
                ? speech.stream([speech.text("again")] + speech.end)
                : speech.endless(speech.text("na "), every: .milliseconds(1))
        }
        defer { server.stop() }
        for (index, rule) in [Guard.repetition(), .characters(max: 90)].enumerated() {
            let told = await Told(way, speech.host(server), guards: [rule])
            guard case .stopped(let stop) = told.error else {
                Issue.record("\(String(describing: told.error))")
                continue
            }
            #expect(
                stop.verdict
                    == (index == 0 ? .repeats(bytes: 3) : .tooLong(characters: 91)))
            #expect(stop.partialText.hasPrefix(told.text))
            #expect(stop.partialText.utf8.count == (index == 0 ? 201 : 93))
            #expect(await server.sees(closeOf: 2 * index))
            let next = await Told(
                way, speech.host(server), ChatRequest(model: "again", messages: [.user("x")]))
            #expect(next.text == "again")
        }
    }

    /// The calls without a client of the caller's own, which ask `OLLAMA_HOST`. In a process of its own,
    /// where nothing else looks at the environment.
    @Test func leavingThroughTheConvenienceCalls() async {
        await #expect(processExitsWith: .success) {
            let speech = Speech.both[0]
            let server = try ReplayServer.answering { _ in
                speech.endless(speech.text("x"), every: .milliseconds(1))
            }
            // Safe because this process has no other thread that reads it.
            unsafe setenv("OLLAMA_HOST", server.url, 1)
            for try await _ in Ollama.chat("m", "hi").text { break }
            try #require(await server.sees(closeOf: 0))
            var error: StreamError?
            do throws(StreamError) {
                for try await _ in Ollama.generate("m", "hi", guards: [.tokens(max: 3)]) {}
            } catch let thrown { error = thrown }
            try #require(
                error == .stopped(.init(verdict: .tooManyTokens(4), partialText: "xxxx")))
            try #require(await server.sees(closeOf: 1))
            do {
                var stream = try BlockingOllama.chat("m", "hi")
                try #require(try stream.nextText() == "x")
            }
            try #require(await server.sees(closeOf: 2))
        }
    }

    @Test(arguments: WayIn.allCases)
    func aGuardOfTime(way: WayIn) async throws {
        let speech = Speech.both[1]
        for script in [Script.silent, speech.endless(speech.text("x"), every: .milliseconds(1))] {
            let server = try server(script)
            defer { server.stop() }
            let told = await Told(
                way, speech.host(server), guards: [.duration(max: .milliseconds(120))])
            guard case .stopped(let stop) = told.error else {
                Issue.record("\(String(describing: told.error))")
                continue
            }
            #expect(stop.verdict == .tooLate(.milliseconds(120)))
            #expect(stop.partialText == told.text)
        }
    }
}
