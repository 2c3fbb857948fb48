public import WireBytes

/// A field section as received (RFC 9110 5): names and values in order, repeats kept.
///
/// One copy of the received bytes, which all copies of the value share; a `String` is made of them when it
/// is asked for.
public struct Fields: Sendable {
    @usableFromInline let table: FieldTable

    public init() { table = FieldTable() }

    init(_ table: FieldTable) { self.table = table }

    public var count: Int { table.count }
    public var isEmpty: Bool { table.count == 0 }

    public func name(at index: Int) -> String { String(decoding: nameBytes(at: index)) }

    /// The value without surrounding white space. Bytes that are not UTF-8 become U+FFFD.
    public func value(at index: Int) -> String { String(decoding: valueBytes(at: index)) }

    /// The first value under a name (compared without case), or nil.
    ///
    /// - Parameter name: in lower case.
    public subscript(name: StaticString) -> String? { next(name, from: 0).map { value(at: $0) } }

    /// Every value under a name, in order. They are not joined: Set-Cookie cannot be.
    public func values(of name: StaticString) -> [String] {
        var values: [String] = []
        var from = 0
        while let index = next(name, from: from) {
            values.append(value(at: index))
            from = index + 1
        }
        return values
    }

    public func nameEquals(_ name: StaticString, at index: Int) -> Bool {
        ASCII.equalsIgnoringCase(nameBytes(at: index), name)
    }

    /// Whether a comma-separated list field holds a token (compared without case).
    public func list(_ name: StaticString, contains token: StaticString) -> Bool {
        var from = 0
        while let index = next(name, from: from) {
            if listElements(at: index, contain: token) { return true }
            from = index + 1
        }
        return false
    }

    @inlinable
    @_lifetime(borrow self)
    public func nameBytes(at index: Int) -> Span<UInt8> {
        table.memory.span.extracting(table.places(index).name)
    }

    @inlinable
    @_lifetime(borrow self)
    public func valueBytes(at index: Int) -> Span<UInt8> {
        table.memory.span.extracting(table.places(index).value)
    }

    // MARK: Look-ups

    /// The first field of a name from `start` on.
    private func next(_ name: StaticString, from start: Int) -> Int? {
        guard table.hasName(ofLength: name.utf8CodeUnitCount) else { return nil }
        var index = start
        while index < table.count {
            if nameEquals(name, at: index) { return index }
            index += 1
        }
        return nil
    }

    func count(of name: StaticString) -> Int {
        var (count, from) = (0, 0)
        while let index = next(name, from: from) { (count, from) = (count + 1, index + 1) }
        return count
    }

    /// The first field of a name that every message is asked for.
    package func first(_ name: KnownField) -> Int? { table.first(name)?.index }

    /// The next one behind that.
    package func next(_ name: KnownField, after index: Int) -> Int? {
        guard let first = table.first(name), !first.isOnly else { return nil }
        return (index + 1..<table.count).first { table.isNamed(name, $0) }
    }

    func isOnly(_ name: KnownField) -> Bool { table.first(name)?.isOnly == true }

    package func contains(_ name: KnownField) -> Bool { table.first(name) != nil }

    /// `list(_:contains:)` of such a name.
    func list(_ name: KnownField, contains token: StaticString) -> Bool {
        var field = first(name)
        while let index = field {
            if listElements(at: index, contain: token) { return true }
            field = next(name, after: index)
        }
        return false
    }

    private func listElements(at index: Int, contain token: StaticString) -> Bool {
        let value = valueBytes(at: index)
        var rest = 0..<value.count
        while let element = nextListElement(in: value, &rest) {
            if ASCII.equalsIgnoringCase(value.extracting(element), token) { return true }
        }
        return false
    }
}

/// The next element of a comma-separated list within `rest`, trimmed; empty elements are skipped
/// (RFC 9110 5.6.1.2).
func nextListElement(in value: Span<UInt8>, _ rest: inout Range<Int>) -> Range<Int>? {
    while !rest.isEmpty {
        let part = value.extracting(rest)
        let comma = ByteScan.firstIndex(of: UInt8(ascii: ","), in: part) ?? part.count
        let start = rest.lowerBound
        rest = min(start + comma + 1, rest.upperBound)..<rest.upperBound
        let trimmed = ASCII.trimmed(part.extracting(0..<comma))
        if !trimmed.isEmpty { return start + trimmed.lowerBound..<start + trimmed.upperBound }
    }
    return nil
}
