internal import WireBytes

/// Reads the lines of a head or a trailer section off a receive buffer's raw bytes, each as soon
/// as it is complete, so that the verdict is the same however the input is cut.
///
/// Line ends are CRLF only. A fold (RFC 9112 5.2) becomes a space, except where it would build a
/// field that decides the message's framing.
struct HeadReader: Sendable {
    let lineLimit: ByteLimit
    let sectionLimit: ByteLimit
    let fieldLimit: Int

    private(set) var fields = Fields()
    /// Bytes of the section taken so far.
    private(set) var sectionBytes = 0
    private var searched = 0

    init(limits: HTTP1Limits, section: ByteLimit) {
        lineLimit = limits.fieldLine
        sectionLimit = section
        fieldLimit = limits.fieldCount
    }

    /// A complete line at the front of the raw bytes, without its CRLF; nil when there is none yet.
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
        try checkSize(line: end - 1, limit: limit, offset: offset)
        if end == 0 || raw[end - 1] != ASCII.cr {
            throw HTTP1Error(kind, at: offset + end, "a line ends with LF alone, not CRLF")
        }
        return ByteRange(start: buffer.scanned, count: end - 1)
    }

    /// Drops a line that `nextLine` has returned; returns its size with the CRLF.
    mutating func consumeLine(_ line: ByteRange, in buffer: inout ReceiveBuffer) -> Int {
        buffer.skip(line.count + 2)
        sectionBytes += line.count + 2
        searched = 0
        return line.count + 2
    }

    /// Takes field lines up to the empty one.
    ///
    /// - Parameter offset: where the raw bytes start in the message; moves along.
    /// - Returns: whether the section is complete.
    mutating func readFields(
        in buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> Bool {
        while let line = try nextLine(in: buffer, limit: lineLimit, at: offset, kind: .badHeader) {
            if line.count > 0 { try takeField(buffer.bytes(in: line), at: offset) }
            offset += consumeLine(line, in: &buffer)
            if line.count == 0 { return true }
        }
        return false
    }

    private mutating func takeField(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        if ASCII.isBlank(line[0]) { return try takeFold(line, at: offset) }
        let name = ByteScan.tokenRun(in: line, from: 0)
        guard name > 0, name < line.count, line[name] == UInt8(ascii: ":") else {
            throw HeadReader.nameError(line, tokenCount: name, at: offset)
        }
        if fields.count == fieldLimit {
            throw HTTP1Error(.tooLarge, at: offset, "more than \(fieldLimit) fields")
        }
        let value = try checkedValue(line, from: name + 1, at: offset)
        fields.append(line, nameCount: name, value: value)
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
        guard fields.count > 0 else {
            throw HTTP1Error(.badHeader, at: offset, "white space before the first field")
        }
        let last = fields.count - 1
        for name in ["content-length", "transfer-encoding"] as [StaticString]
        where fields.nameEquals(name, at: last) {
            throw HTTP1Error(.badFraming, at: offset, "a folded \(name) field")
        }
        if fields.nameEquals("connection", at: last) {
            throw HTTP1Error(.badHeader, at: offset, "a folded connection field")
        }
        let value = try checkedValue(line, from: 0, at: offset)
        fields.extendLast(with: line.extracting(value))
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
