import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireJSON
import WireTime

/// Whole answers out of records: what is put together, and which failures it survives.
@Suite struct ReplyCollectorTests {
    private static let call = #"{"function":{"name":"f","arguments":{"a":1}}}"#

    /// What `collect` makes of lines and of how they ended.
    private func reply(
        _ lines: [String], endedBy failure: TransportError? = nil,
        limit: ByteLimit = .mebibytes(1)
    ) throws(StreamError) -> Reply {
        var answer = AnswerReader(status: 200, partialTextLimit: .mebibytes(1))
        var collector = ReplyCollector(limit: limit)
        do throws(StreamError) {
            for text in lines {
                let line = Array(text.utf8)
                switch answer.read(line.span) {
                case .blank: continue
                case .record: try collector.add(line.span, at: 5, of: &answer, progress: Progress())
                case .refused: throw answer.failure(in: line.span, at: 5)
                }
            }
            if let failure { throw answer.failure(of: failure) }
            try answer.end()
        } catch { return try collector.reply(of: answer, endedBy: error) }
        return try collector.reply(of: answer)
    }

    @Test func everything() throws {
        let reply = try reply([
            #"{"message":{"thinking":"h\u006d"}}"#, "", #"{"message":{"content":"a\n"}}"#,
            #"{"message":{"content":"b","tool_calls":[\#(ReplyCollectorTests.call)]}}"#,
            #"{"message":{"content":"c","thinking":"!"}}"#,
            #"{"done":true,"done_reason":"stop","context":[1,2],"eval_count":4}"#,
        ])
        #expect(reply.text == "a\nbc")
        #expect(reply.thinking == "hm!")
        #expect(reply.toolCalls == [ToolCall(name: "f", arguments: ["a": 1])])
        #expect(reply.context == [1, 2])
        #expect(reply.summary.reason == "stop")
        #expect(reply.summary.evalCount == 4)
    }

    /// Text and thinking count as they are, a record with calls whole.
    @Test func noMoreThanItsLimit() throws {
        let call = #"{"message":{"content":"b","tool_calls":[\#(ReplyCollectorTests.call)]}}"#
        let lines = [
            #"{"message":{"thinking":"h\u006d"}}"#, #"{"message":{"content":"a\n"}}"#, call,
            #"{"done":true}"#,
        ]
        let size = "hm".utf8.count + "a\nb".utf8.count + call.utf8.count
        #expect(try reply(lines, limit: .bytes(size)).text == "a\nb")
        let limit = ByteLimit.bytes(size - 1)
        let error = TransportError.tooLarge(limit, what: "the answer", Progress())
        #expect(throws: StreamError.transport(error, partialText: "a\nb")) {
            try reply(lines, limit: limit)
        }
    }

    @Test func malformedToolCallsFailTheAnswer() {
        let line = #"{"response":"x","tool_calls":[1],"done":true}"#
        let record = StreamError.MalformedRecord(
            error: JSONError(.typeMismatch, at: 0), offset: 5, excerpt: line, partialText: "x")
        #expect(throws: StreamError.malformed(record)) { try reply([line]) }
    }

    private static let troubles: [TransportError] = [
        .reset(Progress()), .unsupported("x"),
        .tooLarge(.bytes(1), what: "the body", Progress()),
    ]

    /// The answer is whole with its terminal record, whatever becomes of the connection.
    @Test(arguments: troubles.indices)
    func troubleBehindTheTerminalRecord(index: Int) throws {
        let trouble = ReplyCollectorTests.troubles[index]
        let lines = [#"{"response":"x"}"#, #"{"response":"y","done":true,"eval_count":2}"#]
        let reply = try reply(lines, endedBy: trouble)
        #expect(reply.text == "xy")
        #expect(reply.summary.evalCount == 2)
        #expect(throws: StreamError.self) { try self.reply([lines[0]], endedBy: trouble) }
    }

    /// These say something of the answer, or are what the caller wished.
    @Test func failuresBehindTheTerminalRecord() {
        let done = #"{"response":"x","done":true}"#
        #expect(throws: StreamError.cancelled(partialText: "x")) {
            try reply([done], endedBy: .cancelled(Progress()))
        }
        #expect(throws: StreamError.self) { try reply([done, #"{"error":"late"}"#]) }
        #expect(throws: StreamError.self) { try reply([done, "junk"]) }
    }

    // MARK: With a client

    private let whole =
        Wire.streamHead + Wire.chunk(Wire.chat("hi") + "\n")
        + Wire.chunk(Wire.chatDone + "\n")

    @Test(arguments: [ConnectionScript.Input.end, .reset])
    func collectSurvivesACloseBehindTheTerminalRecord(
        input: ConnectionScript.Input
    ) throws {
        let system = ScriptedSystem(ConnectionScript([.request, .text(whole), input]))
        var client = try BlockingOllama.scripted(system)
        let reply = try client.chat(anyChat).collect()
        #expect(reply.text == "hi")
        #expect(reply.summary.evalCount == 3)
        #expect(system.calls.last == .close)
    }

    /// Leaving at the terminal record is success: nothing is read behind it, and nothing thrown.
    @Test func leavingAtTheTerminalRecord() throws {
        let system = ScriptedSystem(ConnectionScript([.request, .text(whole)]))
        var client = try BlockingOllama.scripted(system)
        var text = ""
        var stream = try client.chat(anyChat)
        while let record = try stream.next() {
            text += record.text
            if record.isDone { break }
        }
        #expect(text == "hi")
        #expect(stream.summary?.evalCount == 3)
        stream.cancel()
        #expect(stream.summary?.evalCount == 3)
        #expect(system.calls.last == .close)
        #expect(system.elapsed == .zero)
    }
}
