public import WireDriver
public import WireExchange
public import WireReactor
public import WireTime

/// An HTTP/1.1 client for tasks.
///
///     let http = HTTPClient()
///     try await http.withResponse(to: .get("http://127.0.0.1:11434/api/tags")) { response in
///         while let line = try await response.nextLine() { use(line.bytes) }
///     }
///
/// Any number of tasks may use it at once. Connections that end cleanly are kept for the next request
/// to their origin; every other end closes the connection at once.
public final class HTTPClient: Sendable {
    public typealias Options = ClientOptions

    public let options: Options
    package let system: any AsyncNetworkSystem
    private let pool: ConnectionPool

    /// - Parameter reactor: the loops that watch the client's connections.
    public convenience init(_ options: Options = Options(), reactor: Reactor = .shared) {
        self.init(options, system: ReactorSystem(reactor))
    }

    /// - Parameter system: what takes the place of Linux (in a test).
    package init(_ options: Options, system: any AsyncNetworkSystem) {
        self.options = options
        self.system = system
        var limits = options.pool
        limits.keepAliveIdle = options.deadlines.keepAliveIdle
        pool = ConnectionPool(limits: limits, system: system) { [weak system] pool, due in
            system?.schedule(at: due) { [weak pool] in pool?.expire() }
        }
    }

    /// Sends a request and gives `body` the response, whatever its status. When `body` is left, in any
    /// way, the connection is kept if the response has been read to its end, and closed if not; when the
    /// task is cancelled, it is closed at once, wherever `body` is.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets any other thread or task end the exchange.
    public func withResponse<Result>(
        to request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil,
        _ body: (inout HTTPResponse) async throws -> Result
    ) async throws -> Result {
        let linked = LinkedCancellation(to: cancellation)
        defer { linked.end() }
        return try await withTaskCancellationHandler {
            var exchange = exchange(request, deadlines, linked.own)
            try await exchange.run(system, isWatched: true)
            var response = HTTPResponse(exchange, system: system, isWatched: true)
            return try await body(&response)
        } onCancel: {
            linked.own.cancel()
        }
    }

    /// Sends a request and reads the response's head.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets any other thread or task end this call, and reading the body.
    /// - Returns: the response, whatever its status. It owns the connection: dropping it before its
    ///   end closes that at once.
    public func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(TransportError) -> HTTPResponse {
        var exchange = exchange(request, deadlines, cancellation)
        try await exchange.run(system)
        return HTTPResponse(exchange, system: system, isWatched: false)
    }

    /// The lines of a successful response's body.
    public func lines(
        of request: HTTPRequest, deadlines: Deadlines? = nil
    ) -> ResponseRecords<LineForm> {
        ResponseRecords(
            client: self, request: request, deadlines: deadlines, cancellation: Cancellation())
    }

    /// The server-sent events of a successful response's body.
    public func events(
        of request: HTTPRequest, deadlines: Deadlines? = nil
    ) -> ResponseRecords<EventForm> {
        ResponseRecords(
            client: self, request: request, deadlines: deadlines, cancellation: Cancellation())
    }

    /// Like `send`, for those who want to know how far a failed exchange got.
    ///
    /// - Parameter observe: gets the timings, also when the call throws.
    public func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil,
        observe: (ExchangeTimings) -> Void
    ) async throws(TransportError) -> HTTPResponse {
        var exchange = exchange(request, deadlines, cancellation)
        do throws(TransportError) {
            try await exchange.run(system)
        } catch {
            observe(exchange.timings)
            throw error
        }
        observe(exchange.timings)
        return HTTPResponse(exchange, system: system, isWatched: false)
    }

    /// An exchange that has not begun.
    package func exchange(
        _ request: HTTPRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) -> ExchangeDriver {
        ExchangeDriver(
            request, system: system, pool: pool, options: options,
            deadlines: deadlines, cancellation: cancellation)
    }

    /// Connections kept for later, those in use, and requests that wait for one.
    public var connections: (idle: Int, leased: Int, waiting: Int) { pool.counts }

    /// Closes the connections that wait for their next request.
    public func closeIdleConnections() { pool.closeIdle() }

    /// Refuses requests from here on, also those that wait for a connection, and closes idle
    /// connections; streams under way go on to their end.
    public func shutDown() { pool.shutDown() }
}
