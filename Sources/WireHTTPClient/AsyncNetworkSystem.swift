package import WireDriver
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

    /// - Returns: nil when the deadline came first, or the task or `cancellation` was cancelled.
    func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> Result<[SocketAddress], ResolveFailure>?

    /// Suspends until the ticket's wait is over or the deadline has come.
    func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async

    /// Lets others on this thread have their turn.
    func yield() async

    /// Calls `body` at about `due`, on whatever thread.
    func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void)
}
