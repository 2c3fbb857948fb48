internal import Synchronization
public import WireBytes
public import WireDriver
public import WireExchange
public import WireReactor
internal import WireSockets
public import WireTime
internal import WireTransport

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
    private let expiry: PoolExpiry

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
        let expiry = PoolExpiry()
        pool = ConnectionPool(
            limits: limits, options: options, system: system
        ) { [weak expiry] due in
            system.schedule(at: due) { [weak expiry] in expiry?.expire() }
        }
        self.expiry = expiry
        expiry.begin(pool)
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
            var response = response(to: request, deadlines, linked.own, isWatched: true)
            try await response.start()
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
    @inline(never)
    public func send(
        _ request: HTTPRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(TransportError) -> HTTPResponse {
        var response = response(to: request, deadlines, cancellation)
        try await response.start()
        return response
    }

    /// Sends a request and reads the whole response. Content codings are offered and undone: there is
    /// no stream that they could hold up.
    ///
    /// - Parameters:
    ///   - limit: the longest body, decoded.
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets any other thread or task end this call.
    /// - Returns: the response, whatever its status.
    /// - Throws: also `.tooLarge`.
    public func fetch(
        _ request: HTTPRequest, limit: ByteLimit, deadlines: Deadlines? = nil,
        cancellation: Cancellation? = nil
    ) async throws(TransportError) -> WholeResponse {
        var request = request
        request.offersContentCoding = true
        var response = try await send(request, deadlines: deadlines, cancellation: cancellation)
        let body = try await response.readBody(limit: limit)
        return WholeResponse(
            head: response.head, body: body, trailers: response.trailers,
            timings: response.timings)
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
        var response = response(to: request, deadlines, cancellation)
        do throws(TransportError) { try await response.start() } catch {
            observe(response.timings)
            throw error
        }
        observe(response.timings)
        return response
    }

    /// Not inlined: what it puts on the stack for a moment would stay in the memory of the task that
    /// waits.
    @inline(never)
    private func response(
        to request: HTTPRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?,
        isWatched: Bool = false
    ) -> HTTPResponse {
        HTTPResponse(
            exchange(request, deadlines, cancellation), system: system, isWatched: isWatched)
    }

    /// An exchange that has not begun.
    package func exchange(
        _ request: HTTPRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) -> ExchangeDriver {
        ExchangeDriver(
            request, system: system, pool: pool, deadlines: deadlines, cancellation: cancellation)
    }

    /// The system's time.
    package var now: Instant { system.now }

    /// Suspends until the deadline has come, or the task or `cancellation` is cancelled.
    package func pause(until deadline: Instant, _ cancellation: Cancellation?) async {
        await system.pause(until: deadline, cancellation)
    }

    /// Connections kept for later, those in use, requests that wait for one, and how often one was used
    /// again.
    public var connections: ConnectionCounts { pool.counts }

    /// Closes the connections that wait for their next request.
    public func closeIdleConnections() { pool.closeIdle() }

    /// Refuses requests from here on, also those that wait for a connection, and closes idle
    /// connections; streams under way go on to their end.
    public func shutDown() { pool.shutDown() }
}

/// Has idle connections closed in time, for as long as there is a client: what a loop's timer refers to
/// weakly. Not the pool itself: a weak reference makes each other one to it dearer, and every exchange
/// has some.
private final class PoolExpiry: Sendable {
    private let pool = Lock<ConnectionPool?>(nil)

    func begin(_ pool: ConnectionPool) { self.pool.withLock { $0 = pool } }

    func expire() { pool.withLock { $0 }?.expire() }
}
