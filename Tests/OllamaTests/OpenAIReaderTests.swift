import OllamaProtocol
import TestSupport
import Testing
import WireBytes
import WireJSON

/// What `/v1` records say, and how an answer comes to its end: without a connection.
@Suite struct OpenAIReaderTests {
    private struct Read {
        var text = ""
        var thinking = ""
        var calls: [ToolCall] = []
        var logprobs: [TokenLogprob] = []
        var contentful: [Bool] = []
        var summary: Summary?
        var failure: StreamError?
        /// `end` has made a record.
        var isEndRecord = false
    }

    private func read(_ records: [String], form: AnswerForm = .event) throws -> Read {
        var answer = AnswerReader(
            status: 200, partialTextLimit: .mebibytes(1), dialect: .openAI, form: form)
        var read = Read()
        for text in records {
            let bytes = Array(text.utf8)
            switch answer.read(bytes.span) {
            case .blank: continue
            case .refused:
                read.failure = answer.failure(in: bytes.span, at: 0)
                return read
            case .record: break
            }
            read.contentful.append(answer.hasContent)
            let record = answer.record(in: bytes.span)
            read.text += record.text
            read.thinking += record.thinkingText
            read.calls += try record.toolCalls()
            read.logprobs += try record.logprobs()
        }
        do throws(StreamError) { read.isEndRecord = try answer.end() } catch {
            read.failure = error
        }
        read.summary = answer.summary
        return read
    }

    private let finish = Speech.chunk("{}", finish: "stop")

    @Test(arguments: ["reasoning", "reasoning_content"])
    func thinking(field: String) throws {
        let read = try read([
            Speech.chunk(#"{"role":"assistant","content":"","\#(field)":"so "}"#),
            Speech.chunk(#"{"content":null,"\#(field)":"what"}"#),
            Speech.chunk(#"{"content":"yes","\#(field)":null}"#), finish, "[DONE]",
        ])
        #expect(read.failure == nil)
        #expect(read.thinking == "so what")
        #expect(read.text == "yes")
    }

    /// Of the whole record types, only these keep a deadline off.
    @Test func whatCountsAsContent() throws {
        let read = try read([
            Speech.chunk(#"{"role":"assistant"}"#), Speech.chunk(#"{"content":""}"#),
            #"{"choices":[]}"#, Speech.chunk(#"{"content":"x"}"#), finish,
            #"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#, "[DONE]",
        ])
        #expect(read.contentful == [false, false, false, true, true, false, true])
    }

    @Test func usageInEveryChunk() throws {
        let used = #""usage":{"prompt_tokens":7,"completion_tokens":"#
        let read = try read([
            #"{"choices":[{"index":0,"text":"a"}],\#(used)1}}"#,
            #"{"choices":[{"index":0,"text":"b","finish_reason":"length"}],\#(used)2}}"#, "[DONE]",
        ])
        #expect(read.text == "ab")
        #expect(read.summary?.evalCount == 2)
        #expect(read.summary?.promptEvalCount == 7)
        #expect(read.summary?.reason == "length")
    }

    @Test func timingsOfLlamaCpp() throws {
        let read = try read([
            #"{"choices":[{"delta":{},"finish_reason":"stop"}],"timings":{"prompt_ms":2.5,"#
                + #""predicted_ms":1000}}"#, #"{"choices":[],"usage":{"completion_tokens":50}}"#,
            "[DONE]",
        ])
        #expect(read.summary?.promptEvalDuration == .microseconds(2500))
        #expect(read.summary?.tokensPerSecond == 50)
    }

    @Test func logprobs() throws {
        let entry = #"{"token":"a","logprob":-0.5,"bytes":[97],"top_logprobs":[]}"#
        let read = try read([
            #"{"choices":[{"delta":{"content":"a"},"logprobs":{"content":[\#(entry)]},"#
                + #""finish_reason":null}]}"#, finish, "[DONE]",
        ])
        #expect(read.logprobs == [.init(token: "a", logprob: -0.5, bytes: [97])])
    }

    // MARK: The end

    /// A reason and a clean end are as good as `[DONE]`, and say so.
    @Test func noDone() throws {
        let read = try read([Speech.chunk(#"{"content":"x"}"#), finish])
        #expect(read.failure == nil)
        #expect(read.isEndRecord)
        #expect(read.summary?.endedWithoutTerminator == true)
        #expect(read.summary?.reason == "stop")
    }

    @Test func doneWithoutAReason() throws {
        let read = try read([Speech.chunk(#"{"content":"x"}"#), " [DONE] "])
        #expect(read.failure == nil)
        #expect(!read.isEndRecord)
        #expect(read.summary?.reason == "")
        #expect(read.summary?.endedWithoutTerminator == false)
    }

    /// How Ollama swallows a failure in the midst of a stream.
    @Test func neither() throws {
        let read = try read([
            Speech.chunk(#"{"content":"some"}"#), Speech.chunk(#"{"content":""}"#),
        ])
        #expect(read.failure?.incompleteStream?.recordCount == 2)
        #expect(read.failure?.partialText == "some")
    }

    // MARK: Tool calls

    private func fragment(_ call: String) -> String {
        Speech.chunk(#"{"tool_calls":[\#(call)]}"#)
    }

    private func calls(_ fragments: [String]) throws -> Read {
        try read(fragments.map(fragment) + [Speech.chunk("{}", finish: "tool_calls"), "[DONE]"])
    }

    @Test func aCallInPieces() throws {
        let read = try calls([
            #"{"index":0,"id":"a","type":"function","function":{"name":"f","arguments":""}}"#,
            #"{"index":0,"function":{"arguments":"{\"x\":"}}"#,
            #"{"index":0,"function":{"arguments":"1}"}}"#,
        ])
        #expect(read.calls == [ToolCall(id: "a", name: "f", arguments: ["x": 1])])
        #expect(read.summary?.reason == "tool_calls")
    }

    /// Both are number 0: their ids tell them apart.
    @Test func callsOfTheSameIndex() throws {
        let read = try calls([
            #"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\":1}"}}"#,
            #"{"index":0,"id":"b","function":{"name":"f","arguments":"{\"x\":2}"}}"#,
        ])
        #expect(
            read.calls == [
                ToolCall(id: "a", name: "f", arguments: ["x": 1]),
                ToolCall(id: "b", name: "f", arguments: ["x": 2]),
            ])
    }

    @Test func interleavedPieces() throws {
        let read = try calls([
            #"{"index":0,"id":"a","function":{"name":"f","arguments":"{\"x\""}}"#,
            #"{"index":1,"id":"b","function":{"name":"g","arguments":"{\"y\""}}"#,
            #"{"index":0,"function":{"arguments":":1}"}}"#,
            #"{"index":1,"id":"b","function":{"name":"g","arguments":":2}"}}"#,
        ])
        #expect(
            read.calls == [
                ToolCall(id: "a", name: "f", arguments: ["x": 1]),
                ToolCall(id: "b", name: "g", arguments: ["y": 2]),
            ])
    }

    @Test(arguments: [
        (
            #"{"function":{"name":"f","arguments":{"x":1}}}"#,
            JSONValue.object([.init(key: "x", value: 1)])
        ),
        (#"{"function":{"name":"f"}}"#, .object([])),
        (#"{"function":{"name":"f","arguments":null}}"#, .object([])),
        (#"{"id":"","function":{"name":"f","arguments":" "}}"#, .object([])),
    ])
    func otherForms(call: String, arguments: JSONValue) throws {
        let read = try calls([call, call])
        #expect(
            read.calls == [
                ToolCall(name: "f", arguments: arguments),
                ToolCall(name: "f", arguments: arguments),
            ])
    }

    @Test func argumentsThatAreNoJSON() throws {
        let read = try calls([#"{"id":"a","function":{"name":"f","arguments":"{\"x\":"}}"#])
        #expect(read.failure?.malformedRecord?.error.code == .unexpectedEnd)
        #expect(read.failure?.malformedRecord?.excerpt == #"{"x":"#)
    }

    @Test(arguments: [
        #"{"function":{"arguments":"{}"}}"#, #"{"id":"a"}"#, "7",
        #"{"id":"a","function":{"name":"f","arguments":[1]}}"#,
    ])
    func callsThatAreNone(call: String) throws {
        #expect(try calls([call]).failure?.malformedRecord != nil)
    }

    @Test func tooMuchOfACall() throws {
        let long = String(repeating: "x", count: 6 << 20)
        let piece = #"{"id":"a","function":{"name":"f","arguments":"\#(long)"}}"#
        #expect(try calls([piece, piece, piece]).failure?.malformedRecord?.error.code == .tooLong)
    }

    @Test func aWholeAnswerWithCalls() throws {
        let read = try read(
            [
                #"{"choices":[{"message":{"role":"assistant","content":null,"tool_calls":[{"id":"a","#
                    + #""function":{"name":"f","arguments":"{}"}}]},"finish_reason":"tool_calls"}]}"#
            ], form: .document)
        #expect(read.calls == [ToolCall(id: "a", name: "f", arguments: .object([]))])
        #expect(read.failure == nil)
    }
}
