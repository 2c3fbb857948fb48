public import WireTime

/// Where a connection leads: what two requests must share to share a connection.
public struct Origin: Hashable, Sendable {
    public let scheme: String
    public let host: String
    public let port: UInt16
    /// Nil for the plain one.
    public let route: Route?
    /// See `HTTPRequest.lane`.
    public let lane: String?

    public init(
        scheme: String, host: String, port: UInt16, route: Route? = nil, lane: String? = nil
    ) {
        self.lane = lane
        self.scheme = scheme
        self.host = host
        self.port = port
        self.route = route
    }

    package var isSecure: Bool { scheme == "https" }

    /// The same by a client's route.
    package func by(_ route: Route) -> Origin {
        Origin(scheme: scheme, host: host, port: port, route: route, lane: lane)
    }
}

public struct ConnectionID: Hashable, Sendable {
    public let value: Int
    public init(value: Int) { self.value = value }
}

/// A request's place in the queue for a connection.
public struct TicketID: Hashable, Sendable {
    public let value: Int
    public init(value: Int) { self.value = value }
}

/// How many connections a client may have, and for how long.
public struct PoolLimits: Sendable, Equatable {
    /// Open at once to one origin; more requests wait for their turn.
    public var perOrigin = 10_000
    /// Open at once in all.
    public var total = 15_000
    /// Waiting for their next exchange, in all; 0 keeps none.
    public var idle = 1_000
    /// How long one may wait for its next exchange.
    public var keepAliveIdle = Timeout.seconds(30)
    /// How old a connection may become and still carry another exchange.
    public var age = Timeout.minutes(60)

    public init() {}
}

/// What the caller of the pool has to do.
public enum PoolDecision: Equatable, Sendable {
    case close(ConnectionID)
    /// A request that waited has a connection now.
    case grant(TicketID, PoolMachine.Lease)
    /// The pool has been shut down: a request that waited gets none.
    case refuse(TicketID)
}

/// Which connections exist, which may be used, and who waits for one. Pure: it closes nothing, it
/// says what to close.
///
///     connection | event     | next    | result
///     -----------+-----------+---------+------------------------------------------------------
///     (none)     | acquire   | leased  | a new id; at the total limit, the one idle longest is closed
///     idle       | acquire   | leased  | the one used last, of the origin: least likely to be stale
///     leased     | release   | leased  | granted to whoever waits for it longest
///     leased     | release   | idle    | if nobody waits; over the idle limit the one idle longest goes
///     leased     | release   | (none)  | too old, or after `shutDown`
///     leased     | discard   | (none)  | its place is granted to whoever waits longest
///     idle       | too old   | (none)  | named by `expire`: idle for longer than the limit, or than the
///                |           |         | server keeps it
///
/// A request waits only if its origin or the pool is at its limit; those that wait are served in the
/// order of their coming, except that one whose origin is at its limit holds up nobody else's.
/// Every call is O(1), amortized, and O(log idle) for a connection that its server keeps for less than
/// the limit; a release while requests wait is O(origins that wait).
public struct PoolMachine: ~Copyable {
    /// A connection for one exchange.
    public enum Lease: Equatable, Sendable {
        case reuse(ConnectionID)
        case connect(ConnectionID)
    }

    public enum Assignment: Equatable, Sendable {
        /// `closing` makes room for it.
        case lease(Lease, closing: ConnectionID?)
        case queued(TicketID)
        /// The pool has been shut down.
        case refused
    }

    private final class Connection {
        /// There as long as the connection is open. Unowned, because entries that are out of date, the
        /// origin's own among them, keep the connection longer.
        unowned let origin: OriginState
        let openedAt: Instant
        /// Nil while leased. With the time, a stamp: entries of the idle lists that carry another are
        /// out of date.
        var idleSince: Instant?
        var stamp = 0

        init(origin: OriginState, openedAt: Instant) {
            self.origin = origin
            self.openedAt = openedAt
        }
    }

    private struct IdleEntry {
        let id: Int
        let connection: Connection
        let stamp: Int

        var isCurrent: Bool { connection.idleSince != nil && connection.stamp == stamp }
    }

    /// An object, so that a connection leads to it without hashing its origin's name.
    private final class OriginState {
        let origin: Origin
        var openCount = 0
        /// The one released last at the end; entries may be out of date.
        var idle: [IdleEntry] = []
        var idleCount = 0
        /// Tickets in the order of their coming; those before `firstTicket` are gone, as are those not
        /// in `tickets` any more.
        var queue: [Int] = []
        var firstTicket = 0

        init(_ origin: Origin) { self.origin = origin }

        var isWaitedFor: Bool { !queue.isEmpty }
    }

    public let limits: PoolLimits
    private var connections: [Int: Connection] = [:]
    private var origins: [Origin: OriginState] = [:]
    /// All idle ones, the one idle longest first; entries may be out of date.
    private var byIdleTime: [IdleEntry] = []
    private var firstByIdleTime = 0
    /// Those that their servers keep for less than `keepAliveIdle`; entries may be out of date.
    private var byServerLimit = ExpiryHeap<IdleEntry>()
    private var tickets: [Int: OriginState] = [:]
    /// Origins with tickets.
    private var waiting: [OriginState] = []
    /// The origin asked for last: nearly always the next one, too.
    private var lastOrigin: OriginState?
    private var lastID = 0
    private var lastStamp = 0
    private var lastTicket = 0
    public private(set) var idleCount = 0
    public private(set) var isShutDown = false

    public init(limits: PoolLimits) { self.limits = limits }

    public var openCount: Int { connections.count }
    public var leasedCount: Int { connections.count - idleCount }
    public var waitingCount: Int { tickets.count }
    /// Leases of connections that had carried an exchange before.
    public private(set) var reusedCount = 0

    public var counts: ConnectionCounts {
        ConnectionCounts(
            idle: idleCount, leased: leasedCount, waiting: waitingCount, reused: reusedCount)
    }

    // MARK: Requests

    /// A connection for an exchange, or a place in the queue.
    public mutating func acquire(_ name: Origin, at now: Instant) -> Assignment {
        if isShutDown { return .refused }
        let origin = state(of: name)
        // Nobody may overtake those of the same origin that wait.
        if !origin.isWaitedFor {
            if let id = takeIdle(of: origin) {
                reusedCount += 1
                return .lease(.reuse(id), closing: nil)
            }
            if origin.openCount < limits.perOrigin {
                if openCount < limits.total {
                    return .lease(.connect(open(origin, at: now)), closing: nil)
                }
                if let oldest = removeLongestIdle() {
                    return .lease(.connect(open(origin, at: now)), closing: oldest)
                }
            }
        }
        lastTicket += 1
        tickets[lastTicket] = origin
        if !origin.isWaitedFor { waiting.append(origin) }
        origin.queue.append(lastTicket)
        // A queue that is never empty keeps no more tickets that are gone than there are others.
        if origin.queue.count > 2 * tickets.count + 64 {
            origin.queue.removeAll { tickets[$0] == nil }
            origin.firstTicket = 0
        }
        return .queued(TicketID(value: lastTicket))
    }

    /// A request gives up waiting.
    public mutating func withdraw(_ ticket: TicketID) {
        guard let origin = tickets.removeValue(forKey: ticket.value) else { return }
        _ = firstTicket(of: origin)
    }

    // MARK: Connections

    /// An exchange ended cleanly.
    ///
    /// - Parameter serverLimit: how long the server keeps the connection, if it said so.
    public mutating func release(
        _ id: ConnectionID, serverLimit: Timeout = .never, at now: Instant
    ) -> [PoolDecision] {
        guard let connection = connections[id.value], connection.idleSince == nil else { return [] }
        if isShutDown || limits.idle == 0 || serverLimit <= .zero
            || now.since(connection.openedAt) >= limits.age
        {
            return [.close(id)] + discard(id, at: now)
        }
        if !waiting.isEmpty, let (ticket, origin) = nextTicket(released: connection.origin) {
            guard origin === connection.origin else { return [.close(id)] + discard(id, at: now) }
            removeTicket(ticket, of: origin)
            reusedCount += 1
            return [.grant(TicketID(value: ticket), .reuse(id))]
        }
        keepIdle(id.value, connection, serverLimit, at: now)
        guard idleCount > limits.idle, let oldest = removeLongestIdle() else { return [] }
        return [.close(oldest)]
    }

    /// A connection that was leased to be used again turned out to be dead; a new one takes its place.
    public mutating func reusedNone() { reusedCount -= 1 }

    /// A leased connection was closed.
    public mutating func discard(_ id: ConnectionID, at now: Instant) -> [PoolDecision] {
        guard let connection = connections[id.value], connection.idleSince == nil else { return [] }
        forget(id.value, connection)
        guard !waiting.isEmpty, let (ticket, origin) = nextTicket(released: nil) else { return [] }
        // Opened first, so that its origin does not count as unused in between.
        let opened = open(origin, at: now)
        removeTicket(ticket, of: origin)
        return [.grant(TicketID(value: ticket), .connect(opened))]
    }

    /// Takes out the connections that have idled too long; the caller closes them.
    public mutating func expire(at now: Instant) -> [ConnectionID] {
        var expired: [ConnectionID] = []
        while let next = earliestExpiry(), next.due <= now {
            expired.append(remove(next.entry))
        }
        return expired
    }

    /// When to call `expire`; nil while nothing idles.
    public var nextExpiry: Instant? {
        mutating get { earliestExpiry()?.due }
    }

    private mutating func earliestExpiry() -> (due: Instant, entry: IdleEntry)? {
        guard let oldest = longestIdle() else { return nil }
        let due = oldest.connection.idleSince! + limits.keepAliveIdle
        while let first = byServerLimit.first {
            if first.element.isCurrent {
                return first.due < due ? (first.due, first.element) : (due, oldest)
            }
            byServerLimit.removeFirst()
        }
        return (due, oldest)
    }

    /// Takes out every idle connection; the caller closes them.
    public mutating func removeAllIdle() -> [ConnectionID] {
        var all: [ConnectionID] = []
        while let id = removeLongestIdle() { all.append(id) }
        return all
    }

    /// No more connections: idle ones are closed, those leased when they come back.
    public mutating func shutDown() -> [PoolDecision] {
        isShutDown = true
        let refused = tickets.keys.sorted().map { PoolDecision.refuse(TicketID(value: $0)) }
        tickets = [:]
        for origin in waiting { origin.queue = [] }
        waiting = []
        return removeAllIdle().map { .close($0) } + refused
    }

    // MARK: Counting

    private mutating func state(of origin: Origin) -> OriginState {
        if let lastOrigin, lastOrigin.origin == origin { return lastOrigin }
        let state = origins[origin] ?? OriginState(origin)
        origins[origin] = state
        lastOrigin = state
        return state
    }

    private mutating func open(_ origin: OriginState, at now: Instant) -> ConnectionID {
        lastID += 1
        connections[lastID] = Connection(origin: origin, openedAt: now)
        origin.openCount += 1
        return ConnectionID(value: lastID)
    }

    private mutating func forget(_ id: Int, _ connection: Connection) {
        connections[id] = nil
        connection.origin.openCount -= 1
        dropIfUnused(connection.origin)
    }

    /// An origin of which nothing is left takes no memory.
    private mutating func dropIfUnused(_ origin: OriginState) {
        if origin.openCount > 0 || origin.isWaitedFor { return }
        origins[origin.origin] = nil
        if lastOrigin === origin { lastOrigin = nil }
    }

    // MARK: Idle connections

    private mutating func keepIdle(
        _ id: Int, _ connection: Connection, _ serverLimit: Timeout, at now: Instant
    ) {
        lastStamp += 1
        connection.idleSince = now
        connection.stamp = lastStamp
        let entry = IdleEntry(id: id, connection: connection, stamp: lastStamp)
        let origin = connection.origin
        origin.idle.append(entry)
        origin.idleCount += 1
        byIdleTime.append(entry)
        idleCount += 1
        if serverLimit < limits.keepAliveIdle {
            byServerLimit.insert(entry, due: now + serverLimit, stamp: lastStamp)
            if byServerLimit.count > 2 * idleCount + 64 {
                byServerLimit.prune(where: \.isCurrent)
            }
        }
        // Entries that are out of date must not outnumber the others: constant cost a release.
        if byIdleTime.count > 2 * idleCount + 64 {
            byIdleTime = byIdleTime[firstByIdleTime...].filter(\.isCurrent)
            firstByIdleTime = 0
        }
        if origin.idle.count > 2 * origin.idleCount + 16 {
            origin.idle.removeAll { !$0.isCurrent }
        }
    }

    private mutating func takeIdle(of origin: OriginState) -> ConnectionID? {
        while let entry = origin.idle.popLast() {
            guard entry.isCurrent else { continue }
            unmarkIdle(entry.connection)
            return ConnectionID(value: entry.id)
        }
        return nil
    }

    private mutating func unmarkIdle(_ connection: Connection) {
        connection.idleSince = nil
        connection.origin.idleCount -= 1
        idleCount -= 1
    }

    private mutating func longestIdle() -> IdleEntry? {
        while firstByIdleTime < byIdleTime.count {
            if byIdleTime[firstByIdleTime].isCurrent { return byIdleTime[firstByIdleTime] }
            firstByIdleTime += 1
        }
        return nil
    }

    private mutating func removeLongestIdle() -> ConnectionID? {
        longestIdle().map { remove($0) }
    }

    private mutating func remove(_ entry: IdleEntry) -> ConnectionID {
        unmarkIdle(entry.connection)
        forget(entry.id, entry.connection)
        return ConnectionID(value: entry.id)
    }

    // MARK: Who waits

    /// The ticket to serve when a place is free: `released` names the origin of a connection that could
    /// also be used as it is.
    private mutating func nextTicket(released: OriginState?) -> (Int, OriginState)? {
        var best: (id: Int, origin: OriginState)?
        for origin in waiting {
            guard let ticket = firstTicket(of: origin), ticket < best?.id ?? .max else { continue }
            if origin === released || origin.openCount < limits.perOrigin {
                best = (ticket, origin)
            }
        }
        return best
    }

    private mutating func firstTicket(of origin: OriginState) -> Int? {
        while origin.firstTicket < origin.queue.count {
            let ticket = origin.queue[origin.firstTicket]
            if tickets[ticket] != nil { return ticket }
            origin.firstTicket += 1
        }
        origin.queue = []
        origin.firstTicket = 0
        waiting.removeAll { $0 === origin }
        dropIfUnused(origin)
        return nil
    }

    private mutating func removeTicket(_ id: Int, of origin: OriginState) {
        tickets[id] = nil
        _ = firstTicket(of: origin)
    }
}
