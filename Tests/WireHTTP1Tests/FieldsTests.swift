import TestSupport
import Testing
import WireBytes
import WireHTTP1

@Suite struct FieldsTests {
    @Test func namesKeepTheirCaseAndOrder() {
        let fields = trailerFields([("B", "1"), ("a", ""), ("b", "3")])
        #expect(fields.count == 3)
        #expect(!fields.isEmpty)
        #expect((0..<3).map { fields.name(at: $0) } == ["B", "a", "b"])
        #expect((0..<3).map { fields.value(at: $0) } == ["1", "", "3"])
        #expect(fields["b"] == "1")
        #expect(fields["a"] == "")
        #expect(fields["c"] == nil)
        #expect(fields.values(of: "b") == ["1", "3"])
        #expect(fields.values(of: "c") == [])
        #expect(fields.nameEquals("b", at: 0) && !fields.nameEquals("b", at: 1))
        #expect(Fields().isEmpty)
    }

    /// M: a cookie may hold commas, so fields of one name are never joined to a list (RFC 6265 3).
    @Test func cookiesStayApart() {
        let cookies = ["a=1; Expires=Wed, 21 Oct 2026 07:28:00 GMT", "b=2"]
        let fields = trailerFields(cookies.map { ("Set-Cookie", $0) })
        #expect(fields.values(of: "set-cookie") == cookies)
        #expect((0..<fields.count).map { fields.value(at: $0) } == cookies)
    }

    @Test func valuesThatAreNotUTF8AreRepaired() {
        let line = Array("X: a".utf8) + [0xFF] + Array("b\r\n".utf8)
        let fields = trailerFields(lines: line)
        #expect(fields["x"] == "a\u{FFFD}b")
        #expect([UInt8](copying: fields.valueBytes(at: 0)) == [0x61, 0xFF, 0x62])
    }

    @Test(arguments: [
        ("close", true), ("Close", true), ("keep-alive, close", true), (" , ,close", true),
        ("close,", true), ("x\t,\tclose\t,y", true), ("", false), (",", false), ("closed", false),
        ("xclose", false), ("clo se", false), ("close;q=1", false), ("\"close\"", false),
    ])
    func listElements(_ value: String, _ holds: Bool) {
        let fields = trailerFields([("Connection", "x"), ("connection", value)])
        #expect(fields.list("connection", contains: "close") == holds)
        #expect(fields.list("connection", contains: "x"))
        #expect(!fields.list("other", contains: "close"))
    }

    /// RFC 9112 5.2: one space for each fold and the white space around it, none at the ends.
    @Test(arguments: [
        ("X: a\r\n b", "a b"), ("X: a \t\r\n\t \tb", "a b"), ("X:\r\n b", "b"),
        ("X: \r\n \r\n b", "b"),
        ("X: a\r\n ", "a"), ("X: a\r\n \r\n\t", "a"), ("X: a\r\n \r\n b", "a b"),
        ("X: a\r\n b\r\n c", "a b c"), ("X:\r\n ", ""),
    ])
    func folds(_ lines: String, _ value: String) throws {
        let input = "HTTP/1.1 204 X\r\n\(lines)\r\nY: z\r\n\r\n"
        try Segmentations.forEach(count: input.utf8.count, seed: 1) { cut in
            let found = replay(Array(input.utf8), cut)
            try #require(found.isComplete)
            try #require(found.headers.map { $0.value } == [Array(value.utf8), Array("z".utf8)])
        }
    }
}
