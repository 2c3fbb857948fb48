public import WireBytes
public import WireDriver
public import WireExchange
public import WireTime
public import WireTransport

/// An HTTP/1.1 client for one thread: no executor, one `ppoll` loop, and no helper thread unless a name
/// has to be looked up.
///
///     var http = BlockingHTTPClient()
///     var response = try http.send(try HTTPRequest("GET", url: "http://127.0.0.1:11434/api/tags"))
///     while let line = try response.nextLine() { use(line.bytes) }
///
/// Connections that end cleanly are kept for the next request to their origin.
public struct BlockingHTTPClient: ~Copyable {
    public typealias Options = ClientOptions

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
            limits: options.unqueued, options: options, system: system)
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
        var exchange = exchange(request, deadlines, cancellation)
        try exchange.run(system)
        return BlockingResponse(exchange, system: system)
    }

    /// Like `send`, for those who want to know how far a failed exchange got.
    ///
    /// - Parameter observe: gets the timings, also when the call throws.
    public mutating func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil,
        observe: (ExchangeTimings) -> Void
    ) throws(TransportError) -> BlockingResponse {
        var exchange = exchange(request, deadlines, cancellation)
        do throws(TransportError) {
            try exchange.run(system)
        } catch {
            observe(exchange.timings)
            throw error
        }
        observe(exchange.timings)
        return BlockingResponse(exchange, system: system)
    }

    /// Sends a request and reads the whole response. Content codings are offered and undone: there is
    /// no stream that they could hold up.
    ///
    /// - Parameters:
    ///   - limit: the longest body, decoded.
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets another thread end this call.
    /// - Returns: the response, whatever its status.
    /// - Throws: also `.tooLarge`.
    public mutating func fetch(
        _ request: HTTPRequest, limit: ByteLimit, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) throws(TransportError) -> WholeResponse {
        var request = request
        request.offersContentCoding = true
        var response = try send(request, deadlines: deadlines, cancellation: cancellation)
        let body = try response.readBody(limit: limit)
        return WholeResponse(
            head: response.head, body: body, trailers: response.trailers,
            timings: response.timings)
    }

    private func exchange(
        _ request: HTTPRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) -> ExchangeDriver {
        ExchangeDriver(
            request, system: system, pool: pool, deadlines: deadlines, cancellation: cancellation)
    }

    /// The system's time.
    package var now: Instant { system.now }

    /// Waits until the deadline has come, or `cancellation` is cancelled.
    package func pause(until deadline: Instant, _ cancellation: Cancellation?) {
        system.pause(until: deadline, cancellation)
    }

    /// Connections kept for later, those under a response that is still being read, and how often one
    /// was used again. Nobody ever waits: a client of one thread would wait for itself.
    public var connections: ConnectionCounts { pool.counts }

    /// Closes the connections that wait for their next request.
    public mutating func closeIdleConnections() { pool.closeIdle() }
}

extension ClientOptions {
    /// Its limits for a client of one thread, which must not wait for a connection that only itself
    /// could give back.
    var unqueued: PoolLimits {
        var limits = pool
        limits.perOrigin = .max
        limits.total = .max
        limits.keepAliveIdle = deadlines.keepAliveIdle
        return limits
    }
}
