internal import WireBytes

/// Checks what stands at an offset of a text; stands nowhere itself. See its extensions.
struct JSONScanner: ~Escapable {
    let text: Span<UInt8>

    @_lifetime(copy text)
    init(_ text: Span<UInt8>) {
        self.text = text
    }

    /// The first offset from `index` on that is not a blank; the length of the text when all are.
    @inline(__always)
    func skipBlanks(from index: Int) -> Int {
        var index = index
        while index < text.count, JSONScanner.isBlank(text[index]) { index &+= 1 }
        return index
    }

    /// RFC 8259 section 2 `ws`.
    @inline(__always)
    private static func isBlank(_ byte: UInt8) -> Bool {
        byte <= 0x20
            && (byte == ASCII.space || byte == ASCII.lf || byte == ASCII.cr || byte == ASCII.tab)
    }

    /// The byte at an offset where the text must not end.
    @inline(__always)
    func byte(at index: Int) throws(JSONError) -> UInt8 {
        guard index < text.count else { throw JSONError(.unexpectedEnd, at: text.count) }
        return text[index]
    }
}
