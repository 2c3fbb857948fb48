package import WireDriver
package import WireExchange
internal import WireHTTPClient
package import WireSockets
package import WireTime
package import WireTransport

/// Tasks run on threads that no seed decides about: a simulated world has none.
extension SimWorld: AsyncNetworkSystem {
    private func refuse() -> Never { preconditionFailure("no task runs in a simulated world") }

    package func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness { refuse() }

    package func ready(anyOf opening: [any ByteTransport], until deadline: Instant) async {
        refuse()
    }

    package func ready(
        _ transport: any ByteTransport, or source: any BodySource, until deadline: Instant,
        isWatched: Bool
    ) async { refuse() }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> NameLookUp.Answer? { refuse() }

    package func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async { refuse() }

    package func pause(until deadline: Instant, _ cancellation: Cancellation?) async { refuse() }
    package func yield() async { refuse() }
}
