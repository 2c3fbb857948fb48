public import WireBytes

extension JSONCursor {
    /// Passes the next value, whatever it is, and checks all of it.
    ///
    /// - Returns: its bytes, from its first to its last.
    @inlinable @discardableResult
    public mutating func skipValue() throws(JSONError) -> ByteRange {
        if let string = nextPlainString() {
            return ByteRange(start: string.range.start &- 1, count: string.range.count &+ 2)
        }
        return try skipValueOfAnyForm()
    }

    @usableFromInline
    mutating func skipValueOfAnyForm() throws(JSONError) -> ByteRange {
        let start = try startOfValue()
        if let end = try endOfScalarValue(at: start) {
            pass(to: end)
        } else {
            try skipContainer(at: start)
        }
        return ByteRange(start: start, count: next - start)
    }

    /// The end of the value at `start` when that is no container, nil when it is one.
    @inline(__always)
    private mutating func endOfScalarValue(at start: Int) throws(JSONError) -> Int? {
        switch JSONType(startingWith: text[start]) {
        case .string: try scanString(at: start).range.end + 1
        case .number: try scanner.endOfNumber(at: start)
        case .bool, .null: try scanner.endOfLiteral(at: start)
        case .object, .array: nil
        case nil: throw notAValue(at: start)
        }
    }

    /// By the same steps as a caller would take, so that the grammar of containers stands once.
    private mutating func skipContainer(at start: Int) throws(JSONError) {
        let (before, mark) = (next, nesting.mark)
        do throws(JSONError) {
            try open(at: start, isObject: text[start] == UInt8(ascii: "{"))
            while nesting.depth > mark.depth { try skipStep() }
        } catch {
            next = before
            place = .value
            nesting.restore(mark)
            placeBehindValue = nesting.placeBehindValue
            throw error
        }
    }

    @inline(__always)
    private mutating func skipStep() throws(JSONError) {
        switch place {
        case .value:
            if nextPlainString() != nil { return }
            let start = try startOfValue()
            if let end = try endOfScalarValue(at: start) {
                pass(to: end)
            } else {
                try open(at: start, isObject: text[start] == UInt8(ascii: "{"))
            }
        case .firstKey, .nextKey: _ = try nextKey()
        case .firstElement, .nextElement, .end: _ = try nextElement()
        }
    }
}
