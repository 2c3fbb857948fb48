internal import CWireKernels

/// A table put together line by line: for sections that come in pieces, or that want a closer look.
public struct FieldTableBuilder: Sendable {
    private var bytes: [UInt8] = []
    private var entries: [cwk_field_line] = []

    public init() {
        bytes.reserveCapacity(256)
        entries.reserveCapacity(8)
    }

    public var count: Int { entries.count }

    /// Takes bytes that are no line.
    ///
    /// - Returns: where the table has them.
    public mutating func keep(_ other: Span<UInt8>) -> Range<Int> {
        let start = bytes.count
        bytes.append(copying: other)
        return start..<bytes.count
    }

    /// Takes a field line.
    ///
    /// - Parameters:
    ///   - nameCount: the bytes of its name, which it begins with.
    ///   - value: where its trimmed value lies.
    public mutating func append(_ line: Span<UInt8>, nameCount: Int, value: Range<Int>) {
        let start = UInt32(bytes.count)
        bytes.append(copying: line.extracting(0..<value.upperBound))
        entries.append(
            cwk_field_line(
                name_start: start, name_end: start + UInt32(nameCount),
                value_start: start + UInt32(value.lowerBound),
                value_end: start + UInt32(value.upperBound)))
    }

    /// A folded line: a space takes the place of the fold (RFC 9112 5.2).
    public mutating func extendLast(with value: Span<UInt8>) {
        if value.isEmpty { return }
        let last = entries.count - 1
        if entries[last].value_end > entries[last].value_start { bytes.append(ASCII.space) }
        bytes.append(copying: value)
        entries[last].value_end = UInt32(bytes.count)
    }

    public var lastName: Span<UInt8> {
        @_lifetime(borrow self)
        get {
            let last = entries[entries.count - 1]
            return bytes.span.extracting(Int(last.name_start)..<Int(last.name_end))
        }
    }

    public func finish() -> FieldTable {
        var lines = cwk_field_lines()
        lines.count = entries.count
        unsafe bytes.withUnsafeBufferPointer { bytes in
            guard let base = bytes.baseAddress else { return }
            for (number, entry) in entries.enumerated() {
                // Safe because the name lies in the bytes, and the kernel reads nothing else.
                unsafe cwk_note_name(
                    &lines, number, base + Int(entry.name_start),
                    Int(entry.name_end - entry.name_start))
            }
        }
        return FieldTable(bytes, entries, lines)
    }
}
