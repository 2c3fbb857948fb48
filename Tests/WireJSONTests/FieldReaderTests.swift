import TestSupport
import Testing
import WireBytes
import WireJSON

/// A reader that has learnt the shapes of a stream says of each record what one says that has learnt
/// nothing, and both what one says that reads by the cursor alone.
@Suite struct FieldReaderTests {
    /// One field of each kind, at the top and further in.
    private struct Reading: ~Copyable {
        var plan = FieldPlan()
        let content, role, finish: FieldPlan.StringField
        let done: FieldPlan.BoolField
        let count: FieldPlan.NumberField
        let calls: FieldPlan.ValueField
        var reader: FieldReader

        /// - Parameter byCursor: with more places than the tree takes, none of them in any record.
        init(byCursor: Bool = false) {
            for index in 0..<(byCursor ? 10 : 0) {
                _ = plan.bool(
                    .key("nowhere \(index)"), "1", "2", "3", "4", "5", "6", "7", "8", "9", "10",
                    "11", "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23",
                    "24", "25")
            }
            content = plan.string("message", "content")
            role = plan.string("message", "role")
            done = plan.bool("done")
            finish = plan.string("choices", 1, "finish")
            count = plan.number("count")
            calls = plan.value("calls")
            reader = FieldReader(plan)
        }

        /// A reader that has seen so many forms that it no longer looks for one.
        static func irregular() -> Reading {
            var reading = Reading()
            for step in 0..<20 {
                _ = reading.result(Array(#"{"\#(step * 7_919)":1}"#.utf8))
            }
            return reading
        }

        mutating func result(_ text: [UInt8]) -> String {
            do throws(JSONError) { try reader.read(text.span) } catch { return "\(error)" }
            func string(_ string: JSONString?) -> String {
                guard let string else { return "nil" }
                return JSONCursor(text.span).text(of: string)
            }
            let number = reader.number(count, in: text.span).map { "\($0.range) \($0.int64 ?? -1)" }
            let value = reader[calls].map { text[$0.start..<$0.end] }
            return "\(string(reader[content])) \(string(reader[role])) \(string(reader[finish])) "
                + "\(String(describing: reader[done])) \(number ?? "nil") "
                + (value.map { String(decoding: $0, as: UTF8.self) } ?? "nil")
        }
    }

    private static let bases = [
        #"{"message":{"role":"a","content":" text"},"done":false,"at":"2026-01-01T00:00:00Z"}"#,
        #"{"choices":[{"finish":"x"},{"finish":null,"n":12}],"count":17,"done":true}"#,
        #"{"calls":[{"f":"g","n":1.5}],"message":{"content":"","content":"two"},"message":{}}"#,
        #" { "count" : -1.5e3 , "message" : null , "other" : [ 1 , "a" , { "b" : true } ] } "#,
        #"{"\u0064one":true,"message":{"content":"esc\n\u00e9","role":"é日"},"calls":"text"}"#,
        #"{"count":null,"done":null,"calls":null,"choices":[],"x":"y"}"#, "{}",
        #"{"calls":7,"a":1,"b":"2","c":3,"d":"4","e":5,"f":"6"}"#,
    ]

    /// Bytes that mean something in JSON, and some that never may stand there.
    private static let telling =
        Array("\"\\{}[],: \n\t0a-.etfn".utf8) + [0, 0x1F, 0x7F, 0x80, 0xC3, 0xE2, 0xF0, 0xFF]

    /// Strings and numbers changed to others.
    private static func varied(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
        let strings = ["", "x", "two", " longer than a token", "tab\\t", "日本", "😀\\u00e9"]
        let numbers = ["0", "-1", "12345678901234567890123", "1.25", "1e9"]
        var text = text
        for old in [" text", "two", "2026-01-01T00:00:00Z", "esc\\n\\u00e9", "g\""]
        where random.chance(1, in: 2) {
            guard let range = text.firstRange(of: old) else { continue }
            text.replaceSubrange(range, with: random.pick(strings) + (old == "g\"" ? "\"" : ""))
        }
        for old in ["17", "12", "1.5", "-1.5e3", "7"] where random.chance(1, in: 2) {
            guard let range = text.firstRange(of: old) else { continue }
            text.replaceSubrange(range, with: random.pick(numbers))
        }
        return Array(text.utf8)
    }

    private static func mutated(_ text: [UInt8], _ random: inout SeededGenerator) -> [UInt8] {
        var text = text
        for _ in 0...random.below(3) {
            let place = random.below(text.count + 1)
            switch random.below(3) {
            case 0: text.insert(random.pick(telling), at: place)
            case 1 where place < text.count: text[place] = random.pick(telling)
            default: if place < text.count { text.remove(at: place) }
            }
        }
        return text
    }

    @Test(arguments: [UInt64](1...20))
    func agreesWithAFreshOne(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var learned = Reading()
        var irregular = Reading.irregular()
        var base = random.pick(Self.bases)
        var (repeats, refused) = (0, 0)
        for step in 0..<1500 {
            if random.chance(1, in: 20) { base = random.pick(Self.bases) }
            var text = Self.varied(base, &random)
            if random.chance(1, in: 3) { text = Self.mutated(text, &random) }
            var fresh = Reading()
            var slow = Reading(byCursor: true)
            let expected = slow.result(text)
            try #require(fresh.result(text) == expected, "fresh, step \(step)")
            try #require(irregular.result(text) == expected, "irregular, step \(step)")
            let actual = learned.result(text)
            try #require(
                actual == expected, "step \(step): \(String(decoding: text, as: UTF8.self))")
            if learned.reader.form != nil { repeats += 1 }
            if (try? JSON.validate(text.span)) == nil { refused += 1 }
        }
        #expect(repeats > 100 && refused > 50)
    }

    /// Each way in which a record may differ from the one before by a single byte.
    @Test(arguments: bases)
    func everyByteOfARecord(_ base: String) throws {
        let text = Array(base.utf8)
        var irregular = Reading.irregular()
        for place in text.indices {
            for byte in Self.telling + [text[place] ^ 1, text[place] ^ 0x20] {
                var changed = text
                changed[place] = byte
                var fresh = Reading()
                var learned = Reading()
                _ = learned.result(text)
                var slow = Reading(byCursor: true)
                let expected = slow.result(changed)
                try #require(fresh.result(changed) == expected, "fresh, \(byte) at \(place)")
                // Whatever was changed before, no form has come often.
                _ = irregular.result(Array(#"{"\(place).\(byte)":null}"#.utf8))
                try #require(
                    irregular.result(changed) == expected, "irregular, \(byte) at \(place)")
                let actual = learned.result(changed)
                try #require(actual == expected, "byte \(byte) at \(place)")
            }
        }
    }

    @Test func errors() {
        func error(_ text: String) -> JSONError? {
            var reading = Reading()
            do throws(JSONError) {
                try reading.reader.read(Array(text.utf8).span)
                return nil
            } catch { return error }
        }
        #expect(error(#"{"done":1}"#) == JSONError(.typeMismatch, at: 8))
        #expect(error(#"{"message":[]}"#) == JSONError(.typeMismatch, at: 11))
        #expect(error(#"{"message":{"content":{}}}"#) == JSONError(.typeMismatch, at: 22))
        #expect(error("[]") == JSONError(.typeMismatch, at: 0))
        #expect(error("{} {}") == JSONError(.trailingBytes, at: 3))
        #expect(error(#"{"done":true"#) == JSONError(.unexpectedEnd, at: 12))
        #expect(error("{}") == nil)
    }

    /// Of equal keys the last counts, wholly.
    @Test func duplicateKeys() {
        var reading = Reading()
        let text =
            #"{"done":true,"message":{"content":"a","role":"b"},"done":false,"message":{"role":"c"}}"#
        for _ in 0..<3 {
            let result = reading.result(Array(text.utf8))
            #expect(result == "nil c nil Optional(false) nil nil")
        }
    }

    /// Two forms in turn, and one that comes back after many others.
    @Test func severalShapes() {
        var reading = Reading()
        var repeats = 0
        for step in 0..<200 {
            let text = step % 3 == 0 ? #"{"done":false,"x":"\#(step)"}"# : #"{"count":\#(step)}"#
            _ = reading.result(Array(text.utf8))
            if reading.reader.form != nil { repeats += 1 }
        }
        #expect(repeats > 190)
    }

    /// Records without a common form are read all the same.
    @Test func noShapeAtAll() {
        var reading = Reading()
        for step in 0..<3000 {
            let keys = String(repeating: #""k\#(step * 7919)":1,"#, count: step % 3)
            let result = reading.result(Array(#"{\#(keys)"count":\#(step)}"#.utf8))
            #expect(result.contains(" \(step) nil"))
        }
    }

    /// Names of one length, of lengths that are the same modulo 16, and longer than 16; at the text's end.
    @Test func namesThatAreAlike() throws {
        let names =
            ["", "a", "b", "abcdefgh", "abcdefgi", "abcdefghijklmnop", "abcdefghijklmnoq"]
            + ["abcdefghijklmnopq", "bbcdefghijklmnopq", "abcdefghijklmnopr", "é"]
        var plan = FieldPlan()
        let fields = names.map { plan.number(.key($0)) }
        let orders = [names, names.reversed(), Array(names[5...] + names[..<5])]
        for order in orders {
            var reader = try irregular(plan)
            let members = order.map { #""\#($0)":\#(names.firstIndex(of: $0)!)"# }
            let text = Array("{\(members.joined(separator: ",")),\"abcdefghijklmno\":[1]}".utf8)
            try reader.read(text.span)
            for (index, field) in fields.enumerated() {
                #expect(reader.number(field, in: text.span)?.int64 == Int64(index))
            }
        }
        try expectEach(of: names, fields, FieldReader(plan))
        try expectEach(of: names, fields, try irregular(plan))
    }

    /// One that has seen so many forms that it reads by the kernel.
    private func irregular(_ plan: FieldPlan) throws -> FieldReader {
        var reader = FieldReader(plan)
        for step in 0..<20 { try reader.read(Array(#"{"_\#(step)":\#(step)}"#.utf8).span) }
        return reader
    }

    private func expectEach(
        of names: [String], _ fields: [FieldPlan.NumberField], _ reader: consuming FieldReader
    ) throws {
        for name in names {
            let text = Array(#"{"\#(name)":1}"#.utf8)
            try reader.read(text.span)
            let found = fields.map { reader.number($0, in: text.span) != nil }
            #expect(found.count { $0 } == 1 && found[names.firstIndex(of: name)!])
        }
    }

    /// Deeper than the kernel goes, and as deep as the cursor does.
    @Test(arguments: [1, 62, 63, 64, 65, 500])
    func nesting(_ depth: Int) throws {
        var reading = Reading.irregular()
        let (opening, closing) = (
            String(repeating: "[", count: depth), String(repeating: "]", count: depth)
        )
        let text = #"{"other":\#(opening)\#(closing),"calls":\#(opening)1\#(closing),"done":true}"#
        let result = reading.result(Array(text.utf8))
        #expect(result == "nil nil nil Optional(true) nil \(opening)1\(closing)")
    }
}
