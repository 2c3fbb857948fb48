import Testing
import WireBytes
import WireJSON

@Suite("Strings")
struct StringTests {
    static let decoded: [(String, String)] = [
        ("", ""), ("plain", "plain"), ("é€😀", "é€😀"), ("\\\"", "\""), ("\\\\", "\\"), ("\\/", "/"),
        ("\\b\\f\\n\\r\\t", "\u{8}\u{C}\n\r\t"), ("\\u0000", "\u{0}"), ("\\u0041", "A"),
        ("\\u00e9", "é"), ("\\u00E9", "é"), ("\\u20ac", "€"), ("\\ud83d\\ude00", "😀"),
        ("\\uD83D\\uDE00", "😀"), ("\\uD800\\uDC00", "\u{10000}"), ("\\uDBFF\\uDFFF", "\u{10FFFF}"),
        ("\\uFFFF", "\u{FFFF}"), ("\\uE000", "\u{E000}"), ("\\uD7FF", "\u{D7FF}"),
        ("\\uFEFF", "\u{FEFF}"), ("\\u003cb\\u003e", "<b>"), ("a\\nb\\nc", "a\nb\nc"),
        ("\\\\n", "\\n"), ("\\\\u0041", "\\u0041"), ("é\\n€\\t😀", "é\n€\t😀"),
        (
            "0123456789abcdef0123456789abcdef\\n0123456789abcdef0123456789abcdef",
            "0123456789abcdef0123456789abcdef\n0123456789abcdef0123456789abcdef"
        ),
    ]

    @Test("decoded in every way alike, as values and as keys", arguments: decoded)
    func decodes(escaped: String, plain: String) throws {
        let text = Array("[\"\(escaped)\",{\"\(escaped)\":0}]".utf8)
        var cursor = JSONCursor(text.span)
        try cursor.beginArray()
        #expect(try cursor.nextElement())
        let value = try cursor.string()
        expect(value, in: cursor, is: plain, escaped: escaped)
        #expect(try cursor.nextElement())
        try cursor.beginObject()
        let key = try #require(try cursor.nextKey())
        expect(key, in: cursor, is: plain, escaped: escaped)
        #expect(try JSONValue(parsing: text.span) == [.string(plain), [plain: 0]])
    }

    private func expect(
        _ string: JSONString, in cursor: borrowing JSONCursor, is plain: String, escaped: String
    ) {
        #expect(cursor.text(of: string) == plain)
        // Not only canonically equal.
        #expect(Array(cursor.text(of: string).utf8) == Array(plain.utf8))
        var scratch = ScratchBuffer()
        scratch.append(UInt8(ascii: "<"))
        cursor.unescape(string, into: &scratch)
        let unescaped = String(decoding: scratch.bytes)
        #expect(unescaped == "<" + plain)
        #expect(string.hasEscapes == escaped.contains("\\"))
        #expect(string.range.count == escaped.utf8.count)
        var inPlace: String?
        if let bytes = cursor.bytes(of: string) { inPlace = String(decoding: bytes) }
        #expect(inPlace == (string.hasEscapes ? nil : plain))
        let either = String(decoding: cursor.utf8(of: string, scratch: &scratch))
        #expect(either == plain)
    }

    @Test("matching compares every byte and the length")
    func matches() throws {
        #expect(try isMatched("", { $0.matches($1, "") }))
        #expect(try isMatched("a", { $0.matches($1, "a") }))
        #expect(try isMatched("id", { $0.matches($1, "id") }))
        #expect(try isMatched("abc", { $0.matches($1, "abc") }))
        #expect(try isMatched("done", { $0.matches($1, "done") }))
        #expect(try isMatched("index", { $0.matches($1, "index") }))
        #expect(try isMatched("content", { $0.matches($1, "content") }))
        #expect(try isMatched("response", { $0.matches($1, "response") }))
        #expect(try isMatched("embedding", { $0.matches($1, "embedding") }))
        #expect(try isMatched("0123456789abcdef", { $0.matches($1, "0123456789abcdef") }))
        #expect(try isMatched("0123456789abcdefg", { $0.matches($1, "0123456789abcdefg") }))
        #expect(try isMatched("prompt_eval_duration", { $0.matches($1, "prompt_eval_duration") }))
        #expect(try isMatched("é€😀", { $0.matches($1, "é€😀") }))
    }

    /// Whether `test` says yes to the name, also when it is escaped, and no to everything near it.
    private func isMatched(
        _ name: String, _ test: (borrowing JSONCursor, JSONString) -> Bool
    ) throws -> Bool {
        let bytes = Array(name.utf8)
        guard try isKey(bytes, test), try !isKey(bytes + [0x21], test) else { return false }
        if bytes.isEmpty { return true }
        guard try !isKey(Array(bytes.dropLast()), test) || name == "é€😀" else { return false }
        let escaped = name.utf16.flatMap { Array(("\\u" + hex($0)).utf8) }
        guard try isKey(escaped, test),
            try !isKey(Array(escaped.dropLast(6)), test) || name.count < 4
        else { return false }
        if name == "é€😀" { return true }
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 1
            if try isKey(other, test) { return false }
        }
        return true
    }

    private func hex(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }

    private func isKey(
        _ raw: [UInt8], _ test: (borrowing JSONCursor, JSONString) -> Bool
    ) throws -> Bool {
        let quote = UInt8(ascii: "\"")
        // The shortest text around it, so that a word read too far would leave the text.
        let text = [quote] + raw + [quote]
        var cursor = JSONCursor(text.span)
        do { return test(cursor, try cursor.string()) } catch { return false }
    }

    @Test("a plain run of any length ends at the right byte", arguments: 0...200)
    func lengths(length: Int) throws {
        let content = String(repeating: "x", count: length)
        let text = Array("[\"\(content)\",\"\(content)é\",\"\(content)\\n\",\"\(content)\"]".utf8)
        let wanted: JSONValue = [
            .string(content), .string(content + "é"), .string(content + "\n"), .string(content),
        ]
        #expect(try JSONValue(parsing: text.span) == wanted)
        #expect(try walked(text) == wanted)
    }

    /// Strings that begin anywhere in or behind the 64 bytes looked at last, and end anywhere.
    @Test("a string ends at the right byte, however far behind the last", arguments: 0...140)
    func distances(gap: Int) throws {
        let blanks = String(repeating: " ", count: gap)
        for length in [0, 1, 30, 62, 63, 64, 65, 100, 127, 128, 129, 200] {
            let content = String(repeating: "x", count: length)
            let text = Array("[\"a\",\(blanks)\"\(content)\",\"b\",\"c\"]".utf8)
            let wanted: JSONValue = ["a", .string(content), "b", "c"]
            #expect(try JSONValue(parsing: text.span) == wanted)
            #expect(try JSON.validate(text.span) == .array)
        }
    }

    /// The search goes on behind an escape or a character, in a block that may hold nothing else.
    @Test("an escape or a character across the end of a block", arguments: 54...70)
    func acrossBlocks(before: Int) throws {
        let start = String(repeating: "x", count: before)
        for (spelling, scalar) in [
            ("\\n", "\n"), ("\\u00e9", "é"), ("\\ud83d\\ude00", "😀"), ("€", "€"),
        ] {
            for after in 50...135 {
                let end = String(repeating: "y", count: after)
                let text = Array("[\"\(start)\(spelling)\(end)\",\"z\"]".utf8)
                #expect(try JSONValue(parsing: text.span) == [.string(start + scalar + end), "z"])
            }
        }
    }
}
