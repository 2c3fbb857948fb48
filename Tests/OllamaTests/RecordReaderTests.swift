import OllamaProtocol
import TestSupport
import Testing
import WireBytes
import WireJSON

/// A reader that has learnt the form of a stream's records says of each record what one says that
/// has learnt nothing.
@Suite struct RecordReaderTests {
    private static let bases = [
        Wire.chat("some text"), Wire.chat(""), Wire.chat("esc\\n\\u00e9"), Wire.chat("\u{E9}🦜"),
        #"{"model":"m","created_at":"2026-01-01T00:00:00Z","response":" w1","done":false}"#,
        #"{"created_at":"t","message":{"content":"","thinking":"hm"},"done":false,"model":"m"}"#,
        #"{"done":false,"thinking":"a","response":"b","created_at":"t"}"#,
        #"{"created_at":"t","created_at":"u","message":{"content":"a","content":"b"}}"#,
        #" { "created_at" : "t" , "response" : "x" , "done" : false } "#,
        #"{"created_at":"t","response":"a","message":{"content":"a"},"extra":{"content":"a"}}"#,
        #"{"created_at":"t","message":{"content":"some text","thinking":null},"done":false}"#,
        #"{"response":"no time","done":false}"#, #"{"created_at":"","response":"","done":false}"#,
    ]

    private static let others = [
        Wire.chatDone, #"{"error":"e"}"#,
        #"{"created_at":"t","response":"","logprobs":[1],"done":false}"#,
        #"{"message":{"content":"","tool_calls":[{"function":{"name":"f"}}]},"done":false}"#, "{}",
    ]

    /// Bytes that mean something in JSON, and some that never may stand there.
    private static let telling =
        Array("\"\\{}[],: \n\t0aetfn".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]

    private func mutated(_ line: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        var line = line
        for _ in 0..<(1 + generator.below(3)) {
            let place = generator.below(line.count + 1)
            let byte = generator.pick(RecordReaderTests.telling)
            switch generator.below(4) {
            case 0: line.insert(byte, at: place)
            case 1 where place < line.count: line[place] = byte
            case 2 where place < line.count: line.remove(at: place)
            default:
                let word = Array(
                    generator.pick(["\\n", "\\", "\"", "true", "\u{2028}", "xy", "\"a\":1,"]).utf8)
                line.insert(contentsOf: word, at: place)
            }
        }
        return line
    }

    /// The line, its time and its text changed to something harmless.
    private func varied(_ line: String, _ generator: inout SeededGenerator) -> [UInt8] {
        let texts = ["", "x", " word", "a longer text, as one token never is", "tab\\t", "日本"]
        var line = line
        for old in ["some text", "w1", "2026-01-01T00:00:00", "hm"] {
            guard let range = line.firstRange(of: old) else { continue }
            line.replaceSubrange(range, with: generator.pick(texts))
        }
        return Array(line.utf8)
    }

    private func result(of line: [UInt8], by reader: inout RecordReader) -> String {
        do throws(JSONError) {
            try reader.read(line.span)
            return "\(String(describing: reader.createdAt)) \(String(describing: reader.content)) "
                + "\(String(describing: reader.thinking)) \(String(describing: reader.toolCalls)) "
                + "\(String(describing: reader.error)) \(reader.isDone) \(reader.hasLogprobs)"
        } catch { return "\(error)" }
    }

    @Test(arguments: [UInt64](1...20))
    func agreesWithAFreshOne(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var learned = RecordReader()
        var base = generator.pick(RecordReaderTests.bases)
        var refused = 0
        for step in 0..<1000 {
            if generator.chance(1, in: 40) { base = generator.pick(RecordReaderTests.bases) }
            var line = varied(base, &generator)
            if generator.chance(1, in: 30) {
                line = Array(generator.pick(RecordReaderTests.others).utf8)
            }
            if generator.chance(1, in: 3) { line = mutated(line, &generator) }
            var fresh = RecordReader()
            let expected = result(of: line, by: &fresh)
            let actual = result(of: line, by: &learned)
            if actual != expected {
                Issue.record(
                    """
                    seed \(seed), step \(step): \(String(decoding: line, as: UTF8.self)):
                    \(actual), not \(expected)
                    """
                )
                return
            }
            if (try? JSON.validate(line.span)) == nil { refused += 1 }
        }
        #expect(refused > 50)
    }

    /// Each way in which a record may differ from the ones before by a single byte.
    @Test func everyByteOfARecord() {
        let line = Array(RecordReaderTests.bases[0].utf8)
        for place in line.indices {
            for byte in RecordReaderTests.telling + [line[place] ^ 1, line[place] ^ 0x20] {
                var learned = RecordReader()
                _ = result(of: line, by: &learned)
                var changed = line
                changed[place] = byte
                var fresh = RecordReader()
                let expected = result(of: changed, by: &fresh)
                let actual = result(of: changed, by: &learned)
                #expect(actual == expected, "byte \(byte) at \(place)")
            }
        }
    }

    /// The strings of each record are its own.
    @Test func stringsOfEachRecord() throws {
        var reader = RecordReader()
        for index in 0..<20 {
            let content = String(repeating: "x", count: index * 7 % 50)
            let time = String(repeating: "t", count: index % 5)
            let line = Array(
                #"{"thinking":"\#(index)","created_at":"\#(time)","response":"\#(content)"}"#.utf8)
            try reader.read(line.span)
            func text(_ string: JSONString?) throws -> String {
                let range = try #require(string).range
                return String(decoding: line[range.start..<range.end], as: UTF8.self)
            }
            #expect(try text(reader.content) == content)
            #expect(try text(reader.createdAt) == time)
            #expect(try text(reader.thinking) == "\(index)")
        }
    }
}
