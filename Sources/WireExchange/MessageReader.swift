public import WireBytes
public import WireFraming
public import WireGzip
public import WireHTTP1
public import WireTime

/// The response's side of an exchange: its buffer, the HTTP decoder over it, and lines or events
/// out of the body. Pure: a driver refills the buffer and asks again.
public struct MessageReader: ~Copyable {
    /// What is wrong with the response, or how much too much of it there is.
    public enum Failure: Error, Equatable, Sendable {
        case http(HTTP1Error)
        case framing(FramingError)
        case buffer(ByteLimitExceeded)
        /// A content coding is broken, unknown, or made to hurt.
        case content(ContentError)
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
        /// More of a coded body has been decoded: ask again, once there has been a look at the clock.
        case decoded
    }

    /// What records are read from; of a body in content codings, what came out of them.
    public var buffer: ReceiveBuffer { _read { yield received } }
    @usableFromInline var received: ReceiveBuffer
    @usableFromInline var decoder: ResponseDecoder
    @usableFromInline var lines: LineScanner
    @usableFromInline var events: SSEScanner
    /// Bytes returned by `nextPiece` last.
    @usableFromInline var returnedPiece = 0
    @usableFromInline var readsEvents = false
    private var peerClosed = false
    private let contentLimits: ContentLimits?
    /// Of a body whose content codings are undone.
    private var coded: CodedBody?
    /// The content codings that are undone, in the order in which they were applied.
    public private(set) var contentCodings: [ContentCoding] = []

    /// - Parameters:
    ///   - recordLimit: the longest line or event.
    ///   - contentLimits: nil leaves content codings as they are.
    ///   - leniencies: what heads may have that the rules forbid.
    public init(
        toHEAD: Bool, limits: HTTP1Limits, recordLimit: ByteLimit,
        contentLimits: ContentLimits? = nil, leniencies: HTTP1Leniencies = []
    ) {
        self.contentLimits = contentLimits
        // A record, the framing of the next, and a read's worth behind them.
        received = ReceiveBuffer(
            limit: .bytes(max(recordLimit.bytes, limits.head.bytes) + (256 << 10)))
        decoder = ResponseDecoder(toHEAD: toHEAD, limits: limits, leniencies: leniencies)
        lines = LineScanner(limit: recordLimit)
        events = SSEScanner(limit: recordLimit)
    }

    // Inlinable, because a getter of another module gets a copy of the whole reader.
    @inlinable public var head: ResponseHead? { decoder.head }
    @inlinable public var framing: BodyFraming? { decoder.framing }
    public var trailers: Fields { decoder.trailers }
    @inlinable public var isComplete: Bool { decoder.isComplete }
    /// How much of the body has yet to be received, at least; 0 where its length was not told.
    public var bytesToCome: Int { max(0, (decoder.remainingLength ?? 0) - received.rawCount) }
    public var allowsReuse: Bool {
        if peerClosed { return false }
        guard let coded else { return decoder.allowsReuse(of: received) }
        return decoder.allowsReuse(of: coded.wire)
    }
    /// How long the connection may idle before its server is about to close it; `.never` if the server
    /// did not say.
    public var idleLimit: Timeout {
        guard let seconds = head?.keepAliveSeconds else { return .never }
        let limit = Timeout.seconds(Int64(seconds))
        // A margin for the way, and for seconds that were rounded: a request must not meet the close.
        return Timeout(nanoseconds: limit.nanoseconds - min(1_000_000_000, limit.nanoseconds / 2))
    }

    // Mutating for the same reason.

    /// For how long the connection may idle and carry another exchange; nil when it must not at all.
    package mutating func idleLimitForReuse() -> Timeout? { allowsReuse ? idleLimit : nil }

    /// There is no memory yet to receive into.
    package mutating func isWithoutMemory() -> Bool { received.capacity == 0 }

    /// Lets `body` append to the buffer, as `recv(2)` does.
    public mutating func refill<Result>(
        _ body: (inout OutputRawSpan) -> Result
    ) throws(Failure) -> Result {
        do throws(ByteLimitExceeded) {
            if let coded { return try coded.wire.refill(body) }
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
        case .head: try beginBody()
        case .informational(let status): .informational(status)
        default: .needsBytes
        }
    }

    /// The next line of the body, without its end (LF or CRLF).
    public mutating func nextLine() throws(Failure) -> RecordStep {
        if let line = nextLineAtHand() { return .record(line) }
        while true {
            do throws(FramingError) {
                if let line = try lines.next(in: &received, atEnd: hasAll) {
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

    /// `nextLineAtHand` for a line, or of a body that is read as events, an event that `reader` knows by
    /// itself: where its data lies.
    @inlinable @inline(__always)
    package mutating func nextRecordAtHand<Reader: RecordReading & ~Copyable>(
        knownTo reader: inout Reader
    ) -> ByteRange? {
        if readsEvents {
            guard events.finishPlain(in: &received) else { return nil }
            if received.contentCount == 0, decoder.takePlainChunk(&received) == 0 { return nil }
            return events.takeKnown(in: received, knownTo: &reader)
        }
        finishPiece()
        lines.finishReturned(&received)
        if received.contentCount == 0, decoder.takePlainChunk(&received) == 0 { return nil }
        return lines.takeRecord(in: received, knownTo: &reader)
    }

    /// Whether `nextLine` could not go on without more bytes, told without looking for a line. False
    /// does not mean that it could.
    package mutating func isDry() -> Bool {
        lines.finishReturned(&received)
        return received.held == 0 && !peerClosed && returnedPiece == 0 && !decoder.isComplete
            && decoder.framing == .chunked && coded == nil
    }

    /// Nothing but framing lies behind the record that was returned last, in what has been received.
    package var isAllTaken: Bool {
        let returned = readsEvents ? events.returnedBytes : lines.returnedBytes + returnedPiece
        return received.contentCount == returned
            && (received.rawCount == 0 || received.rawCount == 2 && received.raw[0] == ASCII.cr)
    }

    /// The offset in the body of the line that `nextLine` returned last.
    @inlinable public var lineOffset: Int { lines.offset }

    /// The offset in the body of the event that `nextEvent` returned last.
    public var eventOffset: Int { events.offset }

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

    /// All of the body, in one piece, once all of it has come; behind that, the end. Not to be mixed with
    /// the others.
    ///
    /// - Throws: also `.framing` when it is longer than a record may be.
    public mutating func nextWhole() throws(Failure) -> RecordStep {
        finishPiece()
        while true {
            let stop = try expose()
            if received.contentCount > lines.limit.bytes {
                throw .framing(.bodyTooLong(limit: lines.limit))
            }
            guard let stop else { continue }
            if stop != .end || received.contentCount == 0 { return stop }
            returnedPiece = received.contentCount
            return .record(received.contentRange)
        }
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
        // Nearly all come with the next chunk, which is there whole.
        if events.finishPlain(in: &received), received.contentCount == 0 {
            _ = decoder.takePlainChunk(&received)
        }
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
        do throws(Failure) {
            while received.contentCount == 0 {
                guard let stop = try expose() else { continue }
                if stop != .decoded { return stop == .end }
            }
        } catch {}
        return false
    }

    /// Makes more of the raw bytes content; nil when it could, else why not.
    private mutating func expose() throws(Failure) -> RecordStep? {
        if let coded { return try exposeDecoded(coded) }
        return switch try step() {
        case .content, .head, .informational: nil
        case .end: .end
        case .needsBytes: .needsBytes
        }
    }

    private mutating func step() throws(Failure) -> ResponseDecoder.Step {
        do throws(HTTP1Error) {
            let step =
                if let coded { try decoder.advance(&coded.wire) } else {
                    try decoder.advance(&received)
                }
            guard step == .needsBytes, peerClosed else { return step }
            try decoder.endOfInput()
            return .end
        } catch { throw .http(error) }
    }

    // MARK: Content codings

    /// The head is there: what has been received behind it is coded, or is not.
    private mutating func beginBody() throws(Failure) -> HeadStep {
        guard let contentLimits, let head, framing != BodyFraming.none else { return .head }
        do throws(ContentError) {
            contentCodings = try ContentCoding.list(of: head.fields)
            if contentCodings.isEmpty { return .head }
            var wire = ReceiveBuffer(limit: received.limit)
            swap(&wire, &received)
            coded = try CodedBody(contentCodings, limits: contentLimits, wire: wire)
        } catch { throw .content(error) }
        return .head
    }

    /// Nothing more will become content of the buffer.
    private var hasAll: Bool { decoder.isComplete && coded?.isFinished != false }

    private mutating func exposeDecoded(_ coded: CodedBody) throws(Failure) -> RecordStep {
        while true {
            if try coded.decode(into: &received) { return .decoded }
            switch try step() {
            case .content, .head, .informational: continue
            case .needsBytes: return .needsBytes
            case .end:
                try coded.finish()
                return .end
            }
        }
    }
}
