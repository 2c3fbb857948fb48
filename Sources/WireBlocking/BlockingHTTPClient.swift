public import WireDriver
public import WireExchange
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
        pool = ConnectionPool(limits: options.unqueued, system: system)
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

    private func exchange(
        _ request: HTTPRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) -> ExchangeDriver {
        ExchangeDriver(
            request, system: system, pool: pool, options: options,
            deadlines: deadlines, cancellation: cancellation)
    }

    /// Connections kept for later, and those under a response that is still being read.
    public var connections: (idle: Int, leased: Int) {
        let counts = pool.counts
        return (counts.idle, counts.leased)
    }

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
