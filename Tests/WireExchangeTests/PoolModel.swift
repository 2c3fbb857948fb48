import WireExchange
import WireTime

/// A pool as plain lists, beside the machine: each call predicts what the machine has to say, and
/// returns what is wrong, or nil.
struct PoolModel: ~Copyable {
    struct Limits: Sendable, CustomStringConvertible {
        var perOrigin, total, idle: Int
        var keepAlive, age: Timeout

        var description: String {
            "\(perOrigin) an origin, \(total) in all, \(idle) idle for \(keepAlive), age \(age)"
        }
    }

    struct Connection: Equatable {
        let id: ConnectionID
        let origin: Origin
        let openedAt: Instant
    }

    let limits: Limits
    var pool: PoolMachine
    var now = at(0)
    private(set) var leased: [Connection] = []
    /// The one idle longest first.
    private(set) var idle: [(connection: Connection, due: Instant)] = []
    private(set) var closed: [ConnectionID] = []
    /// In the order of their coming.
    private(set) var tickets: [(id: TicketID, origin: Origin)] = []
    private var opened = 0
    private var queued = 0
    private var isShutDown = false

    init(_ limits: Limits) {
        self.limits = limits
        var all = PoolLimits()
        all.perOrigin = limits.perOrigin
        all.total = limits.total
        all.idle = limits.idle
        all.keepAliveIdle = limits.keepAlive
        all.age = limits.age
        pool = PoolMachine(limits: all)
    }

    private var openCount: Int { leased.count + idle.count }

    private func openCount(of origin: Origin) -> Int {
        leased.count { $0.origin == origin } + idle.count { $0.connection.origin == origin }
    }

    // MARK: Events

    func mayHappen(_ event: PoolWorldTests.Event) -> Bool {
        switch event {
        case .acquireA, .acquireB: true
        case .releaseFirst, .releaseBriefly, .discardFirst: !leased.isEmpty
        case .releaseLast: leased.count > 1
        case .withdrawFirst: !tickets.isEmpty
        case .withdrawLast: tickets.count > 1
        case .expire: !idle.isEmpty
        }
    }

    mutating func apply(_ event: PoolWorldTests.Event) -> String? {
        switch event {
        case .acquireA: acquire(poolA)
        case .acquireB: acquire(poolB)
        case .releaseFirst: release(at: 0)
        case .releaseBriefly: release(at: 0, serverLimit: .seconds(3))
        case .releaseLast: release(at: leased.count - 1)
        case .discardFirst: discard(at: 0)
        case .withdrawFirst: withdraw(at: 0)
        case .withdrawLast: withdraw(at: tickets.count - 1)
        case .expire: expire()
        }
    }

    mutating func acquire(_ origin: Origin) -> String? {
        let expected = assignment(to: origin)
        let said = pool.acquire(origin, at: now)
        return said == expected ? nil : "\(said) instead of \(expected)"
    }

    private mutating func assignment(to origin: Origin) -> PoolMachine.Assignment {
        if !tickets.contains(where: { $0.origin == origin }) {
            if let last = idle.lastIndex(where: { $0.connection.origin == origin }) {
                let connection = idle.remove(at: last).connection
                leased.append(connection)
                return .lease(.reuse(connection.id), closing: nil)
            }
            if openCount(of: origin) < limits.perOrigin {
                if openCount < limits.total {
                    return .lease(.connect(open(origin)), closing: nil)
                }
                if !idle.isEmpty {
                    let oldest = idle.removeFirst().connection.id
                    closed.append(oldest)
                    return .lease(.connect(open(origin)), closing: oldest)
                }
            }
        }
        queued += 1
        tickets.append((TicketID(value: queued), origin))
        return .queued(TicketID(value: queued))
    }

    mutating func release(at index: Int, serverLimit: Timeout = .never) -> String? {
        guard leased.indices.contains(index) else { return nil }
        let connection = leased.remove(at: index)
        var expected: [PoolDecision] = []
        let isOld = now.since(connection.openedAt) >= limits.age
        let first = tickets.firstIndex {
            $0.origin == connection.origin || openCount(of: $0.origin) < limits.perOrigin
        }
        if isShutDown || isOld || limits.idle == 0 || serverLimit == .zero {
            expected = [.close(connection.id)] + close(connection)
        } else if let first {
            if tickets[first].origin == connection.origin {
                leased.append(connection)
                expected = [.grant(tickets.remove(at: first).id, .reuse(connection.id))]
            } else {
                expected = [.close(connection.id)] + close(connection)
            }
        } else {
            idle.append((connection, now + min(serverLimit, limits.keepAlive)))
            if idle.count > limits.idle {
                let oldest = idle.removeFirst().connection.id
                closed.append(oldest)
                expected = [.close(oldest)]
            }
        }
        let said = pool.release(connection.id, serverLimit: serverLimit, at: now)
        return said == expected ? nil : "\(said) instead of \(expected)"
    }

    mutating func discard(at index: Int) -> String? {
        guard leased.indices.contains(index) else { return nil }
        let connection = leased.remove(at: index)
        let expected = close(connection)
        let said = pool.discard(connection.id, at: now)
        return said == expected ? nil : "\(said) instead of \(expected)"
    }

    mutating func withdraw(at index: Int) -> String? {
        guard tickets.indices.contains(index) else { return nil }
        pool.withdraw(tickets.remove(at: index).id)
        return nil
    }

    private mutating func expire() -> String? {
        // Sorting keeps the order of those that are due at one time.
        let old = idle.filter { $0.due <= now }.sorted { $0.due < $1.due }.map(\.connection.id)
        idle.removeAll { old.contains($0.connection.id) }
        closed += old
        let said = pool.expire(at: now)
        return said == old ? nil : "expired \(said) instead of \(old)"
    }

    mutating func shutDown() -> String? {
        isShutDown = true
        let expected: [PoolDecision] =
            idle.map { .close($0.connection.id) } + tickets.map { .refuse($0.id) }
        closed += idle.map(\.connection.id)
        idle = []
        tickets = []
        let said = pool.shutDown()
        return said == expected ? nil : "\(said) instead of \(expected)"
    }

    private mutating func open(_ origin: Origin) -> ConnectionID {
        opened += 1
        let id = ConnectionID(value: opened)
        leased.append(Connection(id: id, origin: origin, openedAt: now))
        return id
    }

    /// Its place goes to the first who may have it.
    private mutating func close(_ connection: Connection) -> [PoolDecision] {
        closed.append(connection.id)
        guard
            let first = tickets.firstIndex(where: {
                openCount(of: $0.origin) < limits.perOrigin && openCount < limits.total
            })
        else { return [] }
        let ticket = tickets.remove(at: first)
        return [.grant(ticket.id, .connect(open(ticket.origin)))]
    }

    // MARK: What always holds

    func brokenInvariant() -> String? {
        let places =
            leased.map(\.id.value) + idle.map(\.connection.id.value) + closed.map(\.value)
        if places.sorted() != Array(1..<(opened + 1)) { return "places \(places)" }
        if openCount > limits.total { return "\(openCount) open" }
        if idle.count > limits.idle { return "\(idle.count) idle" }
        for origin in [poolA, poolB, poolC] where openCount(of: origin) > limits.perOrigin {
            return "\(openCount(of: origin)) open to \(origin.host)"
        }
        for ticket in tickets where openCount(of: ticket.origin) < limits.perOrigin {
            if openCount < limits.total || !idle.isEmpty { return "\(ticket) waits for nothing" }
        }
        for ticket in tickets where idle.contains(where: { $0.connection.origin == ticket.origin })
        {
            return "\(ticket) waits though its origin has an idle connection"
        }
        if pool.counts.open != openCount { return "counts \(pool.counts)" }
        if pool.leasedCount != leased.count { return "leased \(pool.leasedCount)" }
        if pool.idleCount != idle.count { return "idle \(pool.idleCount)" }
        if pool.openCount != openCount { return "open \(pool.openCount)" }
        return pool.waitingCount == tickets.count ? nil : "waiting \(pool.waitingCount)"
    }
}
