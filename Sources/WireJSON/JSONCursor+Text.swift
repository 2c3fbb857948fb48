public import WireBytes

/// What a token says. It must come from this cursor (or one over the same text).
extension JSONCursor {
    /// Whether the decoded string is `name`.
    @inlinable @inline(__always)
    public func matches(_ string: JSONString, _ name: StaticString) -> Bool {
        if !string.hasEscapes { return ByteScan.equals(string.range, of: text, name) }
        return JSONUnescape.matches(string, in: text, name)
    }

    /// Whether the decoded string is these bytes.
    @inlinable @inline(__always)
    public func matches(_ string: JSONString, _ name: Span<UInt8>) -> Bool {
        if !string.hasEscapes { return ByteScan.equals(string.range, of: text, name) }
        return JSONUnescape.matches(string, in: text, name)
    }

    /// The string where it lies, or nil when escapes in it have to be decoded first. It lives as long
    /// as the text.
    @inlinable
    @_lifetime(copy self)
    public func bytes(of string: JSONString) -> Span<UInt8>? {
        if string.hasEscapes { return nil }
        return text.extracting(string.range.indices)
    }

    /// The number as it is written.
    @inlinable
    @_lifetime(copy self)
    public func bytes(of number: JSONNumber) -> Span<UInt8> {
        text.extracting(number.range.indices)
    }

    /// Any stretch of the text, such as a skipped value.
    @inlinable
    @_lifetime(copy self)
    public func bytes(in range: ByteRange) -> Span<UInt8> {
        text.extracting(range.indices)
    }

    /// The decoded string: where it lies when nothing has to be decoded, else in `scratch`, whose
    /// content it replaces.
    @inlinable
    @_lifetime(copy self, &scratch)
    public func utf8(of string: JSONString, scratch: inout ScratchBuffer) -> Span<UInt8> {
        JSONUnescape.utf8(string, in: text, scratch: &scratch)
    }

    /// Appends the decoded string.
    public func unescape(_ string: JSONString, into scratch: inout ScratchBuffer) {
        if !string.hasEscapes {
            return scratch.append(text.extracting(string.range.indices))
        }
        JSONUnescape.append(string, of: text, to: &scratch)
    }

    /// The decoded string; one allocation, none when it is short.
    public func text(of string: JSONString) -> String {
        if !string.hasEscapes { return String(decoding: text.extracting(string.range.indices)) }
        return JSONUnescape.string(string, in: text)
    }

    /// The nearest `Double`; an infinity or a zero when the number is out of its range.
    public func double(of number: JSONNumber) -> Double {
        if let value = number.doubleFromDigits { return value }
        // The grammar of JSON numbers is a part of the one that `Double` reads: nil cannot happen.
        return Double(String(decoding: bytes(of: number))) ?? .nan
    }
}

extension ByteRange {
    @usableFromInline var indices: Range<Int> { start..<end }
}
