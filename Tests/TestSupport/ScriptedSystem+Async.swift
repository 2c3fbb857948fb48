package import WireDriver
internal import WireHTTPClient
package import WireSockets
package import WireTime
package import WireTransport

/// For the async driver: every wait returns at once, in virtual time, so a task never suspends and
/// tells a test the same things, at the same times, as a thread would.
extension ScriptedSystem: AsyncNetworkSystem {
    package func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness {
        transport.wait(for: interest, until: deadline)
    }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> Result<[SocketAddress], ResolveFailure>? {
        do throws(ResolveFailure) {
            return .success(try addresses(of: host, port: port))
        } catch { return .failure(error) }
    }

    /// Nobody else is there to give a connection back.
    package func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async {
        if !ticket.isOver { advance(by: deadline.since(now)) }
    }

    package func yield() async {}

    package func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void) {
        timers.append((due, body))
    }
}
