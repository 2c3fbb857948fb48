internal import WireBytes

/// Reads the lines of a head or a trailer section off a receive buffer's raw bytes, each as soon
/// as it is complete, so that the verdict is the same however the input is cut.
///
/// Line ends are CRLF only, unless leniencies say otherwise. A fold (RFC 9112 5.2) becomes a space, except where it would build a
/// field that decides the message's framing.
struct HeadReader: Sendable {
    let lineLimit: ByteLimit
    let sectionLimit: ByteLimit
    let fieldLimit: Int

    /// The section's, once it is complete.
    private(set) var fields = Fields()
    /// Bytes of the section taken so far.
    private(set) var sectionBytes = 0
    /// Of a section that did not come whole, or not plain: its fields so far.
    private var builder: FieldTableBuilder?
    private var searched = 0
    private let leniencies: HTTP1Leniencies
    /// Of the line that `nextLine` has returned last.
    private var lineEndSize = 2

    init(limits: HTTP1Limits, section: ByteLimit, leniencies: HTTP1Leniencies = []) {
        self.leniencies = leniencies
        lineLimit = limits.fieldLine
        // Places in it have 32 bits.
        sectionLimit = .bytes(min(section.bytes, Int(UInt32.max)))
        fieldLimit = limits.fieldCount
    }

    /// Keeps bytes with the fields that are no field's.
    ///
    /// - Returns: where in `fields` they are.
    mutating func keep(_ bytes: Span<UInt8>) -> Range<Int> {
        if builder == nil { builder = FieldTableBuilder() }
        return builder!.keep(bytes)
    }

    /// A complete line at the front of the raw bytes, without its end; nil when there is none yet.
    /// `consumeLine` has to follow.
    mutating func nextLine(
        in buffer: borrowing ReceiveBuffer, limit: ByteLimit, at offset: Int,
        kind: HTTP1Error.Kind
    ) throws(HTTP1Error) -> ByteRange? {
        let raw = buffer.raw
        guard let end = ByteScan.firstIndex(of: ASCII.lf, in: raw, from: searched) else {
            searched = raw.count
            try checkSize(line: raw.count - 1, limit: limit, offset: offset)
            return nil
        }
        let hasCR = end > 0 && raw[end - 1] == ASCII.cr
        lineEndSize = hasCR ? 2 : 1
        let isTaken = hasCR || leniencies.contains(.bareLineFeeds)
        let count = isTaken ? end + 1 - lineEndSize : end - 1
        try checkSize(line: count, limit: limit, offset: offset)
        if !isTaken {
            throw HTTP1Error(kind, at: offset + end, "a line ends with LF alone, not CRLF")
        }
        return ByteRange(start: buffer.scanned, count: count)
    }

    /// Drops a line that `nextLine` has returned; returns its size with its end.
    mutating func consumeLine(_ line: ByteRange, in buffer: inout ReceiveBuffer) -> Int {
        let size = line.count + lineEndSize
        buffer.skip(size)
        sectionBytes += size
        searched = 0
        return size
    }

    /// Takes a head that is there whole and plain, at one go.
    ///
    /// - Parameter offset: moves along.
    /// - Returns: nil, with nothing taken, for whatever wants a closer look.
    mutating func takeWholeHead(
        in buffer: inout ReceiveBuffer, startLine: ByteLimit, offset: inout Int
    ) -> ResponseHead? {
        guard searched == 0 else { return nil }
        var table = FieldTable()
        let limit = (fieldLimit, startLine.bytes, min(lineLimit.bytes, sectionLimit.bytes))
        guard let head = table.takeHead(buffer.raw, limit: limit) else { return nil }
        passSection(head.end, in: &buffer, &offset)
        return ResponseHead(StatusLine(head), Fields(table))
    }

    /// The same of a section without the line in front of it.
    private mutating func takeWholeSection(
        in buffer: inout ReceiveBuffer, offset: inout Int
    ) -> Bool {
        guard searched == 0, builder == nil else { return false }
        var table = FieldTable()
        let limit = min(lineLimit.bytes, sectionLimit.bytes - sectionBytes)
        guard let end = table.takeSection(buffer.raw, limit: (fieldLimit, limit)) else {
            return false
        }
        passSection(end, in: &buffer, &offset)
        fields = Fields(table)
        return true
    }

    private mutating func passSection(
        _ count: Int, in buffer: inout ReceiveBuffer, _ offset: inout Int
    ) {
        buffer.skip(count)
        sectionBytes += count
        offset += count
    }

    /// Takes field lines up to the empty one.
    ///
    /// - Parameter offset: where the raw bytes start in the message; moves along.
    /// - Returns: whether the section is complete.
    mutating func readFields(
        in buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> Bool {
        if takeWholeSection(in: &buffer, offset: &offset) { return true }
        while let line = try nextLine(in: buffer, limit: lineLimit, at: offset, kind: .badHeader) {
            if line.count > 0 { try takeField(buffer.bytes(in: line), at: offset) }
            offset += consumeLine(line, in: &buffer)
            if line.count == 0 {
                fields = Fields(builder?.finish() ?? FieldTable())
                builder = nil
                return true
            }
        }
        return false
    }

    private mutating func takeField(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        if ASCII.isBlank(line[0]) { return try takeFold(line, at: offset) }
        let name = ByteScan.tokenRun(in: line, from: 0)
        var colon = name
        if name > 0, leniencies.contains(.blanksBeforeColon) {
            while colon < line.count, ASCII.isBlank(line[colon]) { colon += 1 }
        }
        guard name > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else {
            throw HeadReader.nameError(line, tokenCount: name, at: offset)
        }
        if builder == nil { builder = FieldTableBuilder() }
        if builder!.count == fieldLimit {
            throw HTTP1Error(.tooLarge, at: offset, "more than \(fieldLimit) fields")
        }
        let value = try checkedValue(line, from: colon + 1, at: offset)
        builder!.append(line, nameCount: name, value: value)
    }

    /// What is wrong with a line that does not begin with a token and a colon.
    private static func nameError(
        _ line: Span<UInt8>, tokenCount: Int, at offset: Int
    ) -> HTTP1Error {
        switch ByteScan.firstIndex(of: UInt8(ascii: ":"), in: line) {
        case nil: HTTP1Error(.badHeader, at: offset, "a field line without a colon")
        case 0: HTTP1Error(.badHeader, at: offset, "a field line without a name")
        default:
            HTTP1Error(
                .badHeader, at: offset + tokenCount,
                "a field name holds a byte that no token may hold")
        }
    }

    private mutating func takeFold(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        // `builder` in its place: a copy that lived on would make the append below copy all fields.
        guard builder != nil, builder!.count > 0 else {
            throw HTTP1Error(.badHeader, at: offset, "white space before the first field")
        }
        for name in ["content-length", "transfer-encoding"] as [StaticString]
        where ASCII.equalsIgnoringCase(builder!.lastName, name) {
            throw HTTP1Error(.badFraming, at: offset, "a folded \(name) field")
        }
        if ASCII.equalsIgnoringCase(builder!.lastName, "connection") {
            throw HTTP1Error(.badHeader, at: offset, "a folded connection field")
        }
        let value = try checkedValue(line, from: 0, at: offset)
        builder!.extendLast(with: line.extracting(value))
    }

    /// The trimmed value in `line` from `start`, its bytes checked (RFC 9110 5.5).
    private func checkedValue(
        _ line: Span<UInt8>, from start: Int, at offset: Int
    ) throws(HTTP1Error) -> Range<Int> {
        let end = start + ByteScan.fieldValueRun(in: line, from: start)
        if end < line.count {
            throw HTTP1Error(
                .badHeader, at: offset + end, "a field value holds the control byte \(line[end])")
        }
        let trimmed = ASCII.trimmed(line.extracting(start..<line.count))
        return start + trimmed.lowerBound..<start + trimmed.upperBound
    }

    /// Of the two limits, the one that the line reaches first: the same however the input is cut.
    private func checkSize(line: Int, limit: ByteLimit, offset: Int) throws(HTTP1Error) {
        let room = sectionLimit.bytes - sectionBytes - 2
        if line <= min(limit.bytes, room) { return }
        if limit.bytes <= room {
            throw HTTP1Error(.tooLarge, at: offset, "a line of more than \(limit.bytes) bytes")
        }
        throw HTTP1Error(
            .tooLarge, at: offset, "a field section of more than \(sectionLimit.bytes) bytes")
    }
}
