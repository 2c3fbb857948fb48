internal import WireBytes

/// A field section as received (RFC 9110 5): names and values in order, repeats kept.
public struct Fields: Sendable {
    struct Entry: Sendable {
        var nameStart: Int
        var nameEnd: Int
        var valueStart: Int
        /// A folded line extends the last one's.
        var valueEnd: Int
    }

    /// Field lines without what stands behind their values.
    private(set) var storage: [UInt8] = []
    private(set) var entries: [Entry] = []
    /// Bit k: there is a name of k bytes (63: or more). Most look-ups end here.
    private var nameLengths: UInt64 = 0

    public init() {}

    public var count: Int { entries.count }
    public var isEmpty: Bool { entries.isEmpty }

    public func name(at index: Int) -> String {
        String(decoding: storage[entries[index].nameStart..<entries[index].nameEnd], as: UTF8.self)
    }

    /// The value without surrounding white space. Bytes that are not UTF-8 become U+FFFD.
    public func value(at index: Int) -> String {
        String(
            decoding: storage[entries[index].valueStart..<entries[index].valueEnd], as: UTF8.self)
    }

    /// The first value under a name (compared without case), or nil.
    ///
    /// - Parameter name: in lower case.
    public subscript(name: StaticString) -> String? {
        guard mayContain(name) else { return nil }
        for index in entries.indices where nameEquals(name, at: index) { return value(at: index) }
        return nil
    }

    /// Every value under a name, in order. They are not joined: Set-Cookie cannot be.
    public func values(of name: StaticString) -> [String] {
        guard mayContain(name) else { return [] }
        return entries.indices.filter { nameEquals(name, at: $0) }.map { value(at: $0) }
    }

    /// Whether a name has as many bytes as `name`: false spares looking at them.
    func mayContain(_ name: StaticString) -> Bool {
        nameLengths & Fields.lengthBit(name.utf8CodeUnitCount) != 0
    }

    private static func lengthBit(_ count: Int) -> UInt64 { 1 << UInt64(min(count, 63)) }

    public func nameEquals(_ name: StaticString, at index: Int) -> Bool {
        ASCII.equalsIgnoringCase(nameBytes(at: index), name)
    }

    /// Whether a comma-separated list field holds a token (compared without case).
    public func list(_ name: StaticString, contains token: StaticString) -> Bool {
        guard mayContain(name) else { return false }
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
        storage.span.extracting(entries[index].valueStart..<entries[index].valueEnd)
    }

    /// Takes a field line: its name comes first, `value` is where the value lies.
    mutating func append(_ line: Span<UInt8>, nameCount: Int, value: Range<Int>) {
        let start = storage.count
        let entry = Entry(
            nameStart: start, nameEnd: start + nameCount, valueStart: start + value.lowerBound,
            valueEnd: start + value.upperBound)
        nameLengths |= Fields.lengthBit(nameCount)
        let kept = line.extracting(0..<value.upperBound)
        if entries.isEmpty {
            storage.reserveCapacity(256)
            entries.reserveCapacity(8)
        }
        storage.append(copying: kept)
        entries.append(entry)
    }

    /// A folded line: a space takes the place of the fold (RFC 9112 5.2).
    mutating func extendLast(with value: Span<UInt8>) {
        if value.isEmpty { return }
        let last = entries.count - 1
        if entries[last].valueEnd > entries[last].valueStart { storage.append(ASCII.space) }
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
