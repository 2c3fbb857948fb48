public import WireBytes
internal import WireDriver
internal import WireSockets
public import WireExchange
public import WireFraming
public import WireGzip
public import WireHTTP1
public import WireSecurity
public import WireTime

/// A response whose body is still coming. It owns its connection: read to the end, the connection is
/// kept; dropped before, it is closed before the next statement runs.
///
/// What the `next` calls return is borrowed from the receive buffer: using it after the following
/// call does not compile. A call returns without suspending while there is something in the buffer.
public struct HTTPResponse: ~Copyable {
    private var exchange: ExchangeDriver
    private let system: any AsyncNetworkSystem
    private let isWatched: Bool
    public var head: ResponseHead { exchange.reader.head! }

    /// One that nobody sees before `start` has brought its head.
    init(
        _ exchange: consuming ExchangeDriver, system: any AsyncNetworkSystem, isWatched: Bool
    ) {
        self.exchange = exchange
        self.system = system
        self.isWatched = isWatched
    }

    mutating func start() async throws(TransportError) {
        try await exchange.run(system, isWatched: isWatched)
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
    public mutating func nextLine() async throws(TransportError) -> Line? {
        if let range = exchange.nextLineAtHand() { return line(range) }
        guard let range = try await nextRange(.line) else { return nil }
        return line(range)
    }

    @_lifetime(&self)
    private mutating func line(_ range: ByteRange) -> Line {
        if range.count > 0 { exchange.noteContent() }
        return Line(bytes: exchange[range], offset: exchange.reader.lineOffset)
    }

    /// The next server-sent event, or nil at the end.
    @_lifetime(&self)
    public mutating func nextEvent() async throws(TransportError) -> Event? {
        guard try await nextRange(.event) != nil else { return nil }
        exchange.noteContent()
        return Event(
            type: exchange.eventType, data: exchange.eventData,
            lastEventID: exchange.lastEventID)
    }

    /// The next piece of the body as it came, however cut, or nil at the end.
    @_lifetime(&self)
    public mutating func nextBytes() async throws(TransportError) -> Span<UInt8>? {
        // Not by `nextRange`: a small response is read by one call, of which a task's frame shows.
        var step = try exchange.next(.piece)
        while case .blocked = step {
            try exchange.end(await perform(exchange.nextWait(), system, isWatched: isWatched))
            step = try exchange.next(.piece)
        }
        guard case .record(let range) = step else { return nil }
        exchange.noteContent()
        return exchange[range]
    }

    /// The rest of the body.
    ///
    /// - Throws: `.tooLarge` when it is longer than `limit`; the connection is closed then.
    public mutating func readBody(limit: ByteLimit) async throws(TransportError) -> [UInt8] {
        var body: [UInt8] = []
        while let range = try await nextRange(.piece) {
            exchange.noteContent()
            if range.count > limit.bytes - body.count {
                let progress = exchange.progress
                exchange.abandon()
                throw .tooLarge(limit, what: "the body", progress)
            }
            body.append(copying: exchange[range])
        }
        return body
    }

    /// The rest of the body as text; bytes that are not UTF-8 become U+FFFD.
    public mutating func text(limit: ByteLimit) async throws(TransportError) -> String {
        String(decoding: try await readBody(limit: limit), as: UTF8.self)
    }

    /// Writes the rest of the body to a file as it comes, a piece at a time; a file that is there is
    /// replaced. Writing blocks, as files do. What has been written stays when the call fails.
    ///
    /// - Returns: how many bytes that was.
    /// - Throws: also `.local` when the file takes no more; the connection is closed then.
    @discardableResult
    public mutating func save(to path: String) async throws(TransportError) -> Int {
        let file: FileSink
        do throws(SystemError) { file = try FileSink(path) } catch {
            throw exchange.failLocally(error)
        }
        var failure: SystemError?
        while failure == nil, let piece = try await nextBytes() {
            do throws(SystemError) { try file.write(piece) } catch { failure = error }
        }
        if let failure { throw exchange.failLocally(failure) }
        return file.count
    }

    /// Closes the connection now, whatever is still to come. Dropping the response does the same.
    public mutating func cancel() { exchange.abandon() }

    private mutating func nextRange(
        _ unit: ExchangeDriver.Unit
    ) async throws(TransportError) -> ByteRange? {
        while true {
            switch try exchange.next(unit) {
            case .record(let range): return range
            case .end: return nil
            case .blocked:
                let outcome = await perform(exchange.nextWait(), system, isWatched: isWatched)
                try exchange.end(outcome)
            }
        }
    }
}
