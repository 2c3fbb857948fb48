public import WireSockets
public import WireTime
public import WireTransport

/// Linux as a script: reads of exact lengths, exact times, exact errors, below a driver.
///
/// Time is virtual: it moves only when the driver waits (to the next scripted event, or to the
/// driver's deadline) and where a script says that a call costs time. Every call is recorded in
/// order. What the script did not foresee is kept in `problems`, and so is a wait that would
/// never end; the driver gets an error then, so that a test fails instead of hanging.
///
/// Unchecked: a test uses it from one task.
public final class ScriptedSystem: NetworkSystem, @unchecked Sendable {
    public let start = Instant(nanoseconds: 1_000_000_007)
    public internal(set) var now: Instant
    public private(set) var events: [ScriptedEvent] = []
    public private(set) var problems: [String] = []
    /// Connections opened so far.
    public private(set) var connections: [ScriptedTransport] = []

    public var addresses: [SocketAddress] = [.loopback(port: 80)]
    public var resolveFailure: ResolveFailure?
    /// What each call takes.
    public var resolveTime = Timeout.zero
    public var receiveTime = Timeout.zero
    public var sendTime = Timeout.zero
    /// Off where the driver's allocations are counted.
    public var recordsCalls = true
    /// A driver that makes more calls runs in circles.
    public var callLimit = 4_000_000

    private var scripts: [ConnectionScript]
    private var callCount = 0
    private(set) var isBroken = false

    public init(_ scripts: [ConnectionScript] = []) {
        now = start
        self.scripts = scripts
    }

    public convenience init(_ scripts: ConnectionScript...) { self.init(scripts) }

    public func addConnection(_ script: ConnectionScript) { scripts.append(script) }

    // MARK: Time

    public var elapsed: Timeout { now.since(start) }

    /// Time passes while the driver does nothing.
    public func advance(by time: Timeout) { advance(to: now + time) }

    func advance(to instant: Instant) {
        while let next = timers.map(\.due).min(), next <= instant {
            let index = timers.firstIndex { $0.due == next }!
            now = max(now, next)
            timers.remove(at: index).body()
        }
        now = max(now, instant)
    }

    /// What a client of the async driver has scheduled.
    var timers: [(due: Instant, body: @Sendable () -> Void)] = []

    // MARK: NetworkSystem

    /// Every name is looked up, so that a test sees it.
    public func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? { nil }

    public func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer? {
        lookUp(host, until: deadline)
    }

    func lookUp(_ host: String, until deadline: Instant) -> NameLookUp.Answer? {
        let isInTime = now + resolveTime <= deadline
        advance(to: isInTime ? now + resolveTime : deadline)
        record(.resolve(host), on: 0)
        if !isInTime { return nil }
        if let resolveFailure { return .failure(resolveFailure) }
        return .success(addresses)
    }

    public func pause(until deadline: Instant, orOpen latch: Latch) {
        advance(by: deadline.since(now))
    }

    public func open(
        _ address: SocketAddress, _ setup: SocketSetup
    ) throws(SystemError) -> any ByteTransport {
        setups.append(setup)
        guard connections.count + failedOpenings < scripts.count else {
            report("connection \(connections.count + 1) to \(address) is not in the script")
            throw SystemError("connect", 101)
        }
        let script = scripts[connections.count + failedOpenings]
        if case .failsAtOnce(let error) = script.opening {
            failedOpenings += 1
            record(.open(address.description), on: 0)
            throw error
        }
        let transport = ScriptedTransport(
            script, system: self, number: connections.count + 1, peer: address.description)
        connections.append(transport)
        record(.open(address.description), on: transport.number)
        return transport
    }

    private var failedOpenings = 0
    /// What the sockets were told, in the order of opening.
    public private(set) var setups: [SocketSetup] = []

    public func waitForAny(of opening: [any ByteTransport], until deadline: Instant) {
        let opening = opening.compactMap { $0 as? ScriptedTransport }
        let write = Readiness(read: false, write: true)
        while !isBroken, !opening.contains(where: { $0.hasCome(write) }) {
            let next = opening.map { $0.nextEvent(for: write) }.min() ?? .distantFuture
            if next > deadline || next == .distantFuture {
                if deadline == .distantFuture { breakDown("waits for ever for any of several") }
                advance(to: deadline)
                break
            }
            advance(to: next)
        }
        let limit = deadline == .distantFuture ? Timeout.never : deadline.since(start)
        record(.waitForAny(opening.map(\.number), until: limit), on: 0)
    }

    // MARK: The record

    /// The calls without their times.
    public var calls: [ScriptedCall] { events.map(\.call) }

    public func calls(on connection: Int) -> [ScriptedCall] {
        events.filter { $0.connection == connection }.map(\.call)
    }

    /// Forgets what has been recorded so far.
    public func clearEvents() { events = [] }

    /// When a connection was closed; nil while it is open.
    public func closeTime(of connection: Int) -> Timeout? {
        events.first { $0.connection == connection && $0.call == .close }?.at
    }

    /// Problems, and what of the script has not happened: an empty list is what a test wants.
    public func unfinished() -> [String] {
        var list = problems
        if connections.count + failedOpenings < scripts.count {
            list.append("\(scripts.count - connections.count) scripted connections never opened")
        }
        for connection in connections { list += connection.unfinished() }
        return list
    }

    func record(_ call: ScriptedCall, on connection: Int) {
        callCount += 1
        if callCount == callLimit {
            report("more than \(callLimit) calls")
            isBroken = true
        }
        if recordsCalls {
            events.append(
                ScriptedEvent(at: now.since(start), connection: connection, call: call))
        }
    }

    func report(_ problem: String) { problems.append("\(problem) (at \(elapsed))") }

    func breakDown(_ problem: String) {
        report(problem)
        isBroken = true
    }
}
