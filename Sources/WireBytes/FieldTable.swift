internal import CWireKernels

/// The names of fields that every message is asked for: to look them up, nothing is searched.
public enum KnownField: UInt8, Sendable, CaseIterable {
    // As the kernels number them.
    case connection, keepAlive, contentType, contentLength, contentEncoding, transferEncoding
}

/// The field lines of a section (RFC 9112 5) as received, and where in them names and values lie: all of
/// it in one piece of memory, which copies share.
public struct FieldTable: Sendable {
    /// The bytes it was made of; behind them, for each line, four 32-bit numbers: where the name starts
    /// and ends, where the value does.
    public private(set) var memory: [UInt8] = []
    public private(set) var count = 0
    @usableFromInline private(set) var nameLengths: UInt64 = 0
    /// Byte k: the first line with the known name k, as the kernels note it.
    @usableFromInline private(set) var known: UInt64 = 0

    @inlinable static var entrySize: Int { 16 }
    /// The most lines of a section that is taken whole.
    private static var room: Int { 48 }

    @inlinable public init() {}

    /// A section that has come whole, if nothing in it wants a closer look: no fold, no fault.
    ///
    /// - Parameter limit: the most lines; and the most bytes up to the end of the empty line.
    /// - Returns: the end of the empty line; nil with nothing taken.
    public mutating func takeSection(
        _ bytes: Span<UInt8>, limit: (lines: Int, bytes: Int)
    ) -> Int? {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeTemporaryAllocation(
                of: cwk_field_line.self, capacity: FieldTable.room
            ) { entries in
                guard let base = bytes.baseAddress else { return nil }
                // Safe because the kernel reads `bytes` and writes as many entries as it says.
                let found = unsafe cwk_field_lines_at(
                    base, min(bytes.count, Int(UInt32.max)), 0, entries.baseAddress!,
                    entries.count)
                let end = found.end + 2
                guard end <= min(bytes.count, limit.bytes), found.count <= limit.lines,
                    unsafe bytes[found.end] == ASCII.cr, unsafe bytes[found.end + 1] == ASCII.lf
                else { return nil }
                unsafe keep(base, entries, found)
                return end
            }
        }
    }

    /// A response's head (RFC 9112 4) that has come whole.
    public struct Head {
        public let status: UInt16
        public let minorVersion: UInt8
        /// Where in `memory` the reason lies.
        public let reason: Range<UInt32>
        /// The end of the empty line.
        public let end: Int
    }

    /// The same of a response's head, as far as nothing in that wants a closer look.
    ///
    /// - Parameter limit: the most lines; the most bytes of the status line, and in all.
    public mutating func takeHead(
        _ bytes: Span<UInt8>, limit: (lines: Int, statusLine: Int, bytes: Int)
    ) -> Head? {
        unsafe bytes.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeTemporaryAllocation(
                of: cwk_field_line.self, capacity: FieldTable.room
            ) { entries in
                guard let base = bytes.baseAddress else { return nil }
                var found = cwk_head()
                // Safe as above.
                unsafe cwk_head_at(
                    base, min(bytes.count, Int(UInt32.max)), entries.baseAddress!, entries.count,
                    &found)
                guard found.end > 0, found.end <= limit.bytes, found.fields.count <= limit.lines,
                    Int(found.reason_end) <= limit.statusLine
                else { return nil }
                unsafe keep(base, entries, found.fields)
                return Head(
                    status: found.status, minorVersion: found.minor_version,
                    reason: found.reason_start..<found.reason_end, end: found.end)
            }
        }
    }

    init(_ bytes: [UInt8], _ entries: [cwk_field_line], _ found: cwk_field_lines) {
        note(found)
        memory = bytes
        for entry in entries {
            for place in [entry.name_start, entry.name_end, entry.value_start, entry.value_end] {
                unsafe withUnsafeBytes(of: place) { unsafe memory.append(contentsOf: $0) }
            }
        }
    }

    private mutating func note(_ found: cwk_field_lines) {
        count = found.count
        nameLengths = found.name_lengths
        known = found.known
    }

    private mutating func keep(
        _ bytes: UnsafePointer<UInt8>, _ entries: UnsafeMutableBufferPointer<cwk_field_line>,
        _ found: cwk_field_lines
    ) {
        note(found)
        let entriesSize = found.count * FieldTable.entrySize
        // Of nothing, it would write to the one empty array that all share.
        if found.end + entriesSize == 0 { return }
        memory.append(addingCapacity: found.end + entriesSize) { copy in
            // Safe because the kernel has found so many bytes good, and written so many entries.
            unsafe copy.append(copying: Span(_unsafeStart: bytes, count: found.end))
            unsafe UnsafeRawBufferPointer(start: entries.baseAddress!, count: entriesSize)
                .withMemoryRebound(to: UInt8.self) { unsafe copy.append(copying: $0.span) }
        }
    }

    /// Where in `memory` a line's name lies, and its value without surrounding white space.
    @inlinable @inline(__always)
    public func places(_ index: Int) -> (name: Range<Int>, value: Range<Int>) {
        precondition(index >= 0 && index < count, "no such field")
        let entry = memory.count &- (count &- index) &* FieldTable.entrySize
        let name = memory.span.word(at: entry)
        let value = memory.span.word(at: entry &+ 8)
        return (
            Int(truncatingIfNeeded: name & 0xFFFF_FFFF)..<Int(truncatingIfNeeded: name >> 32),
            Int(truncatingIfNeeded: value & 0xFFFF_FFFF)..<Int(truncatingIfNeeded: value >> 32)
        )
    }

    /// Whether a name has so many bytes: false spares looking at them.
    public func hasName(ofLength count: Int) -> Bool {
        nameLengths & 1 << UInt64(count & 63) != 0
    }

    /// Whether a line has a known name.
    public func isNamed(_ name: KnownField, _ index: Int) -> Bool {
        let bytes = memory.span.extracting(places(index).name)
        return unsafe bytes.withUnsafeBufferPointer { bytes in
            // Safe because the kernel reads the name alone.
            unsafe cwk_name_known(bytes.baseAddress!, bytes.count).rawValue == name.rawValue
        }
    }

    /// The first line that has a known name, and whether that is the only one.
    @inlinable
    public func first(_ name: KnownField) -> (index: Int, isOnly: Bool)? {
        let note = UInt8(truncatingIfNeeded: known &>> (8 &* UInt64(name.rawValue)))
        if note == 0 { return nil }
        return note < 0x7F ? (Int(note) &- 1, true) : firstOfMany(name, note)
    }

    @usableFromInline
    func firstOfMany(_ name: KnownField, _ note: UInt8) -> (index: Int, isOnly: Bool) {
        var index = Int(UInt32(note) & CWK_LAST_LINE) - 1
        // The last number may stand for a line behind it.
        while !isNamed(name, index) { index += 1 }
        return (index, false)
    }
}
