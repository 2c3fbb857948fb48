public import WireBytes

/// Finds the lines in a receive buffer's content: LF or CRLF ends, as NDJSON has them.
///
/// The machine behind `LineFramer`, for owners of their own buffer. It remembers how far it has
/// looked, so no byte is searched twice however the input is cut. The line it returned last is
/// consumed by the following call, not before: its range is good until then.
public struct LineScanner: Sendable {
    public let limit: ByteLimit
    /// Offset in the content stream of the line that `next` will return.
    @inlinable public var offset: Int { start }

    @usableFromInline var start = 0
    /// Line ends of the content, in so far as it was searched, as it was at `endsStart` in the stream:
    /// records that a reader knows leave it behind.
    @usableFromInline var ends = FoundAhead(ASCII.lf, or: ASCII.lf)
    @usableFromInline var endsStart = 0
    /// The records that a reader knows from the next line on.
    @usableFromInline var known = RecordRun()
    /// Lines were passed whose ends `ends` may have.
    @usableFromInline var hasPassedKnown = false
    /// Bytes of the line returned last, with its end.
    @usableFromInline var returned = 0
    package var returnedBytes: Int { returned }

    /// - Parameter limit: the longest line, without its end.
    public init(limit: ByteLimit) { self.limit = limit }

    /// The next line without its end, as a range of the buffer; nil when more bytes are needed.
    ///
    /// - Parameter atEnd: no more bytes will come, so what is left is a line too.
    @inlinable @inline(__always)
    public mutating func next(
        in buffer: inout ReceiveBuffer, atEnd: Bool = false
    ) throws(FramingError) -> ByteRange? {
        finishReturned(&buffer)
        if let line = takeLine(in: buffer) { return line }
        return try search(&buffer, atEnd: atEnd)
    }

    /// The line that the content starts with; `finishReturned` has to have been called.
    ///
    /// - Returns: nil when its end is not there or it is too long: `next` tells which.
    @inlinable @inline(__always)
    package mutating func takeLine(in buffer: borrowing ReceiveBuffer) -> ByteRange? {
        let content = buffer.content
        catchUp()
        if ends.hasLittleToSearch(in: content) { return takeOnlyLine(in: buffer) }
        guard let end = ends.peek(in: content) else { return nil }
        let length = LineScanner.length(upTo: end, in: content)
        guard length <= limit.bytes else { return nil }
        ends.pass()
        returned = end &+ 1
        return ByteRange(start: buffer.consumed, count: length)
    }

    /// The same for a record that came by itself, as the records of a slow stream do.
    @inlinable @inline(__always)
    mutating func takeOnlyLine(in buffer: borrowing ReceiveBuffer) -> ByteRange? {
        let content = buffer.content
        let most = limit.bytes
        let found = ends.takeOne(in: content) { end -> (length: Int, end: Int)? in
            let length = LineScanner.length(upTo: end, in: content)
            return length <= most ? (length, end) : nil
        }
        guard let found else { return nil }
        returned = found.end &+ 1
        return ByteRange(start: buffer.consumed, count: found.length)
    }

    /// The next line, if `reader` knows it for a record by itself and has read it: its end need not be
    /// searched for then. Nil says nothing else than that: `next` looks.
    @inlinable @inline(__always)
    public mutating func next<Reader: RecordReading & ~Copyable>(
        in buffer: inout ReceiveBuffer, knownTo reader: inout Reader
    ) -> ByteRange? {
        finishReturned(&buffer)
        return takeRecord(in: buffer, knownTo: &reader)
    }

    /// The same behind `finishReturned`.
    @inlinable @inline(__always)
    package mutating func takeRecord<Reader: RecordReading & ~Copyable>(
        in buffer: borrowing ReceiveBuffer, knownTo reader: inout Reader
    ) -> ByteRange? {
        let content = buffer.content
        hasPassedKnown = true
        let length = reader.readExpected(startOf: content, &known)
        guard length > 0, length < content.count, length <= limit.bytes else { return nil }
        returned = length &+ 1
        return ByteRange(start: buffer.consumed, count: length)
    }

    /// Up to `lines.count` lines that are there already, all of them good until the next call.
    ///
    /// - Returns: how many; 0 when `next` has to look further.
    public mutating func nextBatch(
        in buffer: inout ReceiveBuffer, into lines: inout MutableSpan<ByteRange>
    ) -> Int {
        finishReturned(&buffer)
        catchUp()
        let taken = ends.takeLines(
            in: buffer.content, from: buffer.consumed, limit: limit.bytes, into: &lines)
        returned = taken.end
        return taken.count
    }

    /// Lines that are there already, if `reader` knows them for records by themselves and has read them,
    /// all of them good until the next call. Nil says nothing else than that: `next` looks.
    @inlinable @inline(__always)
    public mutating func nextBatch<Reader: RecordBatchReading & ~Copyable>(
        in buffer: inout ReceiveBuffer, knownTo reader: inout Reader
    ) -> ByteRange? {
        finishReturned(&buffer)
        known = RecordRun()
        hasPassedKnown = true
        let content = buffer.content
        let count = reader.readExpectedBatch(startOf: content, limit: limit.bytes)
        guard count > 0, count <= content.count else { return nil }
        returned = count
        return ByteRange(start: buffer.consumed, count: count)
    }

    /// The length of a line that is ended at `end`: without a CR in front of that.
    @inlinable @inline(__always)
    static func length(upTo end: Int, in content: Span<UInt8>) -> Int {
        end > 0 && content[end &- 1] == ASCII.cr ? end &- 1 : end
    }

    /// What is left when `takeLine` has found none.
    @usableFromInline
    mutating func search(
        _ buffer: inout ReceiveBuffer, atEnd: Bool
    ) throws(FramingError) -> ByteRange? {
        let content = buffer.content
        if ends.peek(in: content) != nil { throw .lineTooLong(limit: limit, offset: offset) }
        // One byte may still turn out to be the CR of a CRLF.
        try check(content.count - 1)
        guard atEnd, content.count > 0 else { return nil }
        try check(content.count)
        returned = content.count
        return buffer.contentRange
    }

    /// Consumes the line returned last. `next` does so by itself.
    @inlinable @inline(__always)
    public mutating func finishReturned(_ buffer: inout ReceiveBuffer) {
        if returned == 0 { return }
        buffer.consume(returned)
        start &+= returned
        returned = 0
    }

    /// Nobody knows the next line: its end is looked for from where the content starts by now.
    @inlinable @inline(__always)
    mutating func catchUp() {
        ends.consumed(start &- endsStart)
        endsStart = start
        if hasPassedKnown {
            ends.passConsumed()
            known = RecordRun()
            hasPassedKnown = false
        }
    }

    /// The owner has consumed `count` bytes of content itself, and no line is out: what is left is
    /// taken for the start of a line.
    public mutating func skip(_ count: Int) {
        start += count
        endsStart = start
        ends.removeAll()
        known = RecordRun()
    }

    private func check(_ length: Int) throws(FramingError) {
        if length > limit.bytes { throw .lineTooLong(limit: limit, offset: offset) }
    }
}

/// A line without its end, borrowed from whoever found it until that one's next call.
public struct Line: ~Escapable {
    public let bytes: Span<UInt8>
    /// Where it starts in the stream.
    public let offset: Int

    @inlinable
    @_lifetime(copy bytes)
    public init(bytes: Span<UInt8>, offset: Int) {
        self.bytes = bytes
        self.offset = offset
    }
}

/// Lines out of bytes that the caller brings.
///
///     var lines = LineFramer(limit: .mebibytes(16))
///     try lines.append(bytes)
///     while let line = try lines.next() { use(line.bytes) }
public struct LineFramer: ~Copyable {
    private var buffer: ReceiveBuffer
    private var scanner: LineScanner
    private var atEnd = false

    /// - Parameter limit: the longest line, without its end.
    public init(limit: ByteLimit) {
        scanner = LineScanner(limit: limit)
        buffer = ReceiveBuffer(limit: .bytes(.max))
    }

    /// Adds input. Take the lines out before adding more: all that is added is kept until then.
    public mutating func append(_ bytes: Span<UInt8>) {
        buffer.appendContent(bytes)
    }

    /// No more input will come: a last line without an end is a line.
    public mutating func finish() { atEnd = true }

    /// The next line, or nil when more input is needed.
    @_lifetime(&self)
    public mutating func next() throws(FramingError) -> Line? {
        guard let range = try scanner.next(in: &buffer, atEnd: atEnd) else { return nil }
        return Line(bytes: buffer.bytes(in: range), offset: scanner.offset)
    }
}
