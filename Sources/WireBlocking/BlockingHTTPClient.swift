public import WireBytes
public import WireExchange
public import WireHTTP1
public import WireTime
public import WireTransport

/// An HTTP/1.1 client for one thread: no executor, no helper threads, one `ppoll` loop.
///
///     var http = BlockingHTTPClient()
///     var response = try http.send(try HTTPRequest("GET", url: "http://127.0.0.1:11434/api/tags"))
///     while let line = try response.nextLine() { use(line.bytes) }
///
/// Connections that end cleanly are kept for the next request to their origin.
public struct BlockingHTTPClient: ~Copyable {
    public struct Options: Sendable {
        public var deadlines = Deadlines.standard
        public var limits = HTTP1Limits.standard
        /// The longest line or event of a body.
        public var recordLimit = ByteLimit.mebibytes(16)
        /// How many connections may be kept between requests; 0 keeps none.
        public var idleConnectionLimit = 8

        public init() {}
    }

    public let options: Options
    private let system: any NetworkSystem
    private let pool: ConnectionPool

    public init(_ options: Options = Options()) {
        self.init(options, system: LinuxSystem())
    }

    /// - Parameter system: what takes the place of Linux (in a test).
    public init(_ options: Options = Options(), system: any NetworkSystem) {
        self.options = options
        self.system = system
        pool = ConnectionPool(
            idleLimit: options.idleConnectionLimit, keepAliveIdle: options.deadlines.keepAliveIdle)
    }

    /// Sends a request and reads the response's head.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets another thread end this call, and reading the body.
    /// - Returns: the response, whatever its status. It owns the connection: dropping it before its
    ///   end closes that at once.
    /// - Throws: `TransportError`.
    public mutating func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(TransportError) -> BlockingResponse {
        var exchange = BlockingExchange(
            try request.outgoing(), system: system, pool: pool, options: options,
            deadlines: deadlines ?? options.deadlines, cancellation: cancellation)
        try exchange.run()
        return BlockingResponse(exchange)
    }

    /// Like `send`, for those who want to know how far a failed exchange got.
    ///
    /// - Parameter observe: gets the timings, also when the call throws.
    public mutating func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil,
        observe: (ExchangeTimings) -> Void
    ) throws(TransportError) -> BlockingResponse {
        var exchange = BlockingExchange(
            try request.outgoing(), system: system, pool: pool, options: options,
            deadlines: deadlines ?? options.deadlines, cancellation: cancellation)
        do throws(TransportError) {
            try exchange.run()
        } catch {
            observe(exchange.timings)
            throw error
        }
        observe(exchange.timings)
        return BlockingResponse(exchange)
    }

    /// Connections kept for later, and those under a response that is still being read.
    public var connections: (idle: Int, leased: Int) { (pool.idleCount, pool.leasedCount) }

    /// Closes the connections that wait for their next request.
    public mutating func closeIdleConnections() { pool.closeIdle() }
}

/// A request with all of its body.
public struct HTTPRequest: Sendable {
    public var url: HTTPURL
    public var method: String
    public var fields: [(name: String, value: String)]
    /// Nil sends none; empty sends `Content-Length: 0`.
    public var body: [UInt8]?
    /// Sends the body in the chunked coding.
    public var sendsChunked = false

    public init(
        _ method: String, _ url: HTTPURL, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) {
        self.method = method
        self.url = url
        self.fields = fields
        self.body = body
    }

    /// - Throws: `TransportError.request` when the URL is none.
    public init(
        _ method: String, url: String, fields: [(name: String, value: String)] = [],
        body: [UInt8]? = nil
    ) throws(TransportError) {
        do throws(RequestError) {
            self.init(method, try HTTPURL(url), fields: fields, body: body)
        } catch { throw .request(error) }
    }

    func outgoing() throws(TransportError) -> OutgoingRequest {
        if url.scheme == .https { throw .unsupported("https") }
        do throws(RequestError) {
            var fields = fields
            if let user = url.userInfo,
                !fields.contains(where: { $0.name.lowercased() == "authorization" })
            {
                fields.append(("Authorization", "Basic \(Base64.encode(Array(user.utf8)))"))
            }
            let head = try RequestHead(
                method: method, target: url.target, authority: url.authority, fields: fields)
            return OutgoingRequest(
                origin: Origin(scheme: url.scheme.rawValue, host: url.host, port: url.port),
                head: try head.encoded(body: framing), body: encodedBody,
                toHEAD: method == "HEAD", mayRepeat: head.isIdempotent)
        } catch { throw .request(error) }
    }

    private var framing: RequestHead.Body {
        guard let body else { return .none }
        return sendsChunked ? .chunked : .contentLength(body.count)
    }

    private var encodedBody: [UInt8] {
        guard let body else { return [] }
        if !sendsChunked { return body }
        if body.isEmpty { return ChunkedEncoder.end }
        return ChunkedEncoder.header(size: body.count) + body + ChunkedEncoder.separator
            + ChunkedEncoder.end
    }
}
