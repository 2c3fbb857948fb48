import TestSupport
import Testing
import WireBytes

/// A template against a simple reading of the same rule: fixed bytes, and between them runs of
/// plain JSON string bytes as long as they can be.
@Suite struct ByteTemplateTests {
    /// A template and what it was made from.
    private struct Learned {
        var template = ByteTemplate()
        var stretches: [[UInt8]] = []

        init(_ stretches: [String], holes: [String]) {
            self.stretches = stretches.map { Array($0.utf8) }
            relearn(holes: holes)
        }

        mutating func relearn(holes: [String]) {
            var record: [UInt8] = []
            var ranges: InlineArray<4, ByteRange> = .init(repeating: ByteRange(start: 0, count: 0))
            for (index, stretch) in stretches.enumerated() {
                record += stretch
                guard index < holes.count else { continue }
                ranges[index] = ByteRange(start: record.count, count: holes[index].utf8.count)
                record += holes[index].utf8
            }
            template.learn(record.span, holes: ranges, count: holes.count)
        }

        /// Where the text's holes are; nil when it has not the form. The text ends at a guard page.
        func match(_ text: [UInt8]) -> [Range<Int>]? {
            var guarded = GuardedBytes(capacity: text.count)
            var holes: InlineArray<4, ByteRange> = .init(repeating: ByteRange(start: -1, count: 0))
            guard template.matches(guarded.place(text.span), &holes) else { return nil }
            return (0..<stretches.count - 1).map { holes[$0].start..<holes[$0].end }
        }

        func expected(_ text: [UInt8]) -> [Range<Int>]? {
            var at = 0
            var holes: [Range<Int>] = []
            for (index, stretch) in stretches.enumerated() {
                guard text[at...].starts(with: stretch) else { return nil }
                at += stretch.count
                if index == stretches.count - 1 { break }
                let start = at
                while at < text.count, Self.isPlain(text[at]) { at += 1 }
                holes.append(start..<at)
            }
            return at == text.count ? holes : nil
        }

        static func isPlain(_ byte: UInt8) -> Bool {
            byte >= 0x20 && byte < 0x80 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
        }
    }

    private static let shapes: [[String]] = [
        ["{\"done\":false}"],
        ["{\"response\":\"", "\",\"done\":false}"],
        ["{\"created_at\":\"", "\",\"content\":\"", "\"}"],
        ["{\"a\":\"", "\",\"b\":\"", "\",\"c\":\"", "\",\"d\":\"", "\"}"],
    ]

    @Test func nothingLearnedMatchesNothing() {
        var holes: InlineArray<4, ByteRange> = .init(repeating: ByteRange(start: 0, count: 0))
        let empty = ByteTemplate().matches(Span(), &holes)
        #expect(!empty)
        let text = Array("{}".utf8)
        let matches = ByteTemplate().matches(text.span, &holes)
        #expect(!matches)
    }

    @Test func holesAreFound() {
        let learned = Learned(Self.shapes[2], holes: ["12:00", " old"])
        let text = Array("{\"created_at\":\"13:00:01\",\"content\":\"\"}".utf8)
        #expect(learned.match(text) == [15..<23, 36..<36])
        // The record that it was learned from has the form too, and so has one with other lengths.
        #expect(learned.match(Array("{\"created_at\":\"12:00\",\"content\":\" old\"}".utf8)) != nil)
    }

    @Test(arguments: [
        "", "{", "{\"response\":\"", "{\"response\":\"x", "{\"response\":\"x\",\"done\":false",
        "{\"response\":\"x\",\"done\":false} ", "{\"response\":\"x\",\"done\":true}",
        " {\"response\":\"x\",\"done\":false}", "{\"response\":\"a\\n\",\"done\":false}",
        "{\"response\":\"a\"b\",\"done\":false}", "{\"response\":\"ä\",\"done\":false}",
        "{\"response\":\"\u{1}\",\"done\":false}", "{\"response\":\"\n\",\"done\":false}",
        "{\"response\":x\",\"done\":false}", "{\"response\":\"x,\"done\":false}",
    ])
    func otherForms(_ text: String) {
        let learned = Learned(Self.shapes[1], holes: ["abc"])
        #expect(learned.match(Array(text.utf8)) == nil)
    }

    @Test func learningAnewForgets() {
        var learned = Learned(Self.shapes[3], holes: ["1", "2", "3", "4"])
        let text = Array("{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\"}".utf8)
        #expect(learned.match(text)?.count == 4)
        learned.stretches = [Array("{}".utf8)]
        learned.relearn(holes: [])
        #expect(learned.match(text) == nil)
        #expect(learned.match(Array("{}".utf8)) == [])
    }

    /// Texts of the form and near it: the template and the oracle agree, holes included.
    @Test func randomTexts() throws {
        var matched = 0
        for seed in 0..<20_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let shape = random.pick(Self.shapes)
            let learned = Learned(shape, holes: Array(repeating: "x", count: shape.count - 1))
            var text: [UInt8] = []
            for (index, stretch) in shape.enumerated() {
                text += stretch.utf8
                if index == shape.count - 1 { break }
                for _ in 0..<random.below(40) { text.append(UInt8(0x23 + random.below(0x39))) }
            }
            switch random.below(4) {
            case 0: text[random.below(text.count)] = random.byte()
            case 1: text.remove(at: random.below(text.count))
            case 2: text.insert(random.byte(), at: random.below(text.count + 1))
            default: break
            }
            let expected = learned.expected(text)
            try #require(learned.match(text) == expected, "seed \(seed)")
            if expected != nil { matched += 1 }
        }
        #expect(matched > 5_000 && matched < 19_000)
    }
}
