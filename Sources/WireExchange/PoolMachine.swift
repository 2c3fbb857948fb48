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

/// Which connections exist, and which may be used. Pure: it closes nothing, it says what to close.
///
///     connection | event     | next    | result
///     -----------+-----------+---------+------------------------------------------------
///     (none)     | acquire   | leased  | .connect, a new id
///     idle       | acquire   | leased  | .reuse, the one used last: least likely to be stale
///     leased     | release   | idle    | or closed, over `idleLimit`: the one idle longest
///     leased     | discard   | (none)  |
///     idle       | too old   | (none)  | named by `expire`
///
/// The caller peeks at a reused connection (one system call) and discards it when it is readable.
public struct PoolMachine: ~Copyable {
    public enum Assignment: Equatable, Sendable {
        case reuse(ConnectionID)
        case connect(ConnectionID)
    }

    private struct Idle {
        let id: ConnectionID
        let since: Instant
    }

    private let idleLimit: Int
    private let keepAliveIdle: Timeout
    /// By origin, the one released last at the end.
    private var idle: [Origin: [Idle]] = [:]
    private var leased: [ConnectionID: Origin] = [:]
    private var lastID = 0
    public private(set) var idleCount = 0

    /// - Parameters:
    ///   - idleLimit: how many connections may wait for their next exchange, in all.
    ///   - keepAliveIdle: how long one may wait.
    public init(idleLimit: Int, keepAliveIdle: Timeout) {
        self.idleLimit = idleLimit
        self.keepAliveIdle = keepAliveIdle
    }

    public var leasedCount: Int { leased.count }

    /// A connection for an exchange. Call `expire` first: this one does not look at ages.
    public mutating func acquire(_ origin: Origin) -> Assignment {
        if let kept = idle[origin]?.popLast() {
            idleCount -= 1
            leased[kept.id] = origin
            return .reuse(kept.id)
        }
        lastID += 1
        let id = ConnectionID(value: lastID)
        leased[id] = origin
        return .connect(id)
    }

    /// An exchange ended cleanly.
    ///
    /// - Returns: connections to close, the released one itself if none may idle.
    public mutating func release(_ id: ConnectionID, at now: Instant) -> [ConnectionID] {
        guard let origin = leased.removeValue(forKey: id) else { return [] }
        if idleLimit == 0 { return [id] }
        idle[origin, default: []].append(Idle(id: id, since: now))
        idleCount += 1
        return idleCount > idleLimit ? [removeOldest()] : []
    }

    /// A leased connection was closed.
    public mutating func discard(_ id: ConnectionID) {
        leased[id] = nil
    }

    /// Takes out the connections that have idled too long; the caller closes them.
    public mutating func expire(at now: Instant) -> [ConnectionID] {
        if idleCount == 0 { return [] }
        var expired: [ConnectionID] = []
        for origin in idle.keys {
            let count = idle[origin]!.prefix { $0.since + keepAliveIdle <= now }.count
            if count == 0 { continue }
            expired += idle[origin]!.prefix(count).map(\.id)
            idle[origin]!.removeFirst(count)
        }
        idleCount -= expired.count
        return expired.sorted { $0.value < $1.value }
    }

    /// Takes out every idle connection; the caller closes them.
    public mutating func removeAllIdle() -> [ConnectionID] {
        let all = idle.values.flatMap { $0.map(\.id) }
        idle = [:]
        idleCount = 0
        return all.sorted { $0.value < $1.value }
    }

    private mutating func removeOldest() -> ConnectionID {
        let oldest = idle.filter { !$0.value.isEmpty }
            .min { $0.value[0].since < $1.value[0].since }!
        idleCount -= 1
        return idle[oldest.key]!.removeFirst().id
    }
}
