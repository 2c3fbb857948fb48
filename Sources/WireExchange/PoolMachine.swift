public import WireTime

/// Where a connection leads: what two requests must share to share a connection.
public struct Origin: Hashable, Sendable {
    public let scheme: String
    public let host: String
    public let port: UInt16

    public init(scheme: String, host: String, port: UInt16) {
        self.scheme = scheme
        self.host = host
        self.port = port
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
///     idle       | too old   | (none)  | named by `expire`
///
/// A request waits only if its origin or the pool is at its limit; those that wait are served in the
/// order of their coming, except that one whose origin is at its limit holds up nobody else's.
/// Every call is O(1), amortized; a release while requests wait is O(origins that wait).
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

    private struct Connection {
        let origin: Origin
        let openedAt: Instant
        /// Nil while leased. With the time, a stamp: entries of the idle lists that carry another are
        /// out of date.
        var idleSince: Instant?
        var stamp = 0
    }

    private struct IdleEntry {
        let id: Int
        let stamp: Int
    }

    private struct OriginState {
        var openCount = 0
        /// The one released last at the end; entries may be out of date.
        var idle: [IdleEntry] = []
        var idleCount = 0
        /// Tickets in the order of their coming; those before `firstTicket` are gone, as are those not
        /// in `tickets` any more.
        var queue: [Int] = []
        var firstTicket = 0
    }

    public let limits: PoolLimits
    private var connections: [Int: Connection] = [:]
    private var origins: [Origin: OriginState] = [:]
    /// All idle ones, the one idle longest first; entries may be out of date.
    private var byIdleTime: [IdleEntry] = []
    private var firstByIdleTime = 0
    private var tickets: [Int: Origin] = [:]
    /// Origins with tickets.
    private var waiting: Set<Origin> = []
    private var lastID = 0
    private var lastStamp = 0
    private var lastTicket = 0
    public private(set) var idleCount = 0
    public private(set) var isShutDown = false

    public init(limits: PoolLimits) { self.limits = limits }

    public var openCount: Int { connections.count }
    public var leasedCount: Int { connections.count - idleCount }
    public var waitingCount: Int { tickets.count }

    // MARK: Requests

    /// A connection for an exchange, or a place in the queue.
    public mutating func acquire(_ origin: Origin, at now: Instant) -> Assignment {
        if isShutDown { return .refused }
        // Nobody may overtake those of the same origin that wait.
        if !waiting.contains(origin) {
            if let id = takeIdle(of: origin, at: now) { return .lease(.reuse(id), closing: nil) }
            if openCount(of: origin) < limits.perOrigin {
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
        origins[origin, default: OriginState()].queue.append(lastTicket)
        waiting.insert(origin)
        return .queued(TicketID(value: lastTicket))
    }

    /// A request gives up waiting.
    public mutating func withdraw(_ ticket: TicketID) {
        guard let origin = tickets.removeValue(forKey: ticket.value) else { return }
        _ = firstTicket(of: origin)
    }

    // MARK: Connections

    /// An exchange ended cleanly.
    public mutating func release(_ id: ConnectionID, at now: Instant) -> [PoolDecision] {
        guard let connection = connections[id.value], connection.idleSince == nil else { return [] }
        if isShutDown || now.since(connection.openedAt) >= limits.age {
            return [.close(id)] + discard(id, at: now)
        }
        if !waiting.isEmpty, let ticket = nextTicket(released: connection.origin) {
            if ticket.origin == connection.origin {
                removeTicket(ticket.id, of: ticket.origin)
                return [.grant(TicketID(value: ticket.id), .reuse(id))]
            }
            return [.close(id)] + discard(id, at: now)
        }
        if limits.idle == 0 { return [.close(id)] + discard(id, at: now) }
        keepIdle(id.value, at: now)
        guard idleCount > limits.idle, let oldest = removeLongestIdle() else { return [] }
        return [.close(oldest)]
    }

    /// A leased connection was closed.
    public mutating func discard(_ id: ConnectionID, at now: Instant) -> [PoolDecision] {
        guard let connection = connections[id.value], connection.idleSince == nil else { return [] }
        forget(id.value, of: connection.origin)
        guard !waiting.isEmpty, let ticket = nextTicket(released: nil) else { return [] }
        removeTicket(ticket.id, of: ticket.origin)
        return [.grant(TicketID(value: ticket.id), .connect(open(ticket.origin, at: now)))]
    }

    /// Takes out the connections that have idled too long; the caller closes them.
    public mutating func expire(at now: Instant) -> [ConnectionID] {
        var expired: [ConnectionID] = []
        while let next = nextExpiry, next <= now, let id = removeLongestIdle() {
            expired.append(id)
        }
        return expired
    }

    /// When to call `expire`; nil while nothing idles.
    public var nextExpiry: Instant? {
        mutating get {
            guard let oldest = longestIdle() else { return nil }
            return connections[oldest]!.idleSince! + limits.keepAliveIdle
        }
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
        waiting = []
        for origin in origins.keys { origins[origin]!.queue = [] }
        return removeAllIdle().map { .close($0) } + refused
    }

    // MARK: Counting

    private func openCount(of origin: Origin) -> Int { origins[origin]?.openCount ?? 0 }

    private mutating func open(_ origin: Origin, at now: Instant) -> ConnectionID {
        lastID += 1
        connections[lastID] = Connection(origin: origin, openedAt: now)
        origins[origin, default: OriginState()].openCount += 1
        return ConnectionID(value: lastID)
    }

    private mutating func forget(_ id: Int, of origin: Origin) {
        connections[id] = nil
        origins[origin]!.openCount -= 1
        dropIfUnused(origin)
    }

    /// An origin of which nothing is left takes no memory.
    private mutating func dropIfUnused(_ origin: Origin) {
        if origins[origin]?.openCount == 0, !waiting.contains(origin) { origins[origin] = nil }
    }

    // MARK: Idle connections

    private mutating func keepIdle(_ id: Int, at now: Instant) {
        lastStamp += 1
        let origin = connections[id]!.origin
        connections[id]!.idleSince = now
        connections[id]!.stamp = lastStamp
        let entry = IdleEntry(id: id, stamp: lastStamp)
        origins[origin]!.idle.append(entry)
        origins[origin]!.idleCount += 1
        byIdleTime.append(entry)
        idleCount += 1
        compact(origin)
    }

    /// Keeps entries that are out of date from outnumbering the others, at constant cost a release.
    private mutating func compact(_ origin: Origin) {
        if byIdleTime.count > 2 * idleCount + 64 {
            byIdleTime = byIdleTime[firstByIdleTime...].filter { isCurrent($0) }
            firstByIdleTime = 0
        }
        if origins[origin]!.idle.count > 2 * origins[origin]!.idleCount + 16 {
            let current = origins[origin]!.idle.filter { isCurrent($0) }
            origins[origin]!.idle = current
        }
    }

    private func isCurrent(_ entry: IdleEntry) -> Bool {
        guard let connection = connections[entry.id] else { return false }
        return connection.idleSince != nil && connection.stamp == entry.stamp
    }

    private mutating func takeIdle(of origin: Origin, at now: Instant) -> ConnectionID? {
        while let entry = origins[origin]?.idle.popLast() {
            guard isCurrent(entry) else { continue }
            unmarkIdle(entry.id, of: origin)
            return ConnectionID(value: entry.id)
        }
        return nil
    }

    private mutating func unmarkIdle(_ id: Int, of origin: Origin) {
        connections[id]!.idleSince = nil
        origins[origin]!.idleCount -= 1
        idleCount -= 1
    }

    private mutating func longestIdle() -> Int? {
        while firstByIdleTime < byIdleTime.count {
            if isCurrent(byIdleTime[firstByIdleTime]) { return byIdleTime[firstByIdleTime].id }
            firstByIdleTime += 1
        }
        return nil
    }

    private mutating func removeLongestIdle() -> ConnectionID? {
        guard let id = longestIdle() else { return nil }
        let origin = connections[id]!.origin
        unmarkIdle(id, of: origin)
        forget(id, of: origin)
        return ConnectionID(value: id)
    }

    // MARK: Who waits

    /// The ticket to serve when a place is free: `released` names the origin of a connection that could
    /// also be used as it is.
    private mutating func nextTicket(released: Origin?) -> (id: Int, origin: Origin)? {
        var best: (id: Int, origin: Origin)?
        for origin in waiting {
            guard let ticket = firstTicket(of: origin), ticket < best?.id ?? .max else { continue }
            let hasRoom = openCount(of: origin) < limits.perOrigin
            if origin == released || hasRoom { best = (ticket, origin) }
        }
        return best
    }

    private mutating func firstTicket(of origin: Origin) -> Int? {
        guard var state = origins[origin] else {
            waiting.remove(origin)
            return nil
        }
        while state.firstTicket < state.queue.count,
            tickets[state.queue[state.firstTicket]] == nil
        {
            state.firstTicket += 1
        }
        if state.firstTicket == state.queue.count {
            state.queue = []
            state.firstTicket = 0
            origins[origin] = state
            waiting.remove(origin)
            dropIfUnused(origin)
            return nil
        }
        origins[origin]!.firstTicket = state.firstTicket
        return state.queue[state.firstTicket]
    }

    private mutating func removeTicket(_ id: Int, of origin: Origin) {
        tickets[id] = nil
        _ = firstTicket(of: origin)
    }
}
