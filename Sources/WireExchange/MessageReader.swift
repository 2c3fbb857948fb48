public import WireBytes
public import WireFraming
public import WireHTTP1

/// The response's side of an exchange: its buffer, the HTTP decoder over it, and lines or events
/// out of the body. Pure: a driver refills the buffer and asks again.
public struct MessageReader: ~Copyable {
    /// What is wrong with the response, or how much too much of it there is.
    public enum Failure: Error, Equatable, Sendable {
        case http(HTTP1Error)
        case framing(FramingError)
        case buffer(ByteLimitExceeded)
    }

    public enum HeadStep: Equatable, Sendable {
        case informational(Int)
        case head
        case needsBytes
    }

    public enum RecordStep: Equatable, Sendable {
        /// A line or a piece of the body: its range is good until the next call. Of an event the
        /// range is empty: `eventData` and `eventType` describe it until the next call.
        case record(ByteRange)
        /// The response is complete.
        case end
        case needsBytes
    }

    public var buffer: ReceiveBuffer { _read { yield received } }
    @usableFromInline var received: ReceiveBuffer
    @usableFromInline var decoder: ResponseDecoder
    @usableFromInline var lines: LineScanner
    private var events: SSEScanner
    /// Bytes returned by `nextPiece` last.
    @usableFromInline var returnedPiece = 0
    @usableFromInline var readsEvents = false
    private var peerClosed = false

    /// - Parameters:
    ///   - recordLimit: the longest line or event.
    public init(toHEAD: Bool, limits: HTTP1Limits, recordLimit: ByteLimit) {
        // A record, the framing of the next, and a read's worth behind them.
        received = ReceiveBuffer(
            limit: .bytes(max(recordLimit.bytes, limits.head.bytes) + (256 << 10)))
        decoder = ResponseDecoder(toHEAD: toHEAD, limits: limits)
        lines = LineScanner(limit: recordLimit)
        events = SSEScanner(limit: recordLimit)
    }

    public var head: ResponseHead? { decoder.head }
    public var framing: BodyFraming? { decoder.framing }
    public var trailers: Fields { decoder.trailers }
    public var isComplete: Bool { decoder.isComplete }
    public var allowsReuse: Bool { !peerClosed && decoder.allowsReuse(of: received) }

    /// Lets `body` append to the buffer, as `recv(2)` does.
    public mutating func refill<Result>(
        _ body: (inout OutputRawSpan) -> Result
    ) throws(Failure) -> Result {
        do throws(ByteLimitExceeded) {
            return try received.refill(body)
        } catch { throw .buffer(error) }
    }

    /// The memory of another response's buffer, for one of which nothing has come yet.
    package mutating func adopt(_ buffer: consuming ReceiveBuffer) {
        precondition(received.filled == 0 && buffer.held == 0, "bytes would be lost")
        if buffer.limit == received.limit { received = buffer }
    }

    /// The buffer, for `adopt`, when the response is complete; this one goes on without memory. Nil
    /// when something is left in it or it is too large to be kept.
    package mutating func takeBuffer() -> ReceiveBuffer? {
        let isKept = received.held == 0 && (1...MessageReader.keptBytes).contains(received.capacity)
        guard isKept else { return nil }
        var taken = ReceiveBuffer(limit: received.limit)
        swap(&taken, &received)
        taken.removeAll()
        return taken
    }

    private static let keptBytes = 64 << 10

    /// The peer will send nothing more. Ask for records again: what was received comes out first,
    /// then the end, or the error that the response is not complete.
    public mutating func inputEnded() { peerClosed = true }

    public mutating func readHead() throws(Failure) -> HeadStep {
        switch try step() {
        case .head: .head
        case .informational(let status): .informational(status)
        default: .needsBytes
        }
    }

    /// The next line of the body, without its end (LF or CRLF).
    public mutating func nextLine() throws(Failure) -> RecordStep {
        if let line = nextLineAtHand() { return .record(line) }
        while true {
            do throws(FramingError) {
                if let line = try lines.next(in: &received, atEnd: decoder.isComplete) {
                    return .record(line)
                }
            } catch { throw .framing(error) }
            // At the end, what is left without a line end is the last line.
            if let stop = try expose(), stop != .end || received.contentCount == 0 { return stop }
        }
    }

    /// The part of `nextLine` that costs no call: the next line if it is in the content already, or
    /// if it comes with the next chunk and that is there whole.
    ///
    /// - Returns: nil when `nextLine` has to look further; that takes up where this has stopped.
    @inlinable @inline(__always)
    public mutating func nextLineAtHand() -> ByteRange? {
        precondition(!readsEvents, "lines of a body that is read as events")
        finishPiece()
        lines.finishReturned(&received)
        if received.contentCount == 0, decoder.takePlainChunk(&received) == 0 { return nil }
        return lines.takeLine(in: received)
    }

    /// The offset in the body of the line that `nextLine` returned last.
    @inlinable public var lineOffset: Int { lines.offset }

    /// The next piece of the body as it came, however cut.
    public mutating func nextPiece() throws(Failure) -> RecordStep {
        precondition(!readsEvents, "pieces of a body that is read as events")
        lines.finishReturned(&received)
        finishPiece()
        while received.contentCount == 0 {
            if let stop = try expose() { return stop }
        }
        returnedPiece = received.contentCount
        return .record(received.contentRange)
    }

    @inlinable @inline(__always)
    mutating func finishPiece() {
        if returnedPiece > 0 { consumePiece() }
    }

    @usableFromInline mutating func consumePiece() {
        received.consume(returnedPiece)
        lines.skip(returnedPiece)
        returnedPiece = 0
    }

    /// The next server-sent event of the body. Lines and pieces may be mixed, events with nothing.
    public mutating func nextEvent() throws(Failure) -> RecordStep {
        readsEvents = true
        while true {
            do throws(FramingError) {
                switch try events.next(in: &received) {
                case .event: return .record(ByteRange(start: received.consumed, count: 0))
                case .retry: continue
                case .needsBytes: break
                }
            } catch { throw .framing(error) }
            if let stop = try expose() { return stop }
        }
    }

    public var eventData: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { events.data(in: received) }
    }

    public var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { events.eventType }
    }

    /// The last event id in force.
    public var lastEventID: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { events.lastEventID }
    }

    /// The bytes of a record that was returned last.
    public subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable borrowing get { received.bytes(in: range) }
    }

    /// Whether the response turns out to be complete by what has been received already, and nothing
    /// but its end was left: its connection is clean although the caller did not read to the end.
    public mutating func completesWithoutReading() -> Bool {
        lines.finishReturned(&received)
        finishPiece()
        while received.contentCount == 0 {
            guard let step = try? step(), step != .needsBytes else { return false }
            if step == .end { return true }
        }
        return false
    }

    /// Makes more of the raw bytes content; nil when it could, else why not.
    private mutating func expose() throws(Failure) -> RecordStep? {
        switch try step() {
        case .content, .head, .informational: nil
        case .end: .end
        case .needsBytes: .needsBytes
        }
    }

    private mutating func step() throws(Failure) -> ResponseDecoder.Step {
        do throws(HTTP1Error) {
            let step = try decoder.advance(&received)
            guard step == .needsBytes, peerClosed else { return step }
            try decoder.endOfInput()
            return .end
        } catch { throw .http(error) }
    }
}
