package import WireDriver
package import WireReactor
package import WireSockets
package import WireTime
package import WireTransport

/// Linux by epoll.
package final class ReactorSystem: AsyncNetworkSystem {
    private let reactor: Reactor

    package init(_ reactor: Reactor) { self.reactor = reactor }

    package var now: Instant { MonotonicClock.now }

    package func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        Resolver.knownAddresses(of: host, port: port)
    }

    package func addresses(
        of host: String, port: UInt16
    ) throws(ResolveFailure) -> [SocketAddress] {
        try Resolver.addresses(of: host, port: port)
    }

    package func open(_ address: SocketAddress) throws(SystemError) -> any ByteTransport {
        try ReactorTransport(connectingTo: address, on: reactor.loopForConnection())
    }

    package func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness {
        guard let connection = transport as? ReactorTransport else {
            preconditionFailure("a connection of another system")
        }
        if isWatched { return await connection.readyUnwatched(for: interest, until: deadline) }
        return await connection.ready(for: interest, until: deadline)
    }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> Result<[SocketAddress], ResolveFailure>? {
        do throws(SystemError) {
            let waiter = Waiter(on: try reactor.loopForConnection().core)
            cancellation?.attach(waiter)
            defer { cancellation?.detach(waiter) }
            return await reactor.nameLookUps.addresses(
                of: host, port: port, until: deadline, for: waiter)
        } catch {
            return .failure(ResolveFailure(host: host, message: error.description))
        }
    }

    package func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async {
        guard let loop = try? reactor.loopForConnection() else { return }
        let waiter = Waiter(on: loop.core)
        cancellation?.attach(waiter)
        defer {
            cancellation?.detach(waiter)
            waiter.retire()
        }
        ticket.whenOver { waiter.wake() }
        _ = await withTaskCancellationHandler {
            await waiter.wait(for: .none, until: deadline)
        } onCancel: {
            waiter.wake()
        }
    }

    package func yield() async { await Task.yield() }

    package func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void) {
        guard let loop = try? reactor.loopForConnection() else { return }
        loop.core.schedule(Callback(body), at: due)
    }
}

private final class Callback: LoopTimer {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    func fire(at now: Instant) -> Instant? {
        body()
        return nil
    }
}
