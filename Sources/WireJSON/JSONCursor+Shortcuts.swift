public import WireBytes

/// Inlined into callers: what servers send, that is no blanks and no escapes. Each gives nil, and
/// leaves the cursor as it is, when the text is not of that form; the complete rules are elsewhere.
/// On a line of six keys they cost half of what calls cost.
extension JSONCursor {
    @inlinable @inline(__always)
    mutating func nextPlainKey() -> JSONString? {
        var index = next
        if place == .nextKey {
            guard byteOrZero(at: index) == UInt8(ascii: ",") else { return nil }
            index &+= 1
        } else if place != .firstKey {
            return nil
        }
        guard let key = plainString(at: index) else { return nil }
        let colon = key.range.start &+ key.range.count &+ 1
        guard byteOrZero(at: colon) == UInt8(ascii: ":") else { return nil }
        next = colon &+ 1
        place = .value
        return key
    }

    /// The string that comes next.
    @inlinable @inline(__always)
    mutating func nextPlainString() -> JSONString? {
        guard place == .value, let string = plainString(at: next) else { return nil }
        pass(to: string.range.start &+ string.range.count &+ 1)
        return string
    }

    @inline(__always)
    mutating func nextPlainBool() -> Bool? {
        guard place == .value, text.count &- next >= 5 else { return nil }
        if ByteScan.equals(ByteRange(start: next, count: 4), of: text, "true") {
            pass(to: next &+ 4)
            return true
        }
        if ByteScan.equals(ByteRange(start: next, count: 5), of: text, "false") {
            pass(to: next &+ 5)
            return false
        }
        return nil
    }

    /// Leaves the object whose closing brace comes next.
    @usableFromInline
    mutating func closeAtOnce() -> Bool {
        guard place == .nextKey || place == .firstKey, byteOrZero(at: next) == UInt8(ascii: "}")
        else { return false }
        close(at: next)
        return true
    }

    @inlinable @inline(__always)
    mutating func plainString(at quote: Int) -> JSONString? {
        guard byteOrZero(at: quote) == UInt8(ascii: "\"") else { return nil }
        let start = quote &+ 1
        let stop = window.next(behind: quote, in: text)
        guard byteOrZero(at: stop) == UInt8(ascii: "\"") else { return nil }
        return JSONString(
            range: ByteRange(start: start, count: stop &- start), hasEscapes: false)
    }

    /// Behind the end, NUL: no part of JSON begins with it.
    @inlinable @inline(__always)
    func byteOrZero(at index: Int) -> UInt8 {
        // Unsigned, so that one comparison does; the subscript's own check then goes away.
        UInt(bitPattern: index) < UInt(bitPattern: text.count) ? text[index] : 0
    }
}
