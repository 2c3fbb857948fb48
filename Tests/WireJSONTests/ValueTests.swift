import Testing
import WireJSON

@Suite("Owned values")
struct ValueTests {
    private func parsed(_ text: String) throws -> JSONValue {
        let bytes = Array(text.utf8)
        return try JSONValue(parsing: bytes.span)
    }

    @Test("each kind, and numbers by what holds them exactly")
    func kinds() throws {
        let value = try parsed(
            """
            [null, true, 1, -9223372036854775808, 9223372036854775807, 9223372036854775808,
             18446744073709551615, 18446744073709551616, 1.0, 1e2, -0, 1e999, "s", [], {}]
            """)
        #expect(
            value == [
                nil, true, 1, .int(.min), .int(.max), .uint(9_223_372_036_854_775_808), .uint(.max),
                .double(18_446_744_073_709_551_616), 1.0, 100.0, .double(-0.0), .double(.infinity),
                "s",
                [], [:],
            ])
    }

    @Test("the last of equal keys wins a lookup; all are kept, in order")
    func duplicates() throws {
        let value = try parsed("{\"a\":1,\"b\":2,\"\\u0061\":3}")
        #expect(value["a"] == 3)
        #expect(value["b"] == 2)
        #expect(value["c"] == nil)
        #expect(value.members?.map(\.key) == ["a", "b", "a"])
        #expect(try String(decoding: value.encoded(), as: UTF8.self) == "{\"a\":1,\"b\":2,\"a\":3}")
    }

    @Test("looking in")
    func access() throws {
        let value: JSONValue = ["list": [1, "two", 3.5, nil, true], "name": "x"]
        #expect(value["list"]?[0]?.int64Value == 1)
        #expect(value["list"]?[0]?.doubleValue == 1)
        #expect(value["list"]?[1]?.stringValue == "two")
        #expect(value["list"]?[2]?.doubleValue == 3.5)
        #expect(value["list"]?[2]?.int64Value == nil)
        #expect(value["list"]?[3]?.isNull == true)
        #expect(value["list"]?[4]?.boolValue == true)
        #expect(value["list"]?[5] == nil)
        #expect(value["list"]?[-1] == nil)
        #expect(value["list"]?["name"] == nil)
        #expect(value["list"]?.arrayValue?.count == 5)
        #expect(value["name"]?[0] == nil)
        #expect(value["name"]?.members == nil)
        #expect(JSONValue.uint(.max).doubleValue == 18_446_744_073_709_551_616)
    }

    @Test("keys are compared as Swift strings are")
    func canonicalEquivalence() throws {
        let value = try parsed("{\"e\\u0301\":1}")
        #expect(value["\u{E9}"] == 1)
    }

    @Test("a value within a text")
    func reading() throws {
        let text = Array("{\"id\":7,\"arguments\":{\"city\":\"Oslo\"},\"done\":true}".utf8)
        var cursor = JSONCursor(text.span)
        var arguments: JSONValue?
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "arguments") {
                arguments = try JSONValue(reading: &cursor)
            } else {
                try cursor.skipValue()
            }
        }
        try cursor.finish()
        #expect(arguments == ["city": "Oslo"])
    }

    @Test("what cannot be written says so")
    func unwritable() throws {
        let infinite = try parsed("[1e999]")
        #expect(throws: JSONWriteError.nonFiniteNumber) { try infinite.encoded() }
        var deepest: JSONValue = 0
        for _ in 0..<JSON.maximumDepth { deepest = [deepest] }
        let text = try deepest.encoded()
        #expect(try JSON.validate(text.span) == .array)
        let (array, object): (JSONValue, JSONValue) = ([deepest], ["k": deepest])
        #expect(throws: JSONWriteError.tooDeep) { try array.encoded() }
        #expect(throws: JSONWriteError.tooDeep) { try object.encoded() }
    }

    /// More values than a tape has room for at first.
    @Test(arguments: [1, 31, 32, 33, 500, 10_000]) func aTapeGrows(_ count: Int) throws {
        let text = Array("[\(repeatElement("0", count: count).joined(separator: ","))]".utf8)
        var document = JSONDocument()
        try document.parse(Array("null".utf8).span)
        try document.parse(text.span)
        #expect(document.root.count == count)
        #expect(
            try JSONValue(parsing: text.span) == .array(Array(repeating: .int(0), count: count)))
    }
}
