package import WireDriver
package import WireExchange
package import WireReactor
package import WireSockets
package import WireTime
package import WireTransport

/// What the async driver asks of the operating system beyond what every driver does: to suspend a task
/// instead of blocking a thread. Every wait ends when the task is cancelled.
package protocol AsyncNetworkSystem: NetworkSystem {
    /// - Parameter isWatched: somebody else sees to it that the connection is shut down when the task is
    ///   cancelled.
    func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness

    /// Waits until one of several connections that are being opened may have come to something; ask
    /// each how it went.
    func ready(anyOf opening: [any ByteTransport], until deadline: Instant) async

    /// Waits until there is something to read, or the body's next piece.
    func ready(
        _ transport: any ByteTransport, or source: any BodySource, until deadline: Instant,
        isWatched: Bool
    ) async

    /// - Returns: nil when the deadline came first, or the task or `cancellation` was cancelled.
    func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> NameLookUp.Answer?

    /// Suspends until the ticket's wait is over or the deadline has come.
    func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async

    /// Suspends until the deadline has come.
    func pause(until deadline: Instant, _ cancellation: Cancellation?) async

    /// Waits without a task.
    ///
    /// - Returns: what the wait brings, if it is there already; nil when `callback` will be called with
    ///   it, once, on a loop's thread where there are loops.
    func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome?

    /// Calls `callback` with `.none` on `loop`, or on any for nil, but not before this returns.
    func start(_ callback: any ExchangeCallback, on loop: EventLoop?)

    /// Lets others on this thread have their turn.
    func yield() async

    /// Calls `body` at about `due`, on whatever thread.
    func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void)
}
