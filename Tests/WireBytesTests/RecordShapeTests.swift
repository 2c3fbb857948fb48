import TestSupport
import Testing
import WireBytes

/// A shape against a simple reading of the same rule: fixed bytes, and between them what a JSON string
/// may hold, as far as it goes.
@Suite(.serialized) struct RecordShapeTests {
    /// A shape and what it was made from.
    private struct Learned: ~Copyable {
        var shape = RecordShape()
        var stretches: [[UInt8]] = []
        var numbers: Set<Int> = []

        init(_ stretches: [String], holes: [String], numbers: Set<Int> = []) {
            self.stretches = stretches.map { Array($0.utf8) }
            self.numbers = numbers
            relearn(holes: holes)
        }

        mutating func relearn(holes: [String]) {
            var record: [UInt8] = []
            var ranges: [RecordShape.Hole] = []
            for (index, stretch) in stretches.enumerated() {
                record += stretch
                guard index < holes.count else { continue }
                let range = ByteRange(start: record.count, count: holes[index].utf8.count)
                ranges.append(RecordShape.Hole(range, isNumber: numbers.contains(index)))
                record += holes[index].utf8
            }
            shape.learn(record.span, holes: ranges)
        }

        /// Where the text's holes are; nil when it has not the form. The text ends at a guard page.
        func match(_ text: [UInt8]) -> [Range<Int>]? {
            var guarded = GuardedBytes(capacity: text.count)
            let found = RecordShape.Found()
            let taken = shape.match(guarded.place(text.span), found)
            guard taken > 0, taken == text.count else { return nil }
            return (0..<stretches.count - 1).map { found.range($0).start..<found.range($0).end }
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
        let found = RecordShape.Found()
        let shape = RecordShape()
        let text = Array("{}".utf8)
        let (none, some) = (shape.match(Span(), found), shape.match(text.span, found))
        #expect(none == 0 && some == 0 && shape.isEmpty)
    }

    @Test func holesAreFound() {
        let learned = Learned(Self.shapes[2], holes: ["12:00", " old"])
        let text = Array("{\"created_at\":\"13:00:01\",\"content\":\"\"}".utf8)
        let holes = learned.match(text)
        #expect(holes == [15..<23, 36..<36])
        // The record that it was learned from has the form too, and so has one with other lengths.
        let old = learned.match(Array("{\"created_at\":\"12:00\",\"content\":\" old\"}".utf8))
        #expect(old != nil)
    }

    @Test(arguments: [
        "", "{", "{\"response\":\"", "{\"response\":\"x", "{\"response\":\"x\",\"done\":false",
        "{\"response\":\"x\",\"done\":false} ", "{\"response\":\"x\",\"done\":true}",
        " {\"response\":\"x\",\"done\":false}", "{\"response\":\"a\\x\",\"done\":false}",
        "{\"response\":\"a\"b\",\"done\":false}", "{\"response\":\"a\\uD800\",\"done\":false}",
        "{\"response\":\"\u{1}\",\"done\":false}", "{\"response\":\"\n\",\"done\":false}",
        "{\"response\":x\",\"done\":false}", "{\"response\":\"x,\"done\":false}",
    ])
    func otherForms(_ text: String) {
        let learned = Learned(Self.shapes[1], holes: ["abc"])
        let match = learned.match(Array(text.utf8))
        #expect(match == nil)
    }

    @Test func learningAnewForgets() {
        var learned = Learned(Self.shapes[3], holes: ["1", "2", "3", "4"])
        let text = Array("{\"a\":\"\",\"b\":\"\",\"c\":\"\",\"d\":\"\"}".utf8)
        let before = learned.match(text)
        #expect(before?.count == 4)
        learned.stretches = [Array("{}".utf8)]
        learned.relearn(holes: [])
        let (after, new) = (learned.match(text), learned.match(Array("{}".utf8)))
        #expect(after == nil && new == [])
    }

    /// Texts of the form and near it: the template and the oracle agree, holes included.
    @Test(arguments: KernelWidth.available)
    func randomTexts(_ width: KernelWidth) throws {
        width.use()
        var matched = 0
        for seed in 0..<8_000 as Range<UInt64> {
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
            let actual = learned.match(text)
            // Only ASCII is compared here: what else strings hold is the next test's.
            if text.allSatisfy({ $0 < 0x80 && $0 != UInt8(ascii: "\\") }) {
                try #require(actual == expected, "seed \(seed)")
            }
            if expected != nil { matched += 1 }
        }
        #expect(matched > 2_000 && matched < 7_600)
    }

    /// What stands in a string's place is taken if a JSON string with it is right (Swift's own rules
    /// for UTF-8 stand in for ours), and a number's place takes a number.
    @Test(arguments: KernelWidth.available)
    func strings(_ width: KernelWidth) throws {
        width.use()
        let learned = Learned(["{\"a\":\"", "\",\"n\":", "}"], holes: ["x", "1"], numbers: [1])
        let good = [
            "", "plain", "\\n\\t\\\"\\\\\\/\\b\\f\\r", "\\u00e9\\uD83D\\uDE00", "ä日本語😀",
            String(repeating: "long text ", count: 20) + "\\n" + String(repeating: "é", count: 70),
        ]
        let bad = [
            "\u{1}", "\n", "\\", "\\x", "\\u12", "\\uD800", "\\uDC00", "\\uD800\\u0041", "a\"b",
        ]
        let numbers = [
            "0": true, "-0": true, "12.5e-3": true, "1E5": true, "01": false, "-": false,
            "1.": false,
            ".5": false, "1e": false, "": false, "1 ": false, "+1": false, "1x": false,
        ]
        for (text, isGood) in good.map({ ($0, true) }) + bad.map({ ($0, false) }) {
            let match = learned.match(Array("{\"a\":\"\(text)\",\"n\":7}".utf8))
            try #require((match != nil) == isGood, "\(text)")
            if isGood { try #require(match?[0].count == text.utf8.count, "\(text)") }
        }
        for (text, isGood) in numbers {
            let match = learned.match(Array("{\"a\":\"\",\"n\":\(text)}".utf8))
            try #require((match != nil) == isGood, "\(text)")
        }
        for seed in 0..<4000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var content = Array("日本ä😀".utf8) + (0..<random.below(60)).map { _ in 0x61 }
            content.shuffle(using: &random)
            if random.chance(1, in: 2) {
                content = Array(String(decoding: content, as: UTF8.self).utf8)
            }
            let match = learned.match(
                Array("{\"a\":\"".utf8) + content + Array("\",\"n\":7}".utf8))
            let isUTF8 = String(validating: content, as: UTF8.self) != nil
            try #require((match != nil) == isUTF8, "seed \(seed)")
        }
    }

    @Test func firstDifference() {
        let learned = Learned(["{\"a\":\"", "\",\"n\":\"fixed\"}"], holes: ["x"])
        func difference(_ text: String) -> Int? {
            learned.shape.firstDifference(Array(text.utf8).span)
        }
        let places = [
            difference("{\"a\":\"other\",\"n\":\"fired\"}"),
            difference("{\"b\":\"x\",\"n\":\"fixed\"}"),
            difference("{\"a\":\"x\",\"n\":\"fixed\"}"), difference("{\"a\""),
        ]
        #expect(places == [16, 2, nil, nil])
    }
}
