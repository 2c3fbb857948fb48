import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBytes
import WireJSON

/// Streams of every shape that is allowed, and what is read from them.
@Suite(.eachDriver) struct StreamTests {
    private let hello = [Wire.chat("Hel"), Wire.chat("lo"), Wire.chatDone]

    private func expectHello(_ reading: Reading, _ records: Int = 3) {
        #expect(reading.error == nil)
        #expect(reading.text == "Hello")
        #expect(reading.pieces.count == records)
        #expect(reading.doneCount == 1)
        #expect(reading.summary?.evalCount == 3)
    }

    // MARK: Lines and chunks

    @Test func oneRecordForEachChunk() throws {
        expectHello(try read(Wire.stream(hello)))
    }

    @Test func recordsAsTheyCame() throws {
        #expect(try read(Wire.stream(hello)).lines == hello)
    }

    @Test func severalRecordsInOneChunk() throws {
        let body = hello.joined(separator: "\n") + "\n"
        expectHello(try read(Wire.streamHead + Wire.chunk(body) + Wire.end))
    }

    @Test func halfRecordsInChunks() throws {
        let body = Array((hello.joined(separator: "\n") + "\n").utf8)
        for size in [1, 2, 7, 64, 200] {
            var chunks = Wire.streamHead
            for start in stride(from: 0, to: body.count, by: size) {
                let piece = body[start..<min(start + size, body.count)]
                chunks += Wire.chunk(String(decoding: piece, as: UTF8.self))
            }
            expectHello(try read(chunks + Wire.end))
        }
    }

    @Test func noLineEndBehindTheLastRecord() throws {
        expectHello(
            try read(Wire.streamHead + Wire.chunk(hello.joined(separator: "\n")) + Wire.end))
    }

    @Test func carriageReturns() throws {
        let lines = hello.map { $0 + "\r" }
        let reading = try read(Wire.stream(lines))
        expectHello(reading)
        #expect(reading.lines == hello)
    }

    @Test func blankLinesAreNoRecords() throws {
        expectHello(
            try read(
                Wire.stream(["", hello[0], "  ", "\r", "", hello[1], "\t", hello[2], "", " "])))
    }

    @Test func blanksAroundRecords() throws {
        expectHello(try read(Wire.stream(hello.map { "  \($0)\t " })))
    }

    @Test func untilTheConnectionCloses() throws {
        let body = hello.joined(separator: "\n")
        let input: [ConnectionScript.Input] = [.text("HTTP/1.1 200 OK\r\n\r\n\(body)"), .end]
        expectHello(try read(input).reading)
    }

    @Test func withContentLength() throws {
        expectHello(try read(Wire.response("200 OK", hello.joined(separator: "\n"))))
    }

    @Test func anEmptyStreamIsIncomplete() throws {
        for body in ["", "\n", " \n\r\n"] {
            let reading = try read(Wire.response("200 OK", body))
            #expect(
                reading.error?.incompleteStream
                    == .init(transport: nil, recordCount: 0, partialText: ""))
        }
    }

    // MARK: Text

    /// Unicode's own line ends are no line ends, and every scalar survives.
    @Test(arguments: [
        "next\u{85}line", "separator\u{2028}and\u{2029}more", "vertical\u{B}tab", "form\u{C}feed",
        "🦜🏴󠁧󠁢󠁥󠁮󠁧󠁿", "e\u{301}", "\u{FEFF}mark", "\u{0}nul", "tab\tquote\"slash\\/", "<b>&amp;</b>",
        "\u{10FFFF}",
    ])
    func unicode(text: String) throws {
        let raw = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            default: scalar.value < 0x20 ? escaped(UInt16(scalar.value)) : String(scalar)
            }
        }.joined()
        let allEscaped = text.utf16.map { escaped($0) }.joined()
        for content in [raw, allEscaped] {
            let stream = Wire.stream([Wire.chat(content), Wire.chat("."), Wire.chatDone])
            #expect(try read(stream).pieces == [text, ".", ""])
            #expect(try read(ConnectionScript.Input.byteByByte(stream)).reading.text == text + ".")
        }
    }

    private func escaped(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    }

    @Test func scalarsAcrossReads() throws {
        let text = "a\u{E9}日🦜z"
        let stream = Array(Wire.stream([Wire.chat(text), Wire.chatDone]).utf8)
        for cut in stream.indices.dropFirst() {
            let reading = try read([
                .bytes(Array(stream[..<cut])), .bytes(Array(stream[cut...])),
            ]).reading
            #expect(reading.text == text, "cut at \(cut)")
            #expect(reading.error == nil, "cut at \(cut)")
        }
    }

    /// Text and thinking of one record, each escaped or not: neither disturbs the other.
    @Test(arguments: [
        ("plain", "plain"), ("es\\ncaped", "plain"), ("plain", "es\\ncaped"),
        ("t\\u00e9xt", "th\\tink"),
        ("", "only"), ("only", ""), ("\\\\", "\\\""),
    ])
    func thinkingBesideText(content: String, thinking: String) throws {
        func plain(_ text: String) -> String {
            ManifestJSON(parsing: Array("\"\(text)\"".utf8)).string!
        }
        let message = #"{"role":"assistant","content":"\#(content)","thinking":"\#(thinking)"}"#
        let turned = #"{"thinking":"\#(thinking)","content":"\#(content)","role":"assistant"}"#
        let generated = #"{"response":"\#(content)","thinking":"\#(thinking)","done":false}"#
        let lines = [
            #"{"message":\#(message),"done":false}"#, #"{"done":false,"message":\#(turned)}"#,
            generated,
        ]
        for line in lines {
            let reading = try read(Wire.stream([line, Wire.chatDone]))
            #expect(reading.text == plain(content))
            #expect(reading.thinking == plain(thinking))
            #expect(reading.error == nil)
        }
    }

    // MARK: Records

    /// Lines of 8 MB, which the engine's own limit allows: whole and in pieces. Larger than
    /// `recordLimit` they end the stream, with the limit in the error.
    @Test func longLines() throws {
        let text = String(repeating: "0123456789abcde ", count: 500_000)
        #expect(text.utf8.count == 8_000_000)
        let stream = Wire.stream([Wire.chat("a"), Wire.chat(text), Wire.chatDone])
        for input in [[.text(stream)], pieces(of: stream, 60_000)] as [[ConnectionScript.Input]] {
            let reading = try read(input).reading
            #expect(reading.error == nil)
            #expect(reading.text.utf8.count == 8_000_001)
            #expect(reading.doneCount == 1)
        }
        var options = BlockingOllama.Options()
        #expect(options.http.recordLimit == .mebibytes(16))
        options.http.recordLimit = .mebibytes(1)
        let refused = try read([.text(stream)], options)
        guard case .transport(let error, let partialText) = refused.reading.error else {
            Issue.record("\(String(describing: refused.reading.error))")
            return
        }
        #expect(error.kind == .tooLarge)
        #expect("\(error)".contains("1048576"))
        #expect(partialText == "a")
        #expect(refused.system.calls.last == .close)
    }

    /// The server stops without a word when a model says the same more than thirty times.
    @Test func repeatedTokensAndNoEnd() throws {
        let lines = Array(repeating: Wire.chat("na "), count: 31)
        let reading = try read(Wire.stream(lines))
        let incomplete = try #require(reading.error?.incompleteStream)
        #expect(incomplete.transport == nil)
        #expect(incomplete.recordCount == 31)
        #expect(incomplete.partialText == String(repeating: "na ", count: 31))
        #expect(reading.text == incomplete.partialText)
    }

    @Test func twoRecordsInOneChunkAndAHalf() throws {
        let first = Wire.chunk(hello[0] + "\n" + hello[1] + "\n" + String(hello[2].prefix(20)))
        let second = Wire.chunk(String(hello[2].dropFirst(20)) + "\n")
        expectHello(try read(Wire.streamHead + first + second + Wire.end))
    }

    @Test func aLargeTerminalRecord() throws {
        let context = (0..<15_000).map { "\($0 % 50_000)" }.joined(separator: ",")
        let done =
            #"{"model":"m","response":"","done":true,"done_reason":"stop","context":[\#(context)]}"#
        #expect(done.utf8.count > 75_000)
        let stream = Wire.stream([#"{"response":"x","done":false}"#, done])
        for input in [[.text(stream)], pieces(of: stream, 1 << 10)] as [[ConnectionScript.Input]] {
            let system = ScriptedSystem(ConnectionScript([.request] + input))
            var client = try BlockingOllama.scripted(system)
            let reply = try client.generate("m", "hi").collect()
            #expect(reply.context.count == 15_000)
            #expect(reply.context.last == 14_999)
            #expect(reply.text == "x")
            #expect(reply.summary.reason == "stop")
        }
    }

    private func pieces(of text: String, _ size: Int) -> [ConnectionScript.Input] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: size).map {
            .bytes(Array(bytes[$0..<min($0 + size, bytes.count)]))
        }
    }

    @Test func terminalRecordsOfEveryKind() throws {
        for reason in ["stop", "length", "load", "unload", "something-new"] {
            let done = #"{"model":"m","done":true,"done_reason":"\#(reason)"}"#
            #expect(try read(Wire.response("200 OK", done)).summary?.reason == reason)
        }
        let bare = try read(Wire.response("200 OK", #"{"done":true}"#))
        #expect(bare.summary?.reason == "")
        #expect(bare.summary?.evalCount == 0)
        #expect(bare.summary?.tokensPerSecond == nil)
    }

    @Test func theSummary() throws {
        let summary = try #require(try read(Wire.stream([Wire.chat("x"), Wire.chatDone])).summary)
        #expect(summary.reason == "stop")
        #expect(summary.totalDuration == .nanoseconds(4000))
        #expect(summary.loadDuration == .nanoseconds(1000))
        #expect(summary.promptEvalCount == 7)
        #expect(summary.promptEvalDuration == .nanoseconds(2000))
        #expect(summary.evalDuration == .nanoseconds(3000))
        #expect(summary.tokensPerSecond == 1_000_000)
    }

    @Test func textInTheTerminalRecordCounts() throws {
        let done = #"{"message":{"role":"assistant","content":"!"},"done":true}"#
        #expect(try read(Wire.stream([Wire.chat("Hi"), done])).text == "Hi!")
    }

    /// Against the protocol, and harmless: handed on, and the last summary stands.
    @Test func recordsBehindTheTerminalOne() throws {
        let reading = try read(
            Wire.stream([Wire.chat("a"), Wire.chatDone, Wire.chat("b"), Wire.chatDone]))
        #expect(reading.error == nil)
        #expect(reading.text == "ab")
        #expect(reading.doneCount == 2)
        let failing = try read(Wire.stream([Wire.chat("a"), Wire.chatDone, #"{"error":"late"}"#]))
        #expect(failing.error?.serverFailure?.message == "late")
        #expect(failing.error?.partialText == "a")
    }

    @Test func unknownFieldsArePassedOver() throws {
        let line =
            #"{"new":{"a":[1,2,{"done":true}]},"model":5,"remote_host":null,"message":{"#
            + #""role":7,"content":"x","images":null,"extra":{"content":"y"}},"logprobs":[],"#
            + #""done":false}"#
        let reading = try read(Wire.stream([line, Wire.chatDone]))
        #expect(reading.text == "x")
        #expect(reading.error == nil)
    }

    @Test func theLastOfEqualKeysCounts() throws {
        let line = #"{"message":{"content":"a","content":"b"},"done":true,"done":false}"#
        let reading = try read(Wire.stream([line, Wire.chatDone]))
        #expect(reading.text == "b")
        #expect(reading.doneCount == 1)
    }

    // MARK: Tool calls

    @Test func toolCallsInAnyRecord() throws {
        func call(_ name: String, _ more: String = "") -> String {
            #"{"function":{"index":0,"name":"\#(name)","arguments":{"b":1,"a":"\n"}}\#(more)}"#
        }
        let lines = [
            #"{"message":{"content":"","tool_calls":["#
                + #"\#(call("f", #","id":"call_1""#)),\#(call("g"))]},"done":false}"#,
            Wire.chat("text between"),
            #"{"message":{"content":"","tool_calls":[\#(call("h"))]},"done":true}"#,
        ]
        let reading = try read(Wire.stream(lines))
        #expect(reading.toolCalls.map(\.function.name) == ["f", "g", "h"])
        #expect(reading.toolCalls.map(\.id) == ["call_1", nil, nil])
        #expect(reading.toolCalls[0].function.arguments == ["b": 1, "a": "\n"])
        #expect(reading.text == "text between")
    }

    @Test func toolCallsOfAGenerationAndWithoutArguments() throws {
        let line = #"{"response":"","tool_calls":[{"function":{"name":"now"}}],"done":true}"#
        let reading = try read(Wire.stream([line]))
        #expect(reading.toolCalls == [ToolCall(name: "now", arguments: [:])])
    }

    @Test func noToolCalls() throws {
        for value in ["[]", "null", "{}", "\"\""] {
            let line = #"{"message":{"content":"x","tool_calls":\#(value)},"done":true}"#
            let system = ScriptedSystem(.responses(Wire.stream([line])))
            var client = try BlockingOllama.scripted(system)
            let reply = try client.chat(anyChat).collect()
            #expect(reply.toolCalls == [])
            #expect(reply.text == "x")
        }
    }
}
