/// The chunked coding by the letter of RFC 9112 7.1, over a whole text at once: slow, and without any
/// part in common with the decoder. Trailer fields are left to others.
enum ChunkedOracle {
    /// The body, or nil when the coding is broken or not complete before its trailer section.
    static func body(_ input: [UInt8]) -> [UInt8]? {
        var body: [UInt8] = []
        var rest = input[...]
        while true {
            guard let end = rest.firstIndex(of: 0x0A), end > rest.startIndex, rest[end - 1] == 0x0D,
                let size = size(rest[rest.startIndex..<end - 1])
            else { return nil }
            rest = rest[(end + 1)...]
            if size == 0 { return body }
            guard rest.count - 2 >= size else { return nil }
            body += rest.prefix(size)
            rest = rest.dropFirst(size)
            guard rest.starts(with: [0x0D, 0x0A]) else { return nil }
            rest = rest.dropFirst(2)
        }
    }

    /// Of a chunk's line without its end: hexadecimal digits, then blanks and an extension or nothing.
    private static func size(_ line: ArraySlice<UInt8>) -> Int? {
        let text = String(decoding: line, as: Unicode.ASCII.self)
        let digits = text.prefix { $0.isASCII && $0.isHexDigit }
        guard !digits.isEmpty, digits.count <= 16, let size = Int(digits, radix: 16) else {
            return nil
        }
        let behind = line.dropFirst(digits.utf8.count)
        if behind.isEmpty { return size }
        guard let mark = behind.firstIndex(where: { $0 != 0x20 && $0 != 0x09 }),
            behind[mark] == UInt8(ascii: ";")
        else { return nil }
        let isRight = behind[mark...].allSatisfy { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
        return isRight ? size : nil
    }
}
