internal import WireBytes

/// A field section as received (RFC 9110 5): names and values in order, repeats kept.
public struct Fields: Sendable {
    struct Entry: Sendable {
        var nameStart: Int
        var nameEnd: Int
        /// Values are stored behind their names; a folded line extends the last one.
        var valueEnd: Int
    }

    private(set) var storage: [UInt8] = []
    private(set) var entries: [Entry] = []

    public init() {}

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    public func name(at index: Int) -> String {
        String(decoding: storage[entries[index].nameStart..<entries[index].nameEnd], as: UTF8.self)
    }

    /// The value without surrounding white space. Bytes that are not UTF-8 become U+FFFD.
    public func value(at index: Int) -> String {
        String(decoding: storage[entries[index].nameEnd..<entries[index].valueEnd], as: UTF8.self)
    }

    /// The first value under a name (compared without case), or nil.
    ///
    /// - Parameter name: in lower case.
    public subscript(name: StaticString) -> String? {
        for index in entries.indices where nameEquals(name, at: index) { return value(at: index) }
        return nil
    }

    /// Every value under a name, in order. They are not joined: Set-Cookie cannot be.
    public func values(of name: StaticString) -> [String] {
        entries.indices.filter { nameEquals(name, at: $0) }.map { value(at: $0) }
    }

    public func nameEquals(_ name: StaticString, at index: Int) -> Bool {
        ASCII.equalsIgnoringCase(nameBytes(at: index), name)
    }

    /// Whether a comma-separated list field holds a token (compared without case).
    public func list(_ name: StaticString, contains token: StaticString) -> Bool {
        for index in entries.indices where nameEquals(name, at: index) {
            let value = valueBytes(at: index)
            var rest = 0..<value.count
            while let element = nextListElement(in: value, &rest) {
                if ASCII.equalsIgnoringCase(value.extracting(element), token) { return true }
            }
        }
        return false
    }

    @_lifetime(borrow self)
    public func nameBytes(at index: Int) -> Span<UInt8> {
        storage.span.extracting(entries[index].nameStart..<entries[index].nameEnd)
    }

    @_lifetime(borrow self)
    public func valueBytes(at index: Int) -> Span<UInt8> {
        storage.span.extracting(entries[index].nameEnd..<entries[index].valueEnd)
    }

    mutating func append(name: Span<UInt8>, value: Span<UInt8>) {
        if entries.isEmpty {
            storage.reserveCapacity(256)
            entries.reserveCapacity(8)
        }
        let start = storage.count
        storage.append(copying: name)
        let nameEnd = storage.count
        storage.append(copying: value)
        entries.append(Entry(nameStart: start, nameEnd: nameEnd, valueEnd: storage.count))
    }

    /// A folded line: a space takes the place of the fold (RFC 9112 5.2).
    mutating func extendLast(with value: Span<UInt8>) {
        if value.isEmpty { return }
        let last = entries.count - 1
        if entries[last].valueEnd > entries[last].nameEnd { storage.append(ASCII.space) }
        storage.append(copying: value)
        entries[last].valueEnd = storage.count
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
