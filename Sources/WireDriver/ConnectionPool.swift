internal import Synchronization
internal import WireSockets
internal import WireBytes
package import WireExchange
package import WireTime
package import WireTransport

/// The shell around `PoolMachine`, shared by a client's exchanges: it holds the connections that the
/// machine only counts, and wakes those who wait for one.
package final class ConnectionPool: Sendable {
    private struct State: ~Copyable {
        var machine: PoolMachine
        var idle = IdleConnections()
        var spares = SpareBuffers()
        var waiting: [TicketID: PoolTicket] = [:]
        var isExpiryScheduled = false
    }

    private let state: Lock<State>
    private let system: any NetworkSystem
    let connecting: ConnectSettings
    let exchanging: ExchangeSettings
    /// Has `expire` called at an instant; nil where nobody can, and old connections are found by the
    /// next request.
    private let schedule: (@Sendable (Instant) -> Void)?

    package init(
        limits: PoolLimits, options: ClientOptions, system: any NetworkSystem,
        schedule: (@Sendable (Instant) -> Void)? = nil
    ) {
        state = Lock(State(machine: PoolMachine(limits: limits)))
        self.system = system
        connecting = ConnectSettings(options)
        exchanging = ExchangeSettings(options)
        self.schedule = schedule
    }

    deinit { closeIdle() }

    package var counts: ConnectionCounts { state.withLock { $0.machine.counts } }

    package enum Assignment {
        case lease(ConnectionLease)
        case queued(PoolTicket)
        case refused
    }

    /// An idle connection that still stands, a place for a new one, or one in the queue. One peek at
    /// the connection picked: what is readable while nobody asked anything is closed, or about to be.
    package func lease(_ origin: Origin, at now: Instant) -> Assignment {
        var closing: [any ByteTransport] = []
        let assignment = state.withLock { state -> Assignment in
            for id in state.machine.expire(at: now) {
                if let transport = state.idle.remove(id) { closing.append(transport) }
            }
            switch state.machine.acquire(origin, at: now) {
            case .refused: return .refused
            case .queued(let id):
                let ticket = PoolTicket(id: id, pool: self)
                state.waiting[id] = ticket
                return .queued(ticket)
            case .lease(let lease, let evicted):
                if let evicted, let transport = state.idle.remove(evicted) {
                    closing.append(transport)
                }
                return .lease(make(lease, &state))
            }
        }
        for transport in closing { transport.close() }
        if case .lease(let lease) = assignment { lease.checkReused() }
        return assignment
    }

    private func make(_ lease: PoolMachine.Lease, _ state: inout State) -> ConnectionLease {
        switch lease {
        case .connect(let id): return ConnectionLease(id: id, pool: self, transport: nil)
        case .reuse(let id):
            return ConnectionLease(id: id, pool: self, transport: state.idle.remove(id))
        }
    }

    func giveBack(
        _ id: ConnectionID, _ transport: any ByteTransport, _ buffer: consuming ReceiveBuffer?,
        serverLimit: Timeout
    ) {
        let now = system.now
        var buffer = buffer
        var isScheduled = false
        settle { state in
            isScheduled = state.isExpiryScheduled
            if let buffer = buffer.take() { state.spares.keep(buffer) }
            state.idle.insert(id, transport)
            return state.machine.release(id, serverLimit: serverLimit, at: now)
        }
        if !isScheduled { scheduleExpiry() }
    }

    /// Memory for a response that has none.
    func takeSpare() -> ReceiveBuffer? { state.withLock { $0.spares.take() } }

    /// Memory that a response does not need while it waits.
    func keepSpare(_ buffer: consuming ReceiveBuffer) {
        var buffer = Optional(buffer)
        withSpares { if let buffer = buffer.take() { $0.keep(buffer) } }
    }

    private func withSpares(_ body: (inout SpareBuffers) -> Void) {
        state.withLock { body(&$0.spares) }
    }

    func discard(_ id: ConnectionID) {
        let now = system.now
        settle { $0.machine.discard(id, at: now) }
    }

    func reusedNone() { state.withLock { $0.machine.reusedNone() } }

    func withdraw(_ id: TicketID) {
        state.withLock { state in
            state.waiting[id] = nil
            state.machine.withdraw(id)
        }
    }

    /// Closes the connections that have idled too long.
    package func expire() {
        let now = system.now
        settle { state in
            state.isExpiryScheduled = false
            return state.machine.expire(at: now).map { .close($0) }
        }
        scheduleExpiry()
    }

    package func closeIdle() {
        settle { $0.machine.removeAllIdle().map { .close($0) } }
    }

    /// Closes what idles, refuses who waits and who comes; connections in use close when they come back.
    package func shutDown() {
        settle { $0.machine.shutDown() }
    }

    private func scheduleExpiry() {
        guard let schedule else { return }
        let next = state.withLock { state -> Instant? in
            guard !state.isExpiryScheduled, let next = state.machine.nextExpiry else { return nil }
            state.isExpiryScheduled = true
            return next
        }
        if let next { schedule(next) }
    }

    /// Decides under the lock and acts behind it, because closing and waking call other code.
    private func settle(_ decide: (inout State) -> [PoolDecision]) {
        var closing: [any ByteTransport] = []
        var granted: [(PoolTicket?, ConnectionLease?)] = []
        state.withLock { state in
            for decision in decide(&state) {
                switch decision {
                case .close(let id):
                    if let transport = state.idle.remove(id) {
                        closing.append(transport)
                    }
                case .grant(let id, let lease):
                    let lease = make(lease, &state)
                    granted.append((state.waiting.removeValue(forKey: id), lease))
                case .refuse(let id):
                    granted.append((state.waiting.removeValue(forKey: id), nil))
                }
            }
        }
        for transport in closing { transport.close() }
        // A lease that nobody takes ends here, and asks for the lock.
        for (ticket, lease) in granted { ticket?.grant(lease) }
    }
}

/// What stands behind the identities of idle connections. The one that came last is nearly always the
/// next to go, so that it is kept beside the others, found without hashing.
private struct IdleConnections {
    private var last: (id: ConnectionID, transport: any ByteTransport)?
    private var others: [ConnectionID: any ByteTransport] = [:]

    mutating func insert(_ id: ConnectionID, _ transport: any ByteTransport) {
        if let last { others[last.id] = last.transport }
        last = (id, transport)
    }

    mutating func remove(_ id: ConnectionID) -> (any ByteTransport)? {
        guard let last, last.id == id else { return others.removeValue(forKey: id) }
        self.last = nil
        return last.transport
    }
}

/// Memory of exchanges that wait or have ended, for those for which bytes have come, the buffer used last
/// (which the processor's caches still hold) first. Not much memory in all.
private struct SpareBuffers: ~Copyable {
    private static let most = ByteLimit.mebibytes(1)

    private var buffers = InlineArray<64, ReceiveBuffer?> { _ in nil }
    private var count = 0
    private var bytes = 0

    mutating func keep(_ buffer: consuming ReceiveBuffer) {
        let size = buffer.capacity
        if count == buffers.count || size > SpareBuffers.most.bytes - bytes { return }
        buffers[count] = consume buffer
        count += 1
        bytes += size
    }

    mutating func take() -> ReceiveBuffer? {
        if count == 0 { return nil }
        count -= 1
        guard let buffer = buffers[count].take() else { return nil }
        bytes -= buffer.capacity
        return buffer
    }
}
