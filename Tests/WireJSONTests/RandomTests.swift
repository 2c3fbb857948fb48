import TestSupport
import Testing
import WireBytes
import WireJSON

/// Random values, and their texts in random spelling.
struct RandomDocument {
    var generator: SeededGenerator

    mutating func value(depth: Int) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 9 : 6), using: &generator) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &generator))
        case 2: return .int(Int64.random(in: .min ... .max, using: &generator))
        case 3: return .uint(UInt64.random(in: (1 << 63)...UInt64.max, using: &generator))
        case 4: return .double(double())
        case 5: return .string(string())
        case 6:
            return .array((0..<count()).map { _ in value(depth: depth - 1) })
        default:
            return .object(
                (0..<count()).map { _ in
                    JSONValue.Member(key: string(), value: value(depth: depth - 1))
                })
        }
    }

    private mutating func count() -> Int { Int.random(in: 0...4, using: &generator) }

    private mutating func double() -> Double {
        while true {
            let value = Double(bitPattern: generator.next())
            if value.isFinite { return value }
        }
    }

    private mutating func string() -> String {
        let alphabet: [Unicode.Scalar] = [
            "a", "b", "Z", "0", " ", "/", "\"", "\\", "\n", "\t", "\u{0}", "\u{1F}", "\u{7F}", "é",
            "\u{7FF}", "€", "\u{2028}", "\u{FFFF}", "😀", "\u{10FFFF}",
        ]
        // Mostly plain, sometimes longer than a few blocks.
        let length = Int.random(
            in: 0...(Int.random(in: 0..<8, using: &generator) == 0 ? 150 : 12), using: &generator)
        let common = Bool.random(using: &generator) ? 5 : alphabet.count
        var scalars = String.UnicodeScalarView()
        for _ in 0..<length {
            scalars.append(alphabet[Int.random(in: 0..<common, using: &generator)])
        }
        return String(scalars)
    }

    mutating func spelling(of value: JSONValue) -> String {
        let text: String
        switch value {
        case .null: text = "null"
        case .bool(let value): text = String(value)
        case .int(let value): text = String(value)
        case .uint(let value): text = String(value)
        case .double(let value): text = value.description
        case .string(let value): text = spelling(of: value)
        case .array(let elements):
            text = "[" + elements.map { spelling(of: $0) }.joined(separator: ",") + blanks() + "]"
        case .object(let members):
            text =
                "{"
                + members.map {
                    blanks() + spelling(of: $0.key) + blanks() + ":" + spelling(of: $0.value)
                }.joined(separator: ",") + blanks() + "}"
        }
        return blanks() + text + blanks()
    }

    private mutating func blanks() -> String {
        [" ", "\n", "\t", "\r\n  "].randomElement(using: &generator).flatMap {
            Int.random(in: 0..<4, using: &generator) == 0 ? $0 : nil
        } ?? ""
    }

    private mutating func spelling(of string: String) -> String {
        var text = "\""
        for scalar in string.unicodeScalars {
            let isEscaped = Int.random(in: 0..<6, using: &generator) == 0
            switch scalar {
            case "\"", "\\": text += isEscaped ? units(of: scalar) : "\\\(scalar)"
            case "\n": text += isEscaped ? units(of: scalar) : "\\n"
            case "\t": text += isEscaped ? units(of: scalar) : "\\t"
            case "/": text += isEscaped ? "\\/" : "/"
            case "\u{0}"..."\u{1F}": text += units(of: scalar)
            default: text += isEscaped ? units(of: scalar) : String(scalar)
            }
        }
        return text + "\""
    }

    private mutating func units(of scalar: Unicode.Scalar) -> String {
        let isUpper = Bool.random(using: &generator)
        return String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16, uppercase: isUpper)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }
}

@Suite("Seeded random documents")
struct RandomTests {
    static let seeds: [UInt64] = Array(1...12)

    @Test("whatever the spelling, every path reads the same value", arguments: seeds)
    func documents(seed: UInt64) throws {
        var random = RandomDocument(generator: SeededGenerator(seed: seed))
        for round in 0..<300 {
            let value = random.value(depth: 4)
            let text = Array(random.spelling(of: value).utf8)
            let message: Comment = "seed \(seed), round \(round): \(shown(text))"
            #expect(try JSONValue(parsing: text.span) == value, message)
            #expect(try walked(text) == value, message)
            #expect(ReferenceValue.of(text) == value, message)
            let document = try JSONDocument(parsing: text.span)
            #expect(walked(document.root) == value, message)
            #expect(Verdicts(text).validate == nil, message)
            #expect(ReferenceJSON.accepts(text), message)
            let written = try value.encoded()
            #expect(try JSONValue(parsing: written.span) == value, message)
            try expectSkipsToMatch(value, text, message)
        }
    }

    /// Each member or element of the top value, skipped and then read from the range that came back.
    private func expectSkipsToMatch(
        _ value: JSONValue, _ text: [UInt8], _ message: Comment
    ) throws {
        var cursor = JSONCursor(text.span)
        switch value {
        case .object(let members):
            try cursor.beginObject()
            for member in members {
                #expect(try cursor.nextKey() != nil, message)
                let raw = cursor.bytes(in: try cursor.skipValue())
                #expect(try JSONValue(parsing: raw) == member.value, message)
            }
            #expect(try cursor.nextKey() == nil, message)
        case .array(let elements):
            try cursor.beginArray()
            for element in elements {
                #expect(try cursor.nextElement(), message)
                let raw = cursor.bytes(in: try cursor.skipValue())
                #expect(try JSONValue(parsing: raw) == element, message)
            }
            #expect(try !cursor.nextElement(), message)
        default:
            let raw = cursor.bytes(in: try cursor.skipValue())
            #expect(try JSONValue(parsing: raw) == value, message)
        }
        try cursor.finish()
    }

    @Test("spoiled documents get one verdict from every path, and the right one", arguments: seeds)
    func mutations(seed: UInt64) {
        var random = RandomDocument(generator: SeededGenerator(seed: seed &+ 1000))
        var accepted = 0
        for round in 0..<80 {
            let value = random.value(depth: 3)
            let text = Array(random.spelling(of: value).utf8)
            for _ in 0..<25 {
                let spoiled = spoil(text, &random.generator)
                let message: Comment = "seed \(seed), round \(round): \(shown(spoiled))"
                let verdicts = Verdicts(spoiled)
                #expect(verdicts.agree, message)
                let isValid = ReferenceJSON.accepts(spoiled)
                #expect((verdicts.validate == nil) == isValid, message)
                if let at = verdicts.validate?.at { #expect(0...spoiled.count ~= at, message) }
                if isValid {
                    accepted += 1
                    #expect(
                        (try? JSONValue(parsing: spoiled.span)) == (try? walked(spoiled)), message)
                }
            }
        }
        // Otherwise the mutations would be too coarse to say anything.
        #expect(accepted > 40, "seed \(seed)")
    }

    private func spoil(_ text: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
        let marks =
            Array("{}[]:,\"\\/-+.eEu0123456789tfn \n\u{0}".utf8) + [0x80, 0xC3, 0xED, 0xF4, 0xFF]
        var text = text
        for _ in 0...Int.random(in: 0...1, using: &generator) {
            let byte =
                Bool.random(using: &generator)
                ? marks[Int.random(in: 0..<marks.count, using: &generator)]
                : UInt8.random(in: 0...255, using: &generator)
            let place = Int.random(in: 0...text.count, using: &generator)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0 where place < text.count: text[place] = byte
            case 1 where place < text.count: text.remove(at: place)
            case 2 where place > 0: text.removeSubrange(place - 1..<text.count)
            default: text.insert(byte, at: place)
            }
        }
        return text
    }

    @Test("bytes that are no JSON at all never trap", arguments: seeds)
    func noise(seed: UInt64) {
        var generator = SeededGenerator(seed: seed &+ 2000)
        let marks = Array("{}[]:,\"\\u-.e0truefalsn ".utf8)
        for _ in 0..<300 {
            let length = Int.random(in: 0...80, using: &generator)
            let text = (0..<length).map { _ in
                Int.random(in: 0..<20, using: &generator) == 0
                    ? UInt8.random(in: 0...255, using: &generator)
                    : marks[Int.random(in: 0..<marks.count, using: &generator)]
            }
            let verdicts = Verdicts(text)
            #expect(verdicts.agree, "seed \(seed): \(shown(text))")
            #expect(
                (verdicts.validate == nil) == ReferenceJSON.accepts(text),
                "seed \(seed): \(shown(text))")
        }
    }

    @Test("calls in any order never trap; a call that throws moves nothing", arguments: seeds)
    func calls(seed: UInt64) {
        var random = RandomDocument(generator: SeededGenerator(seed: seed &+ 3000))
        for round in 0..<60 {
            let value = random.value(depth: 3)
            var text = Array(random.spelling(of: value).utf8)
            if round % 2 == 1 { text = spoil(text, &random.generator) }
            var cursor = JSONCursor(text.span)
            for _ in 0..<60 {
                let before = cursor.position
                let call = Int.random(in: 0..<11, using: &random.generator)
                let hasThrown = !make(call, &cursor)
                let message: Comment = "seed \(seed), round \(round): \(shown(text))"
                #expect(cursor.position >= before, message)
                #expect(!hasThrown || cursor.position == before, message)
                #expect(cursor.position <= text.count, message)
            }
        }
    }

    private func make(_ call: Int, _ cursor: inout JSONCursor) -> Bool {
        do {
            switch call {
            case 0: try cursor.beginObject()
            case 1: try cursor.beginArray()
            case 2, 3: _ = try cursor.nextKey()
            case 4, 5: _ = try cursor.nextElement()
            case 6: _ = cursor.text(of: try cursor.string())
            case 7: _ = cursor.double(of: try cursor.number())
            case 8: _ = try cursor.bool()
            case 9: try cursor.skipValue()
            default: try cursor.finish()
            }
            return true
        } catch {
            return false
        }
    }
}
