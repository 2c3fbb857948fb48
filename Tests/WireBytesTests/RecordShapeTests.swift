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
            var found = RecordsFound()
            guard shape.match(guarded.place(text.span), &found) else { return nil }
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
        var found = RecordsFound()
        let shape = RecordShape()
        let text = Array("{}\n".utf8)
        let none = shape.match(Span(), &found)
        let some = shape.match(text.span.extracting(0..<2), &found)
        shape.matchLines(text.span, &found, most: 3)
        #expect(!none && !some && found.recordCount == 0 && shape.isEmpty)
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
            learned.shape.firstDifference(Array(text.utf8).span, RecordsFound())
        }
        let places = [
            difference("{\"a\":\"other\",\"n\":\"fired\"}"),
            difference("{\"b\":\"x\",\"n\":\"fixed\"}"),
            difference("{\"a\":\"x\",\"n\":\"fixed\"}"), difference("{\"a\""),
        ]
        #expect(places == [16, 2, nil, nil])
    }

    // MARK: Lines

    /// Lines of the form and near it: those in front are found that match one by one, with the same holes,
    /// in the text of all and, one by one, in their own.
    @Test(arguments: KernelWidth.available)
    func lines(_ width: KernelWidth) throws {
        width.use()
        var counts: Set<Int> = []
        for seed in 0..<3_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let shape = random.pick(Self.shapes + [["{\"n\":", ",\"a\":\"", "\"}"]])
            let numbers: Set = shape[0].hasSuffix(":") ? [0] : []
            let learned = Learned(
                shape, holes: Array(repeating: "1", count: shape.count - 1), numbers: numbers)
            let rare = 2 + random.below(200)
            let lines = (0..<random.below(140)).map { _ in
                Self.line(shape, numbers, isNear: random.chance(1, in: rare), &random)
            }
            // The last one may have no end.
            var text = Array(lines.joined(separator: [ASCII.lf]))
            if random.chance(2, in: 3) { text.append(ASCII.lf) }
            let most = 1 + random.below(RecordsFound.limit)
            let found = try check(learned, text, most: most, "seed \(seed)")
            counts.insert(found)
        }
        #expect(counts.count > RecordsFound.limit)
    }

    private static func line(
        _ shape: [String], _ numbers: Set<Int>, isNear: Bool, _ random: inout SeededGenerator
    ) -> [UInt8] {
        var line: [UInt8] = []
        for (index, stretch) in shape.enumerated() {
            line += stretch.utf8
            if index == shape.count - 1 { break }
            if numbers.contains(index) {
                line += "\(random.below(1 << 20))".utf8
                continue
            }
            let most = random.chance(1, in: 20) ? 100 : 12
            for _ in 0..<random.below(most) { line.append(UInt8(0x23 + random.below(0x39))) }
            if random.chance(1, in: 12) { line += random.pick(["\\n", "ä", "\\u00e9", "日本"]).utf8 }
        }
        guard isNear else { return line }
        switch random.below(3) {
        case 0: line[random.below(line.count)] = random.byte()
        case 1: line.remove(at: random.below(line.count))
        default: line.insert(random.byte(), at: random.below(line.count + 1))
        }
        return line
    }

    private func check(
        _ learned: borrowing Learned, _ text: [UInt8], most: Int, _ comment: Comment
    ) throws -> Int {
        var guarded = GuardedBytes(capacity: text.count)
        var found = RecordsFound()
        let placed = guarded.place(text.span)
        learned.shape.matchLines(placed, &found, most: most)
        let count = found.recordCount
        try #require(count <= most, comment)
        var start = 0
        for index in 0..<count {
            let record = found.record(index)
            try #require(record.start == start && text[record.end] == ASCII.lf, comment)
            let holes = learned.match(Array(text[record.start..<record.end]))
            var inAll: [Range<Int>] = []
            for hole in 0..<learned.stretches.count - 1 {
                let range = found.range(hole, of: index)
                inAll.append(range.start - start..<range.end - start)
            }
            try #require(holes == inAll, comment)
            let rest = placed.extracting(start..<text.count)
            let length =
                index == 0 ? record.count : found.takeNext(of: found.left, in: rest)
            try #require(length == record.count, comment)
            var atHand: [Range<Int>] = []
            for hole in 0..<learned.stretches.count - 1 {
                let hasEscapes = (found.hasEscapes(hole), found.hasEscapes(hole, of: index))
                try #require(hasEscapes.0 == hasEscapes.1, comment)
                atHand.append(found.range(hole).start..<found.range(hole).end)
            }
            try #require(holes == atHand, comment)
            start = record.end + 1
        }
        let none = found.takeNext(of: found.left, in: placed.extracting(start..<text.count))
        try #require(none == 0, comment)
        try one(learned, placed, from: start, comment)
        if count > 0 { try one(learned, placed, from: 0, comment) }
        // It stopped for a reason.
        let end = text[start...].firstIndex(of: ASCII.lf)
        if count < most, let end, end < 16_384 {
            let next = learned.match(Array(text[start..<end]))
            try #require(next == nil, comment)
        }
        return count
    }

    /// As many bytes as are looked at in one go, with nothing in them that ends a string.
    @Test(arguments: KernelWidth.available)
    func thirtyTwoBytes(_ width: KernelWidth) {
        width.use()
        let learned = Learned(
            ["{\"n\":", ",\"a\":\"", "\"}"], holes: ["1", "x"], numbers: [0])
        func count(_ number: String, _ string: String) -> Int {
            let line = "{\"n\":\(number),\"a\":\"\(string)\"}\n"
            let text = Array(String(repeating: line, count: 9).utf8)
            var found = RecordsFound()
            learned.shape.matchLines(text.span, &found, most: 9)
            return found.recordCount
        }
        for bytes in [31, 32, 33] {
            let digits = count(String(repeating: "7", count: bytes), "y")
            let plain = count("1", String(repeating: "y", count: bytes))
            let letters = count(String(repeating: "x", count: bytes), "y")
            #expect(digits == 9 && plain == 9 && letters == 0)
        }
    }

    /// The line that starts there, by itself.
    private func one(
        _ learned: borrowing Learned, _ text: Span<UInt8>, from start: Int, _ comment: Comment
    ) throws {
        let rest = text.extracting(start..<text.count)
        var found = RecordsFound()
        let length = learned.shape.matchLine(rest, &found)
        var end = 0
        while end < rest.count, rest[end] != ASCII.lf { end += 1 }
        let holes = learned.match([UInt8](copying: rest.extracting(0..<end)))
        try #require(length == (end < rest.count && holes != nil ? end : 0), comment)
        if length == 0 { return }
        for (hole, range) in holes!.enumerated() {
            let found = found.range(hole)
            try #require(found.start == range.lowerBound && found.end == range.upperBound, comment)
        }
    }

    /// A run is one reader's, and over when something else has been read.
    @Test func runs() {
        let learned = Learned(Self.shapes[1], holes: ["x"])
        let line = "{\"response\":\"abc\",\"done\":false}"
        let text = Array("\(line)\n\(line)\n\(line)\n".utf8)
        let same = text.map { $0 }
        let rest = line.utf8.count + 1..<text.count
        var one = RecordsFound()
        var other = RecordsFound()
        learned.shape.matchLines(text.span, &one, most: 8)
        learned.shape.matchLines(same.span, &other, most: 8)
        let run = one.left
        let early = one.takeNext(of: run, in: text.span)
        let foreign = other.takeNext(of: run, in: text.span.extracting(rest))
        let nowhere = one.takeNext(of: RecordRun(), in: text.span.extracting(rest))
        #expect(early == 0 && foreign == 0 && nowhere == 0)
        let own = one.takeNext(of: run, in: text.span.extracting(rest))
        #expect(own == line.utf8.count)
        learned.shape.matchLines(text.span, &one, most: 8)
        let old = one.takeNext(of: run, in: text.span.extracting(rest))
        #expect(old == 0)
    }
}
