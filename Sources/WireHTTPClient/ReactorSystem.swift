package import WireDriver
package import WireExchange
package import WireReactor
package import WireSockets
package import WireTime
package import WireTransport

/// Linux by epoll.
package final class ReactorSystem: AsyncNetworkSystem {
    private let reactor: Reactor
    private let linux: LinuxSystem

    package init(_ reactor: Reactor, _ linux: LinuxSystem = LinuxSystem()) {
        self.reactor = reactor
        self.linux = linux
    }

    package var now: Instant { MonotonicClock.now }

    package func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        Resolver.knownAddresses(of: host, port: port)
    }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer? {
        linux.addresses(of: host, port: port, until: deadline, opening: latch)
    }

    package func open(
        _ address: SocketAddress, _ setup: SocketSetup
    ) throws(SystemError) -> any ByteTransport {
        try ReactorTransport(connectingTo: address, setup, on: reactor.loopForConnection())
    }

    package func waitForAny(of opening: [any ByteTransport], until deadline: Instant) {
        linux.waitForAny(of: opening.map { connection($0).plain }, until: deadline)
    }

    private func connection(_ transport: any ByteTransport) -> ReactorTransport {
        guard let connection = transport as? ReactorTransport else {
            preconditionFailure("a connection of another system")
        }
        return connection
    }

    package func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness {
        let connection = connection(transport)
        if isWatched { return await connection.readyUnwatched(for: interest, until: deadline) }
        return await connection.ready(for: interest, until: deadline)
    }

    package func ready(anyOf opening: [any ByteTransport], until deadline: Instant) async {
        let connections = opening.map(connection)
        guard let waiter = connections.first?.makeWaiter() else { return }
        for connection in connections { connection.relay(to: waiter) }
        defer {
            for connection in connections { connection.relay(to: nil) }
            waiter.retire()
        }
        await wait(waiter, until: deadline)
    }

    package func ready(
        _ transport: any ByteTransport, or source: any BodySource, until deadline: Instant,
        isWatched: Bool
    ) async {
        let connection = connection(transport)
        // At worst that ends a later wait for nothing.
        source.whenReady { connection.wake() }
        let read = Readiness(read: true, write: false)
        _ = await ready(connection, for: read, until: deadline, isWatched: isWatched)
    }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> NameLookUp.Answer? {
        let waiter: Waiter
        do throws(SystemError) { waiter = Waiter(on: try reactor.loopForConnection().core) } catch {
            return .failure(ResolveFailure(host: host, message: error.description))
        }
        let lookUp = linux.lookUps.start(host, port: port) { waiter.wake() }
        cancellation?.attach(waiter)
        defer {
            cancellation?.detach(waiter)
            lookUp.giveUp()
            waiter.retire()
        }
        await wait(waiter, until: deadline)
        return lookUp.answer
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
        await wait(waiter, until: deadline)
    }

    package func pause(until deadline: Instant, orOpen latch: Latch) {
        linux.pause(until: deadline, orOpen: latch)
    }

    package func pause(until deadline: Instant, _ cancellation: Cancellation?) async {
        guard let loop = try? reactor.loopForConnection() else { return }
        let waiter = Waiter(on: loop.core)
        cancellation?.attach(waiter)
        defer {
            cancellation?.detach(waiter)
            waiter.retire()
        }
        await wait(waiter, until: deadline)
    }

    /// Until somebody wakes the waiter, the deadline, or the task's cancellation.
    private func wait(_ waiter: Waiter, until deadline: Instant) async {
        _ = await withTaskCancellationHandler {
            await waiter.wait(for: .none, until: deadline)
        } onCancel: {
            waiter.wake()
        }
    }

    package func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome? {
        switch wait {
        case .transport(let transport as ReactorTransport, let interest, let deadline):
            return transport.ready(for: interest, until: deadline, resuming: callback)
                .map { .ready($0) }
        case .body(let source, let transport as ReactorTransport, let deadline):
            source.whenReady { transport.wake() }
            let read = Readiness(read: true, write: false)
            return transport.ready(for: read, until: deadline, resuming: callback)
                .map { .ready($0) }
        default:
            let loop = try? reactor.loopForConnection()
            if case .turn = wait, let loop {
                loop.core.call(callback)
            } else {
                waitByTask(wait, resuming: callback, on: loop?.core)
            }
            return nil
        }
    }

    package func start(_ callback: any ExchangeCallback, on loop: EventLoop?) {
        if let loop = loop ?? (try? reactor.loopForConnection()) {
            loop.core.call(callback)
        } else {
            Task { callback.resumed(.none) }
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
