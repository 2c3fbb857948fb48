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
    public private(set) var offset = 0

    /// Content bytes of finished lines, still held because `data` lies in them.
    private var kept = 0
    /// Bytes of the unfinished line known to hold no line end.
    private var searched = 0
    private var dataLines = 0
    /// The single data line, relative to the content's start.
    private var dataInPlace = ByteRange(start: 0, count: 0)
    private var joined = ScratchBuffer()
    private var type = ScratchBuffer()
    private var id = ScratchBuffer()
    private var atStart = true
    private var skipLF = false
    private var dispatched = false

    /// - Parameter limit: the most bytes that the lines of one event may have together.
    public init(limit: ByteLimit) { self.limit = limit }

    public mutating func next(in buffer: inout ReceiveBuffer) throws(FramingError) -> Step {
        if dispatched { forgetEvent(&buffer) }
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

    private mutating func forgetEvent(_ buffer: inout ReceiveBuffer) {
        dispatched = false
        dataLines = 0
        joined.removeAll()
        type.removeAll()
        release(&buffer)
    }

    /// Consumes finished lines unless the event's data lies in them.
    private mutating func release(_ buffer: inout ReceiveBuffer) {
        if dataLines == 1 { return }
        buffer.consume(kept)
        offset += kept
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
            offset += 3
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
        guard
            let end = ByteScan.firstIndex(
                of: ASCII.lf, or: ASCII.cr, in: content, from: kept + searched)
        else {
            searched = content.count - kept
            if joined.count + content.count > limit.bytes { throw tooLong }
            return nil
        }
        if joined.count + end > limit.bytes { throw tooLong }
        let line = ByteRange(start: kept, count: end - kept)
        skipLF = content[end] == ASCII.cr
        kept = end + 1
        searched = 0
        return line
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
