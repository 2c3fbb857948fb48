import TestSupport
import Testing
import WireBytes

@Suite struct Base64Tests {
    /// RFC 4648 10, and what `Authorization: Basic` needs.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy"),
        ("Aladdin:open sesame", "QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("test:123£", "dGVzdDoxMjPCow=="),
    ])
    func knownTexts(_ text: String, _ encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
    }

    @Test func wholeAlphabet() {
        let bytes: [UInt8] = [
            0x00, 0x10, 0x83, 0x10, 0x51, 0x87, 0x20, 0x92, 0x8B, 0x30, 0xD3, 0x8F, 0x41, 0x14,
            0x93, 0x51,
            0x55, 0x97, 0x61, 0x96, 0x9B, 0x71, 0xD7, 0x9F, 0x82, 0x18, 0xA3, 0x92, 0x59, 0xA7,
            0xA2, 0x9A,
            0xAB, 0xB2, 0xDB, 0xAF, 0xC3, 0x1C, 0xB3, 0xD3, 0x5D, 0xB7, 0xE3, 0x9E, 0xBB, 0xF3,
            0xDF, 0xBF,
        ]
        let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        #expect(Base64.encode(bytes) == alphabet)
        #expect(Base64.encode([0xFF, 0xFF] as [UInt8]) == "//8=")
    }

    /// Against a decoder by arithmetic on the whole number.
    @Test func randomBytes() throws {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        for seed in 0..<500 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let bytes = random.bytes(random.below(14))
            let text = Base64.encode(bytes)
            try #require(text.count == (bytes.count + 2) / 3 * 4)
            var bits = ""
            for character in text.prefix(while: { $0 != "=" }) {
                let digits = String(try #require(alphabet.firstIndex(of: character)), radix: 2)
                bits += String(repeating: "0", count: 6 - digits.count) + digits
            }
            let expected = bytes.map { byte in
                String(repeating: "0", count: 8 - String(byte, radix: 2).count)
                    + String(byte, radix: 2)
            }.joined()
            try #require(bits.hasPrefix(expected), "seed \(seed)")
            try #require(bits.dropFirst(expected.count).allSatisfy { $0 == "0" }, "seed \(seed)")
        }
    }
}
