package import WireDriver
package import WireExchange
package import WireHTTPClient
package import WireReactor
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
    ) async -> NameLookUp.Answer? { lookUp(host, until: deadline) }

    package func ready(anyOf opening: [any ByteTransport], until deadline: Instant) async {
        waitForAny(of: opening, until: deadline)
    }

    package func ready(
        _ transport: any ByteTransport, or source: any BodySource, until deadline: Instant,
        isWatched: Bool
    ) async {
        _ = transport.wait(for: Readiness(read: true, write: false), until: deadline)
    }

    /// Nobody else is there to give a connection back.
    package func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async {
        if !ticket.isOver { advance(by: deadline.since(now)) }
    }

    package func pause(until deadline: Instant, _ cancellation: Cancellation?) async {
        if cancellation?.isCancelled != true { advance(by: deadline.since(now)) }
    }

    package func yield() async {}

    package func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome? {
        switch wait {
        case .transport(let transport, let interest, let deadline):
            return .ready(transport.wait(for: interest, until: deadline))
        case .anyOf(let opening, let deadline):
            waitForAny(of: opening, until: deadline)
            return .ready(.none)
        case .addresses(let host, _, let deadline, _):
            guard let answer = lookUp(host, until: deadline) else { return .ready(.none) }
            return .resolved(answer)
        case .connection(let ticket, let deadline, _):
            if !ticket.isOver { advance(by: deadline.since(now)) }
            return .ready(.none)
        case .body(_, let transport, let deadline):
            return .ready(transport.wait(for: .init(read: true, write: false), until: deadline))
        case .pause(let deadline, _):
            advance(by: deadline.since(now))
            return .ready(.none)
        case .turn: return .ready(.none)
        }
    }

    /// At once, to the end, since no wait takes any time.
    package func start(_ callback: any ExchangeCallback, on loop: EventLoop?) {
        callback.resumed(.none)
    }

    package func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void) {
        timers.append((due, body))
    }
}
