internal import WireBytes

/// What strings hold beyond plain ASCII.
extension JSONScanner {
    /// The rest of a string that holds more than plain bytes; the first of them is at `stop`.
    func string(
        from start: Int, stoppedAt stop: Int, window: inout JSONStopWindow
    ) throws(JSONError) -> JSONString {
        // Whole blocks at once; what is wrong with a string, and where, the loop below tells.
        if let (end, hasEscapes) = ByteScan.jsonString(in: text, from: stop) {
            let range = ByteRange(start: start, count: end - start)
            return JSONString(range: range, hasEscapes: hasEscapes)
        }
        var index = stop
        var hasEscapes = false
        while index < text.count {
            let byte = text[index]
            if byte >= 0x80 {
                index = try endOfScalars(from: index)
            } else if byte == UInt8(ascii: "\\") {
                index = try endOfEscape(at: index)
                hasEscapes = true
            } else if byte == UInt8(ascii: "\"") {
                let range = ByteRange(start: start, count: index - start)
                return JSONString(range: range, hasEscapes: hasEscapes)
            } else {
                throw JSONError(.controlCharacter, at: index)
            }
            index = window.next(from: index, in: text)
        }
        throw JSONError(.unexpectedEnd, at: text.count)
    }

    /// The end of the escape, or pair of surrogate escapes, that starts at `backslash`.
    func endOfEscape(at backslash: Int) throws(JSONError) -> Int {
        switch try byte(at: backslash + 1) {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
            UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            return backslash + 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit(escapedAt: backslash)
            if !UTF16.isSurrogate(unit) { return backslash + 6 }
            let second = backslash + 6
            guard UTF16.isLeadSurrogate(unit),
                try byte(at: second) == UInt8(ascii: "\\"),
                try byte(at: second + 1) == UInt8(ascii: "u"),
                UTF16.isTrailSurrogate(try codeUnit(escapedAt: second))
            else { throw JSONError(.loneSurrogate, at: backslash) }
            return second + 6
        default:
            throw JSONError(.invalidEscape, at: backslash)
        }
    }

    /// The number in the `\uXXXX` at `backslash`.
    func codeUnit(escapedAt backslash: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for index in backslash + 2..<backslash + 6 {
            guard let digit = ASCII.hexValue(try byte(at: index)) else {
                throw JSONError(.invalidEscape, at: backslash)
            }
            unit = unit << 4 | UInt16(digit)
        }
        return unit
    }

    /// The end of the run of multi-byte UTF-8 sequences that starts at `start`.
    func endOfScalars(from start: Int) throws(JSONError) -> Int {
        var index = start
        repeat {
            index = try endOfScalar(at: index)
        } while index < text.count && text[index] >= 0x80
        return index
    }

    /// RFC 3629 section 4: the second byte's range excludes overlong forms, surrogates and what lies
    /// above U+10FFFF.
    private func endOfScalar(at start: Int) throws(JSONError) -> Int {
        var second: ClosedRange<UInt8> = 0x80...0xBF
        let count: Int
        switch text[start] {
        case 0xC2...0xDF: count = 2
        case 0xE0: (count, second) = (3, 0xA0...0xBF)
        case 0xED: (count, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: count = 3
        case 0xF0: (count, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: count = 4
        case 0xF4: (count, second) = (4, 0x80...0x8F)
        default: throw JSONError(.invalidUTF8, at: start)
        }
        var isValid = second.contains(try byte(at: start + 1))
        var index = start + 2
        while isValid && index < start + count {
            isValid = try byte(at: index) & 0xC0 == 0x80
            index += 1
        }
        guard isValid else { throw JSONError(.invalidUTF8, at: start) }
        return start + count
    }
}
