internal import WireBytes

/// Literals and numbers.
extension JSONScanner {
    /// The end of the `true`, `false` or `null` whose first letter is at `start`.
    @inline(__always)
    func endOfLiteral(at start: Int) throws(JSONError) -> Int {
        switch text[start] {
        case UInt8(ascii: "t"):
            try expect("r", at: start + 1)
            try expect("u", at: start + 2)
            try expect("e", at: start + 3)
            return start + 4
        case UInt8(ascii: "f"):
            try expect("a", at: start + 1)
            try expect("l", at: start + 2)
            try expect("s", at: start + 3)
            try expect("e", at: start + 4)
            return start + 5
        default:
            try expect("u", at: start + 1)
            try expect("l", at: start + 2)
            try expect("l", at: start + 3)
            return start + 4
        }
    }

    @inline(__always)
    private func expect(_ letter: Unicode.Scalar, at index: Int) throws(JSONError) {
        guard try byte(at: index) == UInt8(ascii: letter) else {
            throw JSONError(.invalidLiteral, at: index)
        }
    }

    /// Where the number ends that starts at `start`. Inlined there, `number` loses what it computes.
    func endOfNumber(at start: Int) throws(JSONError) -> Int {
        try number(at: start).range.end
    }

    /// The number that starts at `start` with a digit or a minus sign. What follows it is not looked
    /// at, except that no digit may follow a leading zero.
    @inline(__always)
    func number(at start: Int) throws(JSONError) -> JSONNumber {
        let isNegative = text[start] == UInt8(ascii: "-")
        let first = isNegative ? start + 1 : start
        var significand: UInt64 = 0
        var index = try endOfDigits(from: first, into: &significand)
        if text[first] == UInt8(ascii: "0"), index > first + 1 {
            throw JSONError(.invalidNumber, at: first + 1)
        }
        var digitCount = index - first
        let endOfInteger = index
        var exponent = 0
        if index < text.count, text[index] == UInt8(ascii: ".") {
            let point = index + 1
            index = try endOfDigits(from: point, into: &significand)
            digitCount += index - point
            exponent = point - index
        }
        if index < text.count, text[index] | 0x20 == UInt8(ascii: "e") {
            let explicit = try self.exponent(from: index + 1)
            index = explicit.end
            exponent += explicit.value
        }
        // Nineteen digits always fit. Twenty fit when they begin with 1 and did not wrap: 2 * 10^19
        // is less than 2^64 + 10^19.
        let isExact =
            digitCount <= 19
            || digitCount == 20 && text[first] == UInt8(ascii: "1")
                && significand >= 10_000_000_000_000_000_000
        return JSONNumber(
            range: ByteRange(start: start, count: index - start), significand: significand,
            exponent: Int32(clamping: exponent), isNegative: isNegative,
            isInteger: index == endOfInteger, isExact: isExact)
    }

    /// The end of the digits of which at least one must stand at `start`.
    @inline(__always)
    private func endOfDigits(
        from start: Int, into value: inout UInt64
    ) throws(JSONError) -> Int {
        var index = start
        while index < text.count {
            let digit = text[index] &- UInt8(ascii: "0")
            if digit > 9 { break }
            value = value &* 10 &+ UInt64(digit)
            index += 1
        }
        if index == start {
            guard index < text.count else { throw JSONError(.unexpectedEnd, at: index) }
            throw JSONError(.invalidNumber, at: index)
        }
        return index
    }

    /// The exponent behind its `e`. Far out of a double's range it need not be exact, so it stops
    /// growing there.
    private func exponent(from start: Int) throws(JSONError) -> (value: Int, end: Int) {
        let sign = try byte(at: start)
        let isNegative = sign == UInt8(ascii: "-")
        let first = isNegative || sign == UInt8(ascii: "+") ? start + 1 : start
        var ignored: UInt64 = 0
        let end = try endOfDigits(from: first, into: &ignored)
        var value = 0
        for index in first..<end where value < 100_000 {
            value = value * 10 + Int(text[index] - UInt8(ascii: "0"))
        }
        return (isNegative ? -value : value, end)
    }
}
