import Testing
import WireBytes

@Suite struct ASCIITests {
    @Test(arguments: UInt8.min...UInt8.max)
    func classes(_ byte: UInt8) {
        let scalar = Unicode.Scalar(byte)
        let isASCII = byte < 0x80
        let character = Character(scalar)
        #expect(ASCII.isDigit(byte) == (isASCII && character.isWholeNumber))
        let hex = isASCII ? character.hexDigitValue.map { UInt8($0) } : nil
        #expect(ASCII.hexValue(byte) == hex)
        let isToken =
            isASCII && (character.isLetter || character.isWholeNumber)
            || "!#$%&'*+-.^_`|~".unicodeScalars.contains(scalar)
        #expect(ASCII.isToken([byte].span) == isToken)
        #expect(ASCII.isBlank(byte) == (byte == 0x20 || byte == 0x09))
        let lower = isASCII ? character.lowercased().utf8.first : byte
        #expect(ASCII.lowercased(byte) == lower)
    }

    @Test(arguments: [
        ("0", 0), ("7", 7), ("007", 7), ("9223372036854775807", Int64.max),
        ("00000000000000000000000000000000000009223372036854775807", .max),
    ])
    func decimals(_ text: String, _ value: Int64) {
        #expect(ASCII.decimal(Array(text.utf8).span) == value)
    }

    @Test(arguments: [
        "", " ", "-1", "+1", "1 ", " 1", "1,1", "0x1", "1e3", "1.0", "1_0", "a", "\u{660}",
        "1\u{0}",
        "9223372036854775808", "9223372036854775810", "18446744073709551616",
        "18446744073709551617",
        "99999999999999999999999999", "92233720368547758070",
    ])
    func noDecimals(_ text: String) {
        #expect(ASCII.decimal(Array(text.utf8).span) == nil)
    }

    private func equals(_ text: String, _ other: StaticString) -> Bool {
        ASCII.equals(Array(text.utf8).span, other)
    }

    private func equalsIgnoringCase(_ text: String, _ other: StaticString) -> Bool {
        equalsIgnoringCase(Array(text.utf8), other)
    }

    private func equalsIgnoringCase(_ bytes: [UInt8], _ other: StaticString) -> Bool {
        ASCII.equalsIgnoringCase(bytes.span, other)
    }

    @Test func comparison() {
        #expect(equalsIgnoringCase("Chunked", "chunked"))
        #expect(!equalsIgnoringCase("Chunked", "chunke"))
        #expect(!equalsIgnoringCase("Chunked", "chunkee"))
        #expect(!equalsIgnoringCase("Chunked", "chunkedd"))
        #expect(equals("Chunked", "Chunked"))
        #expect(!equals("Chunked", "chunked"))
        #expect(!equals("Chunked", "Chunke"))
        #expect(equals("", "") && equalsIgnoringCase("", ""))
        // Only letters have a case: these differ in the same bit.
        #expect(!equalsIgnoringCase("@[", "`{"))
        #expect(!equalsIgnoringCase("\u{0D}", "-"))
    }

    /// Each byte in the place of each: equal is what differs in the case of letters alone.
    @Test(
        arguments: [
            "-z", "a-_", "x-az", "k-`{@[z", "-encodin", "transfer-encoding", "a{|}~^-z0-azz",
        ]
            as [StaticString])
    func comparisonByteByByte(_ text: StaticString) {
        let bytes = Array("\(text)".utf8)
        for place in bytes.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = bytes
                changed[place] = byte
                let isEqual = ASCII.lowercased(byte) == bytes[place]
                #expect(equalsIgnoringCase(changed, text) == isEqual)
            }
        }
        let upper = bytes.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 0x20 : $0 }
        #expect(equalsIgnoringCase(upper, text))
    }

    @Test(arguments: [
        ("", ""), (" ", ""), ("\t \t", ""), ("a", "a"), (" a", "a"), ("a ", "a"),
        ("\ta b\t ", "a b"),
        ("\ra\n", "\ra\n"), ("\u{A0}a", "\u{A0}a"),
    ])
    func trimming(_ text: String, _ trimmed: String) {
        let bytes = Array(text.utf8)
        #expect(Array(bytes[ASCII.trimmed(bytes.span)]) == Array(trimmed.utf8))
    }
}
