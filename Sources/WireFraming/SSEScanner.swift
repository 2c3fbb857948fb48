public import WireBytes

/// Server-sent events (WHATWG HTML 9.2.5, 9.2.6) in a receive buffer's content.
///
/// The machine behind `SSEFramer`, for owners of their own buffer. Line ends are LF, CR and CRLF;
/// a CR ends its line at once and an LF that follows it later is skipped. A single `data` line
/// stays where it lies and is vended as a range; several are joined in a side buffer.
///
///     line        | field      | effect
///     ------------+------------+-----------------------------------------------
///     empty       |            | dispatch if there was data; forget the event type
///     `:...`      |            | nothing
///     `name:value`| event      | event type = value
///                 | data       | data += value + LF (the last LF is not part of the event)
///                 | id         | last event id = value, unless it holds NUL
///                 | retry      | reconnection time, if all digits
///     other       |            | nothing
///
/// An event that is unfinished when the input ends is discarded, as the standard says.
public struct SSEScanner: ~Copyable {
    public enum Step: Equatable, Sendable {
        /// An event: `data`, `eventType` and `lastEventID` describe it until the next call.
        case event
        /// A `retry` field was accepted: milliseconds.
        case retry(Int)
        case needsBytes
    }

    public let limit: ByteLimit
    /// Offset in the content stream of the first byte still held for the current event.
    @inlinable public var offset: Int { start }

    @usableFromInline var start = 0
    /// Content bytes of finished lines, still held because `data` lies in them.
    @usableFromInline var kept = 0
    package var returnedBytes: Int { kept }
    /// LFs and CRs of the content, in so far as it was searched; those behind another may be left out.
    @usableFromInline var ends = FoundAhead(ASCII.lf, or: ASCII.cr)
    @usableFromInline var dataLines = 0
    /// The single data line, relative to the content's start.
    @usableFromInline var dataInPlace = ByteRange(start: 0, count: 0)
    @usableFromInline var joined = ScratchBuffer()
    private var type = ScratchBuffer()
    private var id = ScratchBuffer()
    private var atStart = true
    private var skipLF = false
    @usableFromInline var dispatched = false
    /// The event that was returned last was a plain one: nothing else is under way.
    @usableFromInline var isPlain = false
    /// The event that was returned last was known by itself: its end was not looked for.
    @usableFromInline var isKnown = false

    /// - Parameter limit: the most bytes that the lines of one event may have together.
    public init(limit: ByteLimit) { self.limit = limit }

    @inlinable @inline(__always)
    public mutating func next(in buffer: inout ReceiveBuffer) throws(FramingError) -> Step {
        if isPlain, takeNextPlainEvent(in: &buffer) { return .event }
        return try nextStep(in: &buffer)
    }

    @usableFromInline
    mutating func nextStep(in buffer: inout ReceiveBuffer) throws(FramingError) -> Step {
        if dispatched { forgetEvent(&buffer) }
        if kept == 0, !skipLF, !atStart, dataLines == 0, type.count == 0,
            takePlainEvent(in: buffer)
        {
            return .event
        }
        guard skipMark(&buffer) else { return .needsBytes }
        while let line = try nextLine(&buffer) {
            if line.isEmpty {
                if dataLines > 0 {
                    dispatched = true
                    return .event
                }
                type.removeAll()
            } else if let milliseconds = take(line, in: buffer) {
                release(&buffer)
                return .retry(milliseconds)
            }
            release(&buffer)
        }
        return .needsBytes
    }

    /// The event's data, borrowed from the scanner or from the buffer that `next` was given.
    @inlinable @inline(__always)
    @_lifetime(borrow self, borrow buffer)
    public borrowing func data(in buffer: borrowing ReceiveBuffer) -> Span<UInt8> {
        if dataLines == 1 {
            let start = buffer.consumed + dataInPlace.start
            return buffer.bytes(in: ByteRange(start: start, count: dataInPlace.count))
        }
        return joined.bytes
    }

    /// The event's type; empty stands for `message`.
    public var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { type.bytes }
    }

    /// The last event id in force: it lasts from event to event.
    public var lastEventID: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { id.bytes }
    }

    /// The event behind a plain one, if it is of that form too.
    ///
    /// - Returns: false, and the plain one is forgotten, when it is not.
    @inlinable @inline(__always)
    mutating func takeNextPlainEvent(in buffer: inout ReceiveBuffer) -> Bool {
        consumePlain(&buffer)
        if isKnown {
            ends.passConsumed()
            isKnown = false
        }
        if takePlainEvent(in: buffer) { return true }
        dataLines = 0
        dispatched = false
        isPlain = false
        return false
    }

    @inlinable @inline(__always)
    mutating func consumePlain(_ buffer: inout ReceiveBuffer) {
        buffer.consume(kept)
        ends.consumed(kept)
        start &+= kept
        kept = 0
    }

    /// Consumes the event that was returned last, if it was a plain one: `takeKnown` or `next` goes on.
    @inlinable @inline(__always)
    package mutating func finishPlain(in buffer: inout ReceiveBuffer) -> Bool {
        if isPlain { consumePlain(&buffer) }
        return isPlain
    }

    /// Behind `finishPlain`: the next event, if it is plain too and `reader` knows its data for a record by
    /// itself and has read it. Its end need not be searched for then.
    ///
    /// - Returns: where its data lies in the buffer; nil says nothing else than that `next` has to look.
    @inlinable @inline(__always)
    package mutating func takeKnown<Reader: RecordReading & ~Copyable>(
        in buffer: borrowing ReceiveBuffer, knownTo reader: inout Reader
    ) -> ByteRange? {
        let content = buffer.content
        // `data: `
        guard content.count >= 8, content.word(at: 0) << 16 == 0x203A_6174_6164_0000 else {
            return nil
        }
        let length = reader.readExpectedAlone(startOf: content.extracting(6..<content.count))
        let end = length &+ 6
        guard length > 0, end &+ 1 < content.count, content[end] == ASCII.lf,
            content[end &+ 1] == ASCII.lf, end < limit.bytes
        else { return nil }
        dataInPlace = ByteRange(start: 6, count: length)
        dataLines = 1
        kept = end &+ 2
        dispatched = true
        isKnown = true
        return ByteRange(start: buffer.consumed &+ 6, count: length)
    }

    /// The event that nearly all are: one `data` line and an empty line, LF ends, all of it there. Nothing
    /// else may be under way.
    ///
    /// - Returns: false, with nothing changed, when the next event is not of that form.
    @inlinable @inline(__always)
    mutating func takePlainEvent(in buffer: borrowing ReceiveBuffer) -> Bool {
        let content = buffer.content
        guard let end = ends.peek(in: content), end >= 5, end &+ 1 < content.count,
            content.count >= 8, content.word(at: 0) << 24 == 0x3A61_7461_6400_0000,
            content[end] == ASCII.lf, content[end &+ 1] == ASCII.lf, end < limit.bytes
        else { return false }
        ends.pass()
        let start = end > 5 && content[5] == ASCII.space ? 6 : 5
        dataInPlace = ByteRange(start: start, count: end &- start)
        dataLines = 1
        kept = end &+ 2
        dispatched = true
        isPlain = true
        return true
    }

    @inline(__always)
    private mutating func forgetEvent(_ buffer: inout ReceiveBuffer) {
        dispatched = false
        isPlain = false
        dataLines = 0
        if joined.count > 0 { joined.removeAll() }
        if type.count > 0 { type.removeAll() }
        release(&buffer)
    }

    /// Consumes finished lines unless the event's data lies in them.
    @inline(__always)
    private mutating func release(_ buffer: inout ReceiveBuffer) {
        if dataLines == 1 { return }
        buffer.consume(kept)
        ends.consumed(kept)
        start += kept
        kept = 0
    }

    /// One leading byte order mark is no part of the stream. False while it cannot be told.
    private mutating func skipMark(_ buffer: inout ReceiveBuffer) -> Bool {
        if !atStart { return true }
        let mark: InlineArray<3, UInt8> = [0xEF, 0xBB, 0xBF]
        var matched = 0
        while matched < 3, matched < buffer.contentCount, buffer.content[matched] == mark[matched] {
            matched += 1
        }
        if matched < 3, matched == buffer.contentCount { return false }
        atStart = false
        if matched == 3 {
            buffer.consume(3)
            ends.consumed(3)
            start += 3
        }
        return true
    }

    /// The next line as a range relative to the content's start; nil when it is not complete.
    private mutating func nextLine(
        _ buffer: inout ReceiveBuffer
    ) throws(FramingError) -> ByteRange? {
        let content = buffer.content
        if skipLF, kept < content.count {
            if content[kept] == ASCII.lf { kept += 1 }
            skipLF = false
        }
        guard let end = lineEnd(in: content) else {
            if joined.count + content.count > limit.bytes { throw tooLong }
            return nil
        }
        if joined.count + end > limit.bytes { throw tooLong }
        let line = ByteRange(start: kept, count: end - kept)
        skipLF = content[end] == ASCII.cr
        kept = end + 1
        return line
    }

    /// The first line end from `kept` on.
    private mutating func lineEnd(in content: Span<UInt8>) -> Int? {
        // An end right behind another need not be a place of its own, but can be one.
        if kept < content.count, content[kept] == ASCII.lf || content[kept] == ASCII.cr {
            return kept
        }
        while let place = ends.peek(in: content) {
            ends.pass()
            if place >= kept { return place }
        }
        return nil
    }

    private var tooLong: FramingError { .eventTooLong(limit: limit, offset: offset) }

    /// Applies one line; returns the reconnection time if it set one.
    private mutating func take(_ line: ByteRange, in buffer: borrowing ReceiveBuffer) -> Int? {
        let bytes = buffer.content.extracting(line.start..<line.end)
        let colon = ByteScan.firstIndex(of: UInt8(ascii: ":"), in: bytes)
        let name = bytes.extracting(0..<(colon ?? bytes.count))
        var valueStart = colon.map { $0 + 1 } ?? bytes.count
        if valueStart < bytes.count, bytes[valueStart] == ASCII.space { valueStart += 1 }
        let value = bytes.extracting(valueStart..<bytes.count)
        if ASCII.equals(name, "data") {
            let range = ByteRange(start: line.start + valueStart, count: value.count)
            addData(range, in: buffer)
        } else if ASCII.equals(name, "event") {
            type.removeAll()
            type.append(value)
        } else if ASCII.equals(name, "id") {
            if ByteScan.firstIndex(of: 0, in: value) == nil {
                id.removeAll()
                id.append(value)
            }
        } else if ASCII.equals(name, "retry") {
            return ASCII.decimal(value).map { Int($0) }
        }
        return nil
    }

    private mutating func addData(_ value: ByteRange, in buffer: borrowing ReceiveBuffer) {
        dataLines += 1
        if dataLines == 1 {
            dataInPlace = value
            return
        }
        let content = buffer.content
        if dataLines == 2 { joined.append(content.extracting(dataInPlace.start..<dataInPlace.end)) }
        joined.append(ASCII.lf)
        joined.append(content.extracting(value.start..<value.end))
    }
}
