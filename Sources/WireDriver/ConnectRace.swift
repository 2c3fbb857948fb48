package import WireExchange
package import WireSockets
package import WireTime
package import WireTransport

/// The attempts of one exchange to connect: does what `ConnectMachine` decides. Whoever drops it closes
/// those under way.
package final class ConnectRace {
    package enum Outcome {
        case waits
        /// It can be interrupted by the race's cancellation, like all attempts.
        case connected(any ByteTransport)
        case failed
    }

    private struct Attempt {
        let place: Int
        let transport: any ByteTransport
    }

    private let system: any NetworkSystem
    private let setup: SocketSetup
    private let addresses: [SocketAddress]
    private let cancellation: Cancellation?
    private var machine: ConnectMachine
    /// Nearly always one.
    private var underWay: [Attempt] = []
    package private(set) var failures: [ConnectAttempt] = []

    package init(
        _ addresses: [SocketAddress], _ settings: ConnectSettings, _ system: any NetworkSystem,
        _ cancellation: Cancellation?
    ) {
        self.system = system
        self.addresses = addresses
        self.cancellation = cancellation
        setup = settings.setup
        machine = ConnectMachine(addresses.map(\.raceFamily), settings.options)
    }

    deinit { close() }

    package func begin(at now: Instant) -> Outcome { perform(machine.begin(at: now), at: now) }

    /// Something may have come of the attempts, or of time.
    ///
    /// - Parameter isReady: what was waited for is; one attempt alone is not asked else.
    package func advance(isReady: Bool, at now: Instant) -> Outcome {
        let asked = isReady || underWay.count > 1 ? underWay : []
        let results = asked.map { $0.transport.finishConnecting() }
        // First who has won: a failure would open another address for nothing.
        if let winner = results.firstIndex(of: .connected) {
            return .connected(won(by: asked[winner]))
        }
        for (attempt, result) in zip(asked, results) {
            guard case .failed(let error) = result else { continue }
            underWay.removeAll { $0.place == attempt.place }
            release(attempt.transport)
            if case .failed = fail(attempt.place, error, at: now) { return .failed }
        }
        return perform(machine.timeReached(now), at: now)
    }

    func wait(until deadline: Instant) -> ExchangeWait {
        let due = min(deadline, machine.nextAttempt)
        if underWay.count == 1 {
            let write = Readiness(read: false, write: true)
            return .transport(underWay[0].transport, write, until: due)
        }
        return .anyOf(underWay.map(\.transport), until: due)
    }

    /// For who waits by himself: the attempts under way, and when to call `advance` although nothing has
    /// come of them.
    package var transportsUnderWay: [any ByteTransport] { underWay.map(\.transport) }
    package var nextAttempt: Instant { machine.nextAttempt }

    /// The attempts under way, as those that had not answered when time was up.
    package var unanswered: [ConnectAttempt] { underWay.map { .unanswered($0.transport.peer) } }

    package func close() {
        _ = machine.abandon()
        for attempt in underWay { release(attempt.transport) }
        underWay = []
    }

    private func won(by winner: Attempt) -> any ByteTransport {
        for place in machine.connected(winner.place) {
            for attempt in underWay where attempt.place == place { release(attempt.transport) }
        }
        underWay = []
        return winner.transport
    }

    private func release(_ transport: any ByteTransport) {
        cancellation?.detach(transport.interruptible)
        transport.close()
    }

    private func perform(_ action: ConnectMachine.Action, at now: Instant) -> Outcome {
        switch action {
        case .none: return .waits
        case .failed: return .failed
        case .open(let place):
            do throws(SystemError) {
                let transport = try system.open(addresses[place], setup)
                underWay.append(Attempt(place: place, transport: transport))
                cancellation?.attach(transport.interruptible)
                return .waits
            } catch { return fail(place, error, at: now) }
        }
    }

    private func fail(_ place: Int, _ error: SystemError, at now: Instant) -> Outcome {
        let failure = ConnectAttempt(addresses[place], error)
        failures.append(failure)
        // As deep as there are addresses left, at most.
        return perform(
            machine.failed(place, isLocal: failure.cause.isLocal, at: now), at: now)
    }
}

extension SocketAddress {
    fileprivate var raceFamily: ConnectMachine.Family {
        switch family {
        case .ipv4: .ipv4
        case .ipv6: .ipv6
        case .unix: .unix
        }
    }
}

extension ConnectAttempt {
    fileprivate init(_ address: SocketAddress, _ error: SystemError) {
        var cause: Cause?
        if error == .selfConnected { cause = .selfConnected }
        if error.call == "setsockopt", let option = error.subject { cause = .option(option) }
        self.init(
            address: address.description, cause: cause, errorNumber: error.number,
            message: error.message)
    }
}
