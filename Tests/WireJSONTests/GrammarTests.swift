import Testing
import WireJSON

@Suite("What is JSON and what is not")
struct GrammarTests {
    static let accepted = [
        "null", "true", "false", "0", "-0", "1", "-1", "1234567890", "0.0", "-0.5", "1e0", "1E+2",
        "1.5e-3", "1e999", "\"\"", "\"a\"", "[]", "{}", " [ ] ", "\t{\r\n}\n", "[1,2]", "[ 1 , 2 ]",
        "{\"a\":1}", "{ \"a\" : 1 , \"b\" : [ ] }", "[[[[]]]]", "[{},{}]", "[null,true,false]",
        "{\"a\":1,\"a\":2}", "{\"\":0}", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"",
        "\"\\uD83D\\uDE00\"", "\"\\ud83d\\ude00\"", "\"\\uFFFF\"", "\"\u{7F}\"", "\"é€😀\"",
        "\"\u{2028}\u{2029}\"", "{\"k\\u0065y\":\"v\"}", "\"\u{FEFF}\"",
    ]

    @Test("accepted on every path", arguments: accepted)
    func accepts(text: String) {
        let bytes = Array(text.utf8)
        let verdicts = Verdicts(bytes)
        #expect(verdicts.validate == nil)
        #expect(verdicts.agree)
        #expect(ReferenceJSON.accepts(bytes))
    }

    static let rejected: [(String, JSONError.Code, Int)] = [
        ("", .unexpectedEnd, 0), (" \n", .unexpectedEnd, 2),
        // Values.
        ("x", .expectedValue, 0), ("\u{0}", .expectedValue, 0), ("[\u{0}]", .expectedValue, 1),
        ("[1]\u{0}", .trailingBytes, 3), ("\u{FEFF}{}", .byteOrderMark, 0),
        ("[\u{FEFF}]", .expectedValue, 1), ("NaN", .expectedValue, 0),
        ("Infinity", .expectedValue, 0),
        ("undefined", .expectedValue, 0), ("'a'", .expectedValue, 0), ("/**/1", .expectedValue, 0),
        ("\u{B}1", .expectedValue, 0), ("\u{C}1", .expectedValue, 0),
        ("\u{A0}1", .expectedValue, 0),
        // Behind the value.
        ("1 2", .trailingBytes, 2), ("{}{}", .trailingBytes, 2), ("null,", .trailingBytes, 4),
        ("[]]", .trailingBytes, 2), ("\"a\"b", .trailingBytes, 3), ("truex", .trailingBytes, 4),
        ("1a", .trailingBytes, 1), ("1 //", .trailingBytes, 2),
        // Arrays.
        ("[", .unexpectedEnd, 1), ("[1", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
        ("]", .expectedValue, 0), ("[1,]", .expectedValue, 3), ("[,1]", .expectedValue, 1),
        ("[1,,2]", .expectedValue, 3), ("[1 2]", .expectedCommaOrEnd, 3),
        ("[1}", .expectedCommaOrEnd, 2), ("[1:2]", .expectedCommaOrEnd, 2),
        ("[}", .expectedValue, 1),
        // Objects.
        ("{", .unexpectedEnd, 1), ("{\"a\"", .unexpectedEnd, 4), ("{\"a\":", .unexpectedEnd, 5),
        ("{\"a\":1", .unexpectedEnd, 6), ("{\"a\":1,", .unexpectedEnd, 7), ("}", .expectedValue, 0),
        ("{\"a\"}", .expectedColon, 4), ("{\"a\" 1}", .expectedColon, 5),
        ("{\"a\":}", .expectedValue, 5), ("{\"a\"::1}", .expectedValue, 5),
        ("{\"a\":1,}", .expectedKey, 7), ("{,}", .expectedKey, 1), ("{1:2}", .expectedKey, 1),
        ("{a:1}", .expectedKey, 1), ("{'a':1}", .expectedKey, 1), ("{null:1}", .expectedKey, 1),
        ("{\"a\":1 \"b\":2}", .expectedCommaOrEnd, 7), ("{\"a\":1]", .expectedCommaOrEnd, 6),
        ("{\"a\":1,,\"b\":2}", .expectedKey, 7), ("{]", .expectedKey, 1),
        ("{\"a\\x\":1}", .invalidEscape, 3), ("{\"a\n\":1}", .controlCharacter, 3),
        // Literals.
        ("tru", .unexpectedEnd, 3), ("trux", .invalidLiteral, 3), ("TRUE", .expectedValue, 0),
        ("tRUE", .invalidLiteral, 1), ("fals", .unexpectedEnd, 4), ("fal5e", .invalidLiteral, 3),
        ("nul", .unexpectedEnd, 3), ("nil", .invalidLiteral, 1), ("[nulL]", .invalidLiteral, 4),
        ("[true1]", .expectedCommaOrEnd, 5),
        // Numbers.
        ("-", .unexpectedEnd, 1), ("+1", .expectedValue, 0), (".5", .expectedValue, 0),
        ("1.", .unexpectedEnd, 2), ("[1.]", .invalidNumber, 3), ("1.e1", .invalidNumber, 2),
        ("01", .invalidNumber, 1), ("-01", .invalidNumber, 2), ("00", .invalidNumber, 1),
        ("-x", .invalidNumber, 1), ("[-]", .invalidNumber, 2), ("--1", .invalidNumber, 1),
        ("1e", .unexpectedEnd, 2), ("1e+", .unexpectedEnd, 3), ("[1e]", .invalidNumber, 3),
        ("[1e-]", .invalidNumber, 4), ("1e1.5", .trailingBytes, 3), ("0x10", .trailingBytes, 1),
        ("1_000", .trailingBytes, 1), ("-Infinity", .invalidNumber, 1),
        ("1.2.3", .trailingBytes, 3),
        // Strings.
        ("\"", .unexpectedEnd, 1), ("\"a", .unexpectedEnd, 2), ("\"a\\", .unexpectedEnd, 3),
        ("\"\\\"", .unexpectedEnd, 3), ("\"a\nb\"", .controlCharacter, 2),
        ("\"\u{0}\"", .controlCharacter, 1), ("\"\u{1F}\"", .controlCharacter, 1),
        ("\"\t\"", .controlCharacter, 1), ("\"\\x41\"", .invalidEscape, 1),
        ("\"\\'\"", .invalidEscape, 1), ("\"\\ \"", .invalidEscape, 1),
        ("\"\\é\"", .invalidEscape, 1),
        ("\"\\U0041\"", .invalidEscape, 1), ("\"ab\\u12\"", .invalidEscape, 3),
        ("\"\\u12G4\"", .invalidEscape, 1), ("\"\\u+123\"", .invalidEscape, 1),
        ("\"\\u", .unexpectedEnd, 3), ("\"\\u12", .unexpectedEnd, 5),
        // Surrogates.
        ("\"\\uD800\"", .loneSurrogate, 1), ("\"\\uDC00\"", .loneSurrogate, 1),
        ("\"\\uDFFF\\uD800\"", .loneSurrogate, 1), ("\"\\uD800\\uD800\"", .loneSurrogate, 1),
        ("\"\\uD800\\n\"", .loneSurrogate, 1), ("\"\\uD800 \\uDC00\"", .loneSurrogate, 1),
        ("\"a\\uD83D\\u0041\"", .loneSurrogate, 2), ("\"\\uD83D\\uDE0\"", .invalidEscape, 7),
        ("\"\\uD83D", .unexpectedEnd, 7), ("\"\\uD83D\\", .unexpectedEnd, 8),
        ("\"\\uD83D\\uDE00\\uDE00\"", .loneSurrogate, 13),
    ]

    @Test("rejected with its first offence on every path", arguments: rejected)
    func rejects(text: String, code: JSONError.Code, at: Int) {
        let bytes = Array(text.utf8)
        let verdicts = Verdicts(bytes)
        #expect(verdicts.validate == JSONError(code, at: at))
        #expect(verdicts.agree)
        #expect(!ReferenceJSON.accepts(bytes))
    }

    static let invalidUTF8: [([UInt8], JSONError.Code, Int)] = [
        ([0x80], .invalidUTF8, 0), ([0xBF], .invalidUTF8, 0),
        // Overlong forms.
        ([0xC0, 0x80], .invalidUTF8, 0), ([0xC1, 0xBF], .invalidUTF8, 0),
        ([0xE0, 0x80, 0x80], .invalidUTF8, 0), ([0xE0, 0x9F, 0xBF], .invalidUTF8, 0),
        ([0xF0, 0x80, 0x80, 0x80], .invalidUTF8, 0), ([0xF0, 0x8F, 0xBF, 0xBF], .invalidUTF8, 0),
        // Surrogates.
        ([0xED, 0xA0, 0x80], .invalidUTF8, 0), ([0xED, 0xBF, 0xBF], .invalidUTF8, 0),
        // Beyond U+10FFFF.
        ([0xF4, 0x90, 0x80, 0x80], .invalidUTF8, 0), ([0xF5, 0x80, 0x80, 0x80], .invalidUTF8, 0),
        ([0xFE], .invalidUTF8, 0), ([0xFF], .invalidUTF8, 0),
        // Cut off by the closing quote, or by another character.
        ([0xC3], .invalidUTF8, 0), ([0xE2, 0x82], .invalidUTF8, 0),
        ([0xF0, 0x9F, 0x98], .invalidUTF8, 0), ([0x41, 0xE2, 0x41, 0x41], .invalidUTF8, 1),
        ([0xF0, 0x9F, 0x41, 0x80], .invalidUTF8, 0), ([0xC3, 0xC3, 0xA9], .invalidUTF8, 0),
        ([0xC3, 0xA9, 0xA9], .invalidUTF8, 2), ([0xE2, 0x82, 0xAC, 0x80], .invalidUTF8, 3),
    ]

    @Test("ill-formed UTF-8 in a string, at every distance from its start", arguments: invalidUTF8)
    func rejectsIllFormed(bytes: [UInt8], code: JSONError.Code, at: Int) {
        for distance in [0, 1, 13, 14, 15, 16, 17, 61, 62, 63, 64, 65, 127, 128, 200] {
            let padding = [UInt8](repeating: UInt8(ascii: "x"), count: distance)
            let text = Array("[\"".utf8) + padding + bytes + Array("\"]".utf8)
            let verdicts = Verdicts(text)
            #expect(verdicts.validate == JSONError(code, at: at + distance + 2))
            #expect(verdicts.agree)
            #expect(!ReferenceJSON.accepts(text))
        }
    }

    @Test("every scalar boundary is accepted")
    func boundaries() {
        for scalar in [
            "\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}",
            "\u{3FFFF}", "\u{40000}", "\u{FFFFF}", "\u{100000}", "\u{10FFFF}",
        ] {
            let text = Array("[\"\(scalar)\",\"\(scalar)\(scalar) \(scalar)\"]".utf8)
            #expect(Verdicts(text).validate == nil)
        }
    }

    @Test("every cut of a document misses something, at its end")
    func truncations() {
        let document = """
            {"model":"tiny","n":[0,-1,1.5e-3,true,false,null],"é€😀":{"esc":"\\n\\u00e9\\ud83d\\ude00"},
             "empty":[{},[]," "],"created_at":"2026-11-20T16:31:40.083574887Z","long":"\
            aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\\\\"}
            """
        let text = Array(document.utf8)
        #expect(Verdicts(text).validate == nil)
        for count in 0..<text.count {
            let verdicts = Verdicts(Array(text[..<count]))
            #expect(verdicts.validate == JSONError(.unexpectedEnd, at: count))
            #expect(verdicts.agree)
        }
    }

    @Test("a stop at every place of a string, whatever surrounds the text")
    func stops() {
        for length in 1...140 {
            for (stop, code) in [
                (UInt8(ascii: "\\"), JSONError.Code.invalidEscape),
                (0x1F, .controlCharacter), (0xFF, .invalidUTF8),
            ] {
                // What stands around the text are quotes, so that a look outside would show.
                var memory = [UInt8](repeating: UInt8(ascii: "\""), count: length + 100)
                let start = length % 37
                let end = start + length + 3
                for index in start + 1..<end - 1 { memory[index] = UInt8(ascii: "x") }
                #expect(validated(memory, start..<end) == nil)
                let cut = validated(memory, start..<end - 1)
                #expect(cut == JSONError(.unexpectedEnd, at: length + 2))
                let place = (length * length / 3) % length
                memory[start + 1 + place] = stop
                let spoiled = validated(memory, start..<end)
                #expect(spoiled == JSONError(code, at: 1 + place))
            }
        }
    }

    private func validated(_ memory: [UInt8], _ range: Range<Int>) -> JSONError? {
        failure { () throws(JSONError) in _ = try JSON.validate(memory.span.extracting(range)) }
    }

    @Test(
        "the type at the top",
        arguments: [
            ("{}", JSONType.object), (" []", .array), ("\"\"", .string), ("-1", .number),
            ("true", .bool),
            ("false", .bool), ("null", .null),
        ])
    func types(text: String, type: JSONType) throws {
        #expect(try JSON.validate(Array(text.utf8).span) == type)
    }

    @Test("errors describe themselves")
    func descriptions() {
        let error = failure { () throws(JSONError) in _ = try JSON.validate("[1,]".utf8.span) }
        #expect(error?.description == "expected a value at byte 3")
    }
}
