import Testing
import WireBytes
import WireJSON

@Suite("Writing")
struct WriterTests {
    private func text(_ writer: JSONWriter) -> String { String(decoding: writer.bytes.span) }

    @Test("commas, colons and nesting")
    func structure() throws {
        var writer = JSONWriter(reserving: 256)
        #expect(!writer.isComplete)
        writer.beginObject()
        writer.field("model", "tiny")
        writer.field("n", -1)
        writer.field("stream", true)
        try writer.field("temperature", 0.5)
        writer.key("empty")
        writer.beginArray()
        writer.endArray()
        writer.key("list")
        writer.beginArray()
        writer.integer(UInt64.max)
        writer.integer(Int64.min)
        writer.null()
        writer.bool(false)
        writer.beginObject()
        #expect(writer.depth == 3)
        writer.endObject()
        writer.beginArray()
        try writer.double(-0.0)
        writer.endArray()
        writer.raw("{\"a\":[1]}".utf8.span)
        writer.raw(Array("[]".utf8))
        writer.endArray()
        #expect(!writer.isComplete)
        writer.endObject()
        #expect(writer.isComplete)
        let wanted = """
            {"model":"tiny","n":-1,"stream":true,"temperature":0.5,"empty":[],\
            "list":[18446744073709551615,-9223372036854775808,null,false,{},[-0.0],{"a":[1]},[]]}
            """
        #expect(text(writer) == wanted)
        #expect(try JSON.validate(writer.bytes.span) == .object)
    }

    @Test("a value alone at the top, again after removeAll")
    func scalars() throws {
        var writer = JSONWriter()
        writer.string("a")
        #expect(text(writer) == "\"a\"")
        #expect(writer.isComplete)
        writer.removeAll()
        #expect(!writer.isComplete)
        #expect(writer.bytes.isEmpty)
        writer.beginArray()
        writer.removeAll()
        writer.null()
        #expect(text(writer) == "null")
        #expect(writer.isComplete)
    }

    @Test(
        "escapes what RFC 8259 requires and nothing else",
        arguments: [
            ("", ""), ("plain", "plain"), ("a\"b", "a\\\"b"), ("a\\b", "a\\\\b"), ("a/b", "a/b"),
            ("\u{8}\t\n\u{C}\r", "\\b\\t\\n\\f\\r"), ("\u{0}", "\\u0000"), ("\u{B}", "\\u000b"),
            ("\u{1F}", "\\u001f"), ("\u{10}", "\\u0010"), ("\u{7F}", "\u{7F}"), ("<&>", "<&>"),
            ("é€😀\u{2028}", "é€😀\u{2028}"), ("é\n€\"😀", "é\\n€\\\"😀"), ("\"\"\"", "\\\"\\\"\\\""),
        ])
    func escapes(plain: String, escaped: String) throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field(plain, plain)
        writer.key("utf8")
        try writer.string(utf8: plain.utf8.span)
        writer.endObject()
        let (name, value) = ("\"\(escaped)\"", "\"\(escaped)\"")
        #expect(text(writer) == "{\(name):\(value),\"utf8\":\(value)}")
        #expect(try JSONValue(parsing: writer.bytes.span)[plain] == .string(plain))
    }

    @Test("every byte at every place of a block", arguments: 0...40)
    func places(length: Int) throws {
        for scalar in ["\"", "\\", "\n", "\u{1F}", "é", "\u{7F}"] {
            for place in 0...length {
                let string =
                    String(repeating: "x", count: place) + scalar
                    + String(repeating: "y", count: length - place)
                var writer = JSONWriter()
                writer.string(string)
                #expect(try JSONValue(parsing: writer.bytes.span) == .string(string))
            }
        }
    }

    @Test("what is not UTF-8 is refused, with nothing written")
    func invalidUTF8() throws {
        let bytes: [UInt8] = [0x61, 0xED, 0xA0, 0x80]
        var writer = JSONWriter()
        writer.beginArray()
        writer.integer(1)
        #expect(throws: JSONWriteError.invalidUTF8) { try writer.string(utf8: bytes.span) }
        writer.integer(2)
        writer.endArray()
        #expect(text(writer) == "[1,2]")
    }

    @Test(
        "numbers that JSON does not have are refused, with nothing written",
        arguments: [
            Double.nan, .infinity, -.infinity, .signalingNaN,
        ])
    func nonFinite(value: Double) throws {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("a", 1)
        #expect(throws: JSONWriteError.nonFiniteNumber) { try writer.field("b", value) }
        writer.key("c")
        #expect(throws: JSONWriteError.nonFiniteNumber) { try writer.double(value) }
        writer.bool(true)
        writer.endObject()
        #expect(text(writer) == "{\"a\":1,\"c\":true}")
    }

    @Test(
        "doubles read back as they were",
        arguments: [
            0.0, -0.0, 0.1, 1.0 / 3, 1e22, 1e23, .leastNonzeroMagnitude, 1.7976931348623157e308,
            -2.5e-8,
            123456789.125, 9007199254740992, .leastNormalMagnitude, .pi,
        ])
    func doubles(value: Double) throws {
        var writer = JSONWriter()
        try writer.double(value)
        let read = try JSONValue(parsing: writer.bytes.span).doubleValue
        #expect(read?.bitPattern == value.bitPattern)
    }

    @Test("calls that do not fit together trap")
    func misuse() async {
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.null()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.key("a")
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginArray()
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.beginObject()
            writer.key("a")
            writer.endObject()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            writer.null()
            writer.null()
        }
        await #expect(processExitsWith: .failure) {
            var writer = JSONWriter()
            for _ in 0...JSON.maximumDepth { writer.beginArray() }
        }
    }
}
