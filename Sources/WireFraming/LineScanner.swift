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
    /// Content bytes known to hold no line end.
    @usableFromInline var searched = 0
    /// Bytes of the line returned last, with its end.
    @usableFromInline var returned = 0

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
        guard let end = lineEnd(in: content) else {
            searched = content.count
            return nil
        }
        let hasCR = end > 0 && content[end &- 1] == ASCII.cr
        let length = hasCR ? end &- 1 : end
        guard length <= limit.bytes else { return nil }
        returned = end &+ 1
        return ByteRange(start: buffer.consumed, count: length)
    }

    /// What is left when `takeLine` has found none.
    @usableFromInline
    mutating func search(
        _ buffer: inout ReceiveBuffer, atEnd: Bool
    ) throws(FramingError) -> ByteRange? {
        let content = buffer.content
        if lineEnd(in: content) != nil { throw .lineTooLong(limit: limit, offset: offset) }
        // One byte may still turn out to be the CR of a CRLF.
        try check(content.count - 1)
        searched = content.count
        guard atEnd, content.count > 0 else { return nil }
        try check(content.count)
        returned = content.count
        return buffer.contentRange
    }

    /// Index of the first LF among the content not searched yet.
    @inlinable @inline(__always)
    func lineEnd(in content: Span<UInt8>) -> Int? {
        guard searched < content.count else { return nil }
        // The last byte by itself: a record that came whole ends there, and a search that finds
        // nothing before it needs no guess of how long the record is.
        let last = content.count &- 1
        return ByteScan.firstIndex(of: ASCII.lf, in: content.extracting(0..<last), from: searched)
            ?? (content[last] == ASCII.lf ? last : nil)
    }

    /// Consumes the line returned last. `next` does so by itself.
    @inlinable @inline(__always)
    public mutating func finishReturned(_ buffer: inout ReceiveBuffer) {
        if returned == 0 { return }
        buffer.consume(returned)
        start &+= returned
        returned = 0
        searched = 0
    }

    /// The owner has consumed `count` bytes of content itself, and no line is out: what is left is
    /// taken for the start of a line.
    public mutating func skip(_ count: Int) {
        start += count
        searched = 0
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
