public import WireBytes
public import WireDriver
internal import WireSockets
public import WireExchange
public import WireFraming
public import WireGzip
public import WireHTTP1
public import WireSecurity
public import WireTime
internal import WireTransport

/// A response whose body is still coming. It owns its connection: read to the end, the connection is
/// kept; dropped before, it is closed before the next statement runs.
///
/// What the `next` calls return is borrowed from the receive buffer: using it after the following
/// call does not compile.
public struct BlockingResponse: ~Copyable {
    @usableFromInline package var exchange: ExchangeDriver
    private let system: any NetworkSystem
    public let head: ResponseHead

    init(_ exchange: consuming ExchangeDriver, system: any NetworkSystem) {
        head = exchange.reader.head!
        self.exchange = exchange
        self.system = system
    }

    /// A server-sent event, borrowed until the following call.
    public typealias Event = SSEFramer.Event

    public var status: Int { head.status }
    /// Of the body as it was sent: a length in it is that of the coded body.
    public var framing: BodyFraming { exchange.reader.framing! }
    /// The content codings that are undone, in the order in which they were applied; none for a body
    /// that is passed on as it comes.
    public var contentCodings: [ContentCoding] { exchange.reader.contentCodings }
    /// The redirects that led here, where the client follows them.
    public var redirects: [FollowedRedirect] { exchange.history }
    /// How often the client has asked again.
    public var retryCount: Int { exchange.retryCount }
    /// Statuses of the 1xx responses that came before.
    public var informational: [Int] { exchange.informational }
    /// Complete once the body has been read to its end.
    public var trailers: Fields { exchange.reader.trailers }
    public var timings: ExchangeTimings { exchange.timings }
    public var progress: Progress { exchange.progress }
    /// The connection had carried an exchange before.
    public var isReusedConnection: Bool { exchange.isReused }
    /// When the record returned last came, by the kernel's stamp; nil unless
    /// `options.socket.receiveTimestamps` is on.
    public var arrival: Arrival? { exchange.arrival }
    /// How the connection is secured; nil where it is not.
    public var tls: TLSFacts? { exchange.tlsFacts }
    /// The response is complete and its connection was kept for the next request.
    public var wasConnectionKept: Bool { exchange.wasReleased }

    /// The next line (LF or CRLF), or nil at the end. Blank ones are lines too.
    @_lifetime(&self)
    public mutating func nextLine() throws(TransportError) -> Line? {
        guard let range = try nextLineRange() else { return nil }
        if range.count > 0 { exchange.noteContent() }
        return Line(bytes: exchange[range], offset: exchange.reader.lineOffset)
    }

    /// The next server-sent event, or nil at the end.
    @_lifetime(&self)
    public mutating func nextEvent() throws(TransportError) -> Event? {
        guard try exchange.nextRange(.event, system) != nil else { return nil }
        exchange.noteContent()
        return Event(
            type: exchange.eventType, data: exchange.eventData,
            lastEventID: exchange.lastEventID)
    }

    /// The next piece of the body as it came, however cut, or nil at the end.
    @_lifetime(&self)
    public mutating func nextBytes() throws(TransportError) -> Span<UInt8>? {
        guard let range = try exchange.nextRange(.piece, system) else { return nil }
        exchange.noteContent()
        return exchange[range]
    }

    /// The rest of the body.
    ///
    /// - Throws: `.tooLarge` when it is longer than `limit`; the connection is closed then.
    public mutating func readBody(limit: ByteLimit) throws(TransportError) -> [UInt8] {
        var body: [UInt8] = []
        var isTooLong = false
        while !isTooLong, let piece = try nextBytes() {
            isTooLong = piece.count > limit.bytes - body.count
            if !isTooLong { body.append(copying: piece) }
        }
        if isTooLong {
            let progress = exchange.progress
            exchange.abandon()
            throw .tooLarge(limit, what: "the body", progress)
        }
        return body
    }

    /// Writes the rest of the body to a file as it comes, a piece at a time; a file that is there is
    /// replaced. Writing blocks, as files do. What has been written stays when the call fails.
    ///
    /// - Returns: how many bytes that was.
    /// - Throws: also `.local` when the file takes no more; the connection is closed then.
    @discardableResult
    public mutating func save(to path: String) throws(TransportError) -> Int {
        let file: FileSink
        do throws(SystemError) { file = try FileSink(path) } catch {
            throw exchange.failLocally(error)
        }
        var failure: SystemError?
        while failure == nil, let piece = try nextBytes() {
            do throws(SystemError) { try file.write(piece) } catch { failure = error }
        }
        if let failure { throw exchange.failLocally(failure) }
        return file.count
    }

    /// Closes the connection now, whatever is still to come. Dropping the response does the same.
    public mutating func cancel() { exchange.abandon() }

    // MARK: For layers that know what a record carries

    /// The next line as a range; it does not count as content until `noteContent`.
    @inline(__always)
    package mutating func nextLineRange() throws(TransportError) -> ByteRange? {
        if let range = exchange.nextLineAtHand() { return range }
        return try exchange.nextRange(.line, system)
    }

    /// The same for a line that `records` knows and has read; nil says nothing else than that.
    @inlinable @inline(__always)
    package mutating func nextRecordAtHand<Reader: RecordReading & ~Copyable>(
        knownTo records: inout Reader
    ) -> ByteRange? {
        exchange.nextRecordAtHand(knownTo: &records)
    }

    /// The next server-sent event: false at the end. It does not count as content until `noteContent`.
    package mutating func advanceToEvent() throws(TransportError) -> Bool {
        try exchange.nextRange(.event, system) != nil
    }

    package var eventType: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { exchange.eventType }
    }

    /// All of the body as one piece, or nil behind it. It does not count as content until `noteContent`.
    package mutating func nextWholeRange() throws(TransportError) -> ByteRange? {
        try exchange.nextRange(.whole, system)
    }

    /// The bytes of the record read last: an event's data, or a range.
    package subscript(record range: ByteRange, isEvent isEvent: Bool) -> Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { exchange[record: range, isEvent: isEvent] }
    }

    /// Where the event read last starts in the body.
    package var eventOffset: Int { exchange.reader.eventOffset }

    /// The bytes of a range that was returned last.
    package subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable @inline(__always)
        borrowing get { exchange[range] }
    }

    /// Where the line returned last starts in the body.
    package var lineOffset: Int { exchange.reader.lineOffset }

    @inlinable @inline(__always)
    package mutating func noteContent() { exchange.noteContent() }

    package mutating func noteAnswerIsWhole() { exchange.noteAnswerIsWhole() }
}
