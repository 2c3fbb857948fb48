public import WireBytes

/// The decoded pieces of a string, in order: runs that stand for themselves, and scalars that were
/// escaped.
@usableFromInline
struct JSONUnescape: ~Escapable {
    enum Piece {
        case run(ByteRange)
        case scalar(Unicode.Scalar)
    }

    /// Up to the end of the string.
    private let text: Span<UInt8>
    private var index: Int

    /// - Parameter string: a string found in `text`, so that its escapes are known to be right.
    @_lifetime(copy text)
    init(_ string: JSONString, in text: Span<UInt8>) {
        self.text = text.extracting(first: string.range.end)
        index = string.range.start
    }

    mutating func next() -> Piece? {
        guard index < text.count else { return nil }
        if text[index] == UInt8(ascii: "\\") { return .scalar(nextEscape()) }
        let start = index
        index = ByteScan.firstIndex(of: UInt8(ascii: "\\"), in: text, from: start) ?? text.count
        return .run(ByteRange(start: start, count: index - start))
    }

    private mutating func nextEscape() -> Unicode.Scalar {
        let letter = text[index + 1]
        guard letter == UInt8(ascii: "u") else {
            index += 2
            return JSONUnescape.scalar(escapedBy: letter)
        }
        let unit = nextCodeUnit()
        if !UTF16.isSurrogate(unit) { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
        let (lead, trail) = (UInt32(unit & 0x3FF), UInt32(nextCodeUnit() & 0x3FF))
        return Unicode.Scalar(0x10000 + (lead << 10 | trail)) ?? "\u{FFFD}"
    }

    private mutating func nextCodeUnit() -> UInt16 {
        var unit: UInt16 = 0
        for digit in index + 2..<index + 6 {
            unit = unit << 4 | UInt16(ASCII.hexValue(text[digit]) ?? 0)
        }
        index += 6
        return unit
    }

    private static func scalar(escapedBy letter: UInt8) -> Unicode.Scalar {
        switch letter {
        case UInt8(ascii: "b"): "\u{8}"
        case UInt8(ascii: "f"): "\u{C}"
        case UInt8(ascii: "n"): "\n"
        case UInt8(ascii: "r"): "\r"
        case UInt8(ascii: "t"): "\t"
        default: Unicode.Scalar(letter)
        }
    }
}

extension JSONUnescape {
    static func append(
        _ string: JSONString, of text: Span<UInt8>, to scratch: inout ScratchBuffer
    ) {
        var pieces = JSONUnescape(string, in: text)
        while let piece = pieces.next() {
            switch piece {
            case .run(let range): scratch.append(text.extracting(range.indices))
            case .scalar(let scalar): scratch.append(scalar)
            }
        }
    }

    /// One allocation, none when it is short.
    static func string(_ string: JSONString, in text: Span<UInt8>) -> String {
        String(utf8Capacity: string.range.count) { output in
            var pieces = JSONUnescape(string, in: text)
            while let piece = pieces.next() {
                switch piece {
                case .run(let range): output.append(copying: text.extracting(range.indices))
                case .scalar(let scalar):
                    for unit in UTF8.encode(scalar)! { output.append(unit) }
                }
            }
        }
    }

    /// `JSONCursor.utf8`: as a method there, which would depend on a borrowed and on an inout value,
    /// Swift 6.3 refuses it.
    @usableFromInline
    @_lifetime(copy text, &scratch)
    static func utf8(
        _ string: JSONString, in text: Span<UInt8>, scratch: inout ScratchBuffer
    ) -> Span<UInt8> {
        if !string.hasEscapes { return text.extracting(string.range.indices) }
        scratch.removeAll()
        append(string, of: text, to: &scratch)
        return scratch.bytes
    }

    @usableFromInline
    static func matches(_ string: JSONString, in text: Span<UInt8>, _ name: StaticString) -> Bool {
        var scratch = ScratchBuffer()
        append(string, of: text, to: &scratch)
        return ASCII.equals(scratch.bytes, name)
    }

    @usableFromInline
    static func matches(_ string: JSONString, in text: Span<UInt8>, _ name: Span<UInt8>) -> Bool {
        var scratch = ScratchBuffer()
        append(string, of: text, to: &scratch)
        return ByteScan.equals(
            ByteRange(start: 0, count: scratch.count), of: scratch.bytes, name)
    }
}
