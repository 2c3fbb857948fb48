internal import TestSupport
package import WireDriver
internal import WireExchange
package import WireHTTPClient
package import WireReactor
package import WireSockets
package import WireTime
package import WireTransport

/// Everything outside of the clients: time, names, connections, servers, and the order in which things
/// happen. It moves from event to event; between two, nothing happens at all.
///
/// Unchecked: one thread runs a world.
package final class SimWorld: @unchecked Sendable {
    package static let start = Instant(nanoseconds: 1_000_000_007)

    package internal(set) var now = SimWorld.start
    package let scenario: Scenario
    var random: SeededGenerator
    var events = EventQueue()
    /// Whose step runs.
    var current: CallModel?
    private(set) var violations: [String] = []
    /// What has happened, when it is written down.
    package private(set) var trace: [String] = []
    let isTraced: Bool
    var transports: [SimTransport] = []
    var calls: [CallModel] = []
    private(set) var stepCount = 0
    var clients: [HTTPClient] = []
    var isShutDown = false
    /// Given back in this step, so far to nobody.
    weak var lastReleased: SimTransport?
    /// Who waits for a connection, in the order of coming.
    var queue: [CallModel] = []

    init(_ scenario: Scenario, isTraced: Bool) {
        self.scenario = scenario
        self.isTraced = isTraced
        random = SeededGenerator(seed: scenario.seed ^ 0x5EED)
    }

    // MARK: Time

    var elapsed: Timeout { now.since(SimWorld.start) }

    func at(_ due: Instant, _ body: @escaping () -> Void) {
        events.insert(EventQueue.Event(due: max(due, now), order: random.next(), body: body))
    }

    func after(_ delay: Timeout, _ body: @escaping () -> Void) { at(now + delay, body) }

    /// How late the loop is with what has become ready now.
    func latency() -> Timeout {
        let most = scenario.latency.nanoseconds
        if most == 0 || random.chance(1, in: 2) { return .zero }
        return Timeout(nanoseconds: Int64(random.below(Int(most))))
    }

    /// Runs until nothing is left to happen.
    func run() {
        while violations.isEmpty, let event = events.removeFirst() {
            now = max(now, event.due)
            stepCount += 1
            if stepCount > 200_000 { return violate("the world does not come to rest") }
            event.body()
            checkPools()
        }
        if !violations.isEmpty { return }
        for call in calls where !call.isOver { violate("\(call) hangs: nothing will ever happen") }
        for transport in transports where transport.isOpen && !transport.isIdle {
            violate("\(transport) has been left behind")
        }
    }

    // MARK: What is found

    func violate(_ text: String) { violations.append("\(elapsed): \(text)") }

    func note(_ text: @autoclosure () -> String) {
        if isTraced { trace.append("\(elapsed): \(text())") }
    }

    /// Nobody acts but on behalf of a call that is not over.
    func actor(_ action: String) -> CallModel? {
        guard let current else {
            violate("\(action) on nobody's behalf")
            return nil
        }
        if current.isOver { violate("\(action) by \(current), which is over") }
        return current
    }
}

// MARK: The system

extension SimWorld: NetworkSystem {
    package func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        guard let call = actor("knownAddresses"), let plan = plan(of: host) else { return nil }
        call.resolves()
        if !plan.isLiteral { return nil }
        let list = addresses(of: plan, host)
        call.resolved(list)
        return list
    }

    private func index(of host: String) -> Int? { Int(host.dropFirst("host".count)) }

    func plan(of host: String) -> HostPlan? { index(of: host).map { scenario.hosts[$0] } }

    private func addresses(of plan: HostPlan, _ host: String) -> [SocketAddress] {
        plan.addresses.indices.map { place in
            let last = UInt8(place + 1)
            let third = UInt8(index(of: host) ?? 0)
            return place % 2 == 0
                ? SocketAddress(family: .ipv4, address: [10, 0, third, last], port: plan.port)
                : SocketAddress(
                    family: .ipv6,
                    address: [0xFD] + [UInt8](repeating: 0, count: 13) + [third, last],
                    port: plan.port)
        }
    }

    package func open(
        _ address: SocketAddress, _ setup: SocketSetup
    ) throws(SystemError) -> any ByteTransport {
        let host = Int(address.address[address.address.count - 2])
        let plan = scenario.hosts[host]
        let opening = plan.addresses[Int(address.address.last!) - 1]
        let call = actor("open")
        switch opening.opening {
        case .failsAtOnce:
            call?.opened(address, failing: SystemError("connect", 101))
            throw SystemError("connect", 101)
        case .noDescriptors:
            call?.opened(address, failing: SystemError("socket", 24))
            throw SystemError("socket", 24)
        case .established, .refused, .unreachable, .never: break
        }
        let transport = SimTransport(
            self, number: transports.count + 1, host: host, client: call?.plan.client ?? 0,
            peer: address.description, opening.opening, after: opening.after)
        transports.append(transport)
        call?.opened(address, as: transport)
        return transport
    }

    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer? {
        preconditionFailure("nobody blocks in a simulated world")
    }

    package func pause(until deadline: Instant, orOpen latch: Latch) {
        preconditionFailure("nobody blocks in a simulated world")
    }

    package func waitForAny(of opening: [any ByteTransport], until deadline: Instant) {
        preconditionFailure("nobody blocks in a simulated world")
    }
}

// MARK: Waiting

extension SimWorld {
    /// Begins a wait of the current call; `callback` hears of its end later, always.
    package func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome? {
        guard let call = actor("wait") else { return nil }
        call.waits(wait)
        let waiter = SimWaiter(callback, of: call, in: self)
        call.waiter = waiter
        if scenario.spuriousWakes > 0, random.chance(1, in: scenario.spuriousWakes) {
            after(Timeout(nanoseconds: Int64(random.below(3_000_000)))) {
                waiter.wake(spurious: true)
            }
        }
        switch wait {
        case .transport(let transport, let interest, let deadline):
            waiter.watches([sim(transport)], for: interest, until: deadline)
        case .anyOf(let opening, let deadline):
            waiter.watches(
                opening.map(sim), for: Readiness(read: false, write: true), until: deadline)
        case .addresses(let host, _, let deadline, let cancellation):
            waiter.sleeps(until: deadline, cancellation)
            lookUp(host, for: waiter)
        case .connection(let ticket, let deadline, let cancellation):
            waiter.sleeps(until: deadline, cancellation)
            ticket.whenOver { [weak self] in
                call.wasGranted()
                self?.after(self?.latency() ?? .zero) { waiter.wake() }
            }
        case .pause(let deadline, let cancellation):
            waiter.sleeps(until: deadline, cancellation)
        case .turn: waiter.sleeps(until: now, nil)
        case .body: violate("\(call) waits for a body that it has")
        }
        return nil
    }

    private func sim(_ transport: any ByteTransport) -> SimTransport {
        guard let transport = transport as? SimTransport else {
            preconditionFailure("a connection of another system")
        }
        return transport
    }

    private func lookUp(_ host: String, for waiter: SimWaiter) {
        guard let plan = plan(of: host) else { return violate("a look-up of \(host)") }
        after(plan.lookUpTime + latency()) { [self] in
            if plan.lookUpFails {
                waiter.finish(
                    .resolved(.failure(ResolveFailure(host: host, message: "no such name"))))
            } else {
                waiter.finish(.resolved(.success(addresses(of: plan, host))))
            }
        }
    }

    package func start(_ callback: any ExchangeCallback, on loop: EventLoop?) {
        preconditionFailure("calls are started by SimCaller")
    }

    package func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void) {
        at(due, body)
    }
}

/// The end of one wait, whatever brings it about: it comes once, and later than its beginning.
final class SimWaiter: Interruptible, @unchecked Sendable {
    private var callback: (any ExchangeCallback)?
    private unowned let call: CallModel
    private unowned let world: SimWorld
    private var watched: [SimTransport] = []
    private(set) var interest = Readiness.none
    private var cancellation: Cancellation?
    private(set) var isOver = false

    init(_ callback: any ExchangeCallback, of call: CallModel, in world: SimWorld) {
        self.callback = callback
        self.call = call
        self.world = world
    }

    func watches(_ transports: [SimTransport], for interest: Readiness, until deadline: Instant) {
        self.interest = interest
        watched = transports
        for transport in transports { transport.watch(self) }
        sleeps(until: deadline, nil)
    }

    func sleeps(until deadline: Instant, _ cancellation: Cancellation?) {
        if deadline != .distantFuture {
            world.at(deadline + world.latency()) { [weak self] in self?.finish(.ready(.none)) }
        }
        self.cancellation = cancellation
        cancellation?.attach(self)
    }

    func interrupt() {
        world.after(world.latency()) { [weak self] in self?.wake() }
    }

    /// What is ready by now; nothing, if that has gone again or never was.
    func wake(spurious: Bool = false) {
        var ready = Readiness.none
        for transport in watched {
            ready.read = ready.read || interest.read && transport.isReadableNow
            ready.write = ready.write || interest.write && transport.isWritableNow
        }
        // A loop may be wrong about what is ready, too.
        if spurious, world.random.chance(1, in: 2) { ready = interest }
        finish(.ready(ready))
    }

    func finish(_ outcome: ExchangeDriver.Outcome) {
        guard !isOver, let callback else { return }
        end()
        call.wakes(outcome)
        world.step(of: call) { callback.resumed(with: outcome) }
    }

    /// Nobody waits any more. Who lets go of the exchange by that drops it.
    func end() {
        isOver = true
        callback = nil
        cancellation?.detach(self)
        for transport in watched { transport.unwatch(self) }
        watched = []
        call.waiter = nil
    }
}

extension SimWorld {
    func step(of call: CallModel, _ body: () -> Void) {
        current = call
        body()
        current = nil
        lastReleased = nil
        call.stepEnded()
    }
}
