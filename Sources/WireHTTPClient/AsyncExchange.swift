package import WireDriver
package import WireExchange
package import WireSockets

/// The async driver: suspends the task where the blocking one blocks the thread.
///
/// The task itself reads the socket, on whatever executor it has: the loop only says when there is
/// something to read. So bytes are never handed from thread to thread, a consumer that is slow lets the
/// kernel's buffer fill and the peer wait, and what is buffered costs no suspension.
extension ExchangeDriver {
    package mutating func run(
        _ system: any AsyncNetworkSystem, isWatched: Bool = false
    ) async throws(TransportError) {
        while try !advanceToHead() {
            let outcome = await perform(nextWait(), system, isWatched: isWatched)
            try end(outcome)
        }
    }

    /// What a wait brought.
    package enum Outcome {
        case ready(Readiness)
        case resolved(Result<[SocketAddress], ResolveFailure>)
    }

    package mutating func end(_ outcome: Outcome) throws(TransportError) {
        if Task.isCancelled { return try cancel() }
        try bring(outcome)
    }

    /// For who is no task. A failure shows again at the next step.
    package mutating func wokeWithoutTask(_ outcome: Outcome) { try? bring(outcome) }

    private mutating func bring(_ outcome: Outcome) throws(TransportError) {
        switch outcome {
        case .ready(let ready): try woke(ready)
        case .resolved(let result): try resolved(result)
        }
    }
}

/// Does what an exchange waits for. Not a method, so that the exchange is free meanwhile.
///
/// - Parameter isWatched: a handler around the whole exchange cancels it with the task.
package func perform(
    _ wait: ExchangeWait, _ system: any AsyncNetworkSystem, isWatched: Bool = false
) async -> ExchangeDriver.Outcome {
    if Task.isCancelled { return .ready(.none) }
    switch wait {
    case .transport(let transport, let interest, let deadline):
        return .ready(
            await system.ready(
                transport, for: interest, until: deadline, isWatched: isWatched))
    case .anyOf(let opening, let deadline):
        await system.ready(anyOf: opening, until: deadline)
        return .ready(.none)
    case .addresses(let host, let port, let deadline, let cancellation):
        guard
            let found = await system.addresses(of: host, port: port, until: deadline, cancellation)
        else {
            return .ready(.none)
        }
        return .resolved(found)
    case .connection(let ticket, let deadline, let cancellation):
        await system.wait(for: ticket, until: deadline, cancellation)
        return .ready(.none)
    case .body(let source, let transport, let deadline):
        await system.ready(transport, or: source, until: deadline, isWatched: isWatched)
        return .ready(.none)
    case .pause(let deadline, let cancellation):
        await system.pause(until: deadline, cancellation)
        return .ready(.none)
    case .turn:
        await system.yield()
        return .ready(.none)
    }
}
