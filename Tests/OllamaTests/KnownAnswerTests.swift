import OllamaProtocol
import TestSupport
import Testing
import WireBytes

/// Records that a reader knows by their form say what they say when they are read one by one.
@Suite struct KnownAnswerTests {
    private struct Said: Equatable {
        var content = ""
        var thinking = ""
        var calls: [String] = []
        var hasContent = false
        var isDone = false
        var isComplete = false
        var recordCount = 0
        var error: String?
    }

    private static func said(_ answer: inout AnswerReader, _ line: Span<UInt8>) -> Said {
        var said = Said()
        said.hasContent = answer.hasContent
        said.isComplete = answer.isComplete
        said.recordCount = answer.recordCount
        let record = answer.record(in: line)
        said.content = record.text
        said.thinking = record.thinkingText
        said.calls = ((try? record.toolCalls()) ?? []).map { "\($0)" }
        said.isDone = record.isDone
        return said
    }

    private static func read(_ answer: inout AnswerReader, _ line: Span<UInt8>) -> Said {
        if answer.read(line) == .refused {
            var said = Said()
            said.error = "\(answer.failure(in: line, at: 0))"
            return said
        }
        return said(&answer, line)
    }

    private static func openAI(_ random: inout SeededGenerator) -> String {
        func chunk(_ delta: String, _ finish: String = "null") -> String {
            #"{"id":"c-1","choices":[{"index":0,"delta":\#(delta),"finish_reason":\#(finish)}]}"#
        }
        let text = random.pick(["", " a", " token", "\\n", "日本", String(repeating: "x", count: 40)])
        return switch random.below(100) {
        case 0..<4: chunk(#"{"role":"assistant","content":""}"#)
        case 4..<8: chunk(#"{"reasoning":"\#(text)"}"#)
        case 8..<16:
            chunk(
                #"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]}"#)
        case 16..<22: chunk("{}", #""stop""#)
        case 22..<28: chunk("{}", #""tool_calls""#)
        case 28..<30:
            #"{"id":"c-1","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#
        case 30..<36: "[DONE]"
        case 36: #"{"error":"out of memory"}"#
        case 37: "{\"choices\":"
        default: chunk(#"{"content":"\#(text)"}"#)
        }
    }

    private static func native(_ random: inout SeededGenerator) -> String {
        func record(_ message: String, _ rest: String = #""done":false"#) -> String {
            #"{"model":"m","created_at":"t\#(random.below(999))","message":\#(message),\#(rest)}"#
        }
        let text = random.pick(["", " a", " token", "\\n", "日本", String(repeating: "x", count: 40)])
        return switch random.below(100) {
        case 0..<8: record(#"{"role":"assistant","content":"","thinking":"\#(text)"}"#)
        case 8..<16:
            record(
                #"{"role":"assistant","content":"","tool_calls":[{"function":{"name":"f","arguments":{}}}]}"#
            )
        case 16..<24:
            record(#"{"role":"assistant","content":""}"#, #""done":true,"done_reason":"stop""#)
        case 24: #"{"error":"out of memory"}"#
        case 25: "{\"message\":"
        default: record(#"{"role":"assistant","content":"\#(text)"}"#)
        }
    }

    @Test(arguments: 0..<160 as Range<UInt64>)
    func asReadOneByOne(_ seed: UInt64) throws {
        let dialect = seed % 2 == 0 ? Dialect.native : .openAI
        var random = SeededGenerator(seed: seed)
        let form: AnswerForm = dialect == .native ? .line : .event
        var plain = AnswerReader(
            status: 200, partialTextLimit: .mebibytes(1), dialect: dialect, form: form)
        var knowing = AnswerReader(
            status: 200, partialTextLimit: .mebibytes(1), dialect: dialect, form: form)
        let takesExpected = knowing.takesExpected
        #expect(takesExpected)
        // Each often: forms are known from the second record on.
        var records: [String] = []
        while records.count < 120 {
            let record = dialect == .native ? Self.native(&random) : Self.openAI(&random)
            records += Array(
                repeating: record, count: random.chance(1, in: 3) ? 1 + random.below(12) : 1)
        }
        var known = 0
        for record in records {
            let line = Array("\(record)\n".utf8)
            let data = line.span.extracting(droppingLast: 1)
            let expected = Self.read(&plain, data)
            let found: Said
            if knowing.readExpectedAlone(startOf: line.span) > 0 {
                known += 1
                knowing.takeExpected(data)
                found = Self.said(&knowing, data)
            } else {
                found = Self.read(&knowing, data)
            }
            try #require(found == expected, "\(record)")
            if expected.error != nil { break }
        }
        if seed < 2 { #expect(known > 0) }
    }

    /// What `[DONE]` has brought is not said of a record that comes behind it all the same.
    @Test func behindTheEnd() throws {
        func chunk(_ delta: String) -> [UInt8] {
            Array(
                #"{"id":"c","choices":[{"index":0,"delta":\#(delta),"finish_reason":null}]}"#.utf8)
        }
        let text = chunk(#"{"content":"a"}"#)
        let call = chunk(
            #"{"tool_calls":[{"index":0,"id":"x","function":{"name":"f","arguments":"{}"}}]}"#)
        var answer = AnswerReader(
            status: 200, partialTextLimit: .mebibytes(1), dialect: .openAI, form: .event)
        for record in [text, text, text, call, text, text, Array("[DONE]".utf8)] {
            _ = Self.read(&answer, record.span)
        }
        let atTheEnd = answer.hasToolCalls
        let length = answer.readExpectedAlone(startOf: (text + [ASCII.lf]).span)
        answer.takeExpected(text.span)
        let behind = answer.hasToolCalls
        #expect(atTheEnd && length == text.count && !behind)
    }
}
