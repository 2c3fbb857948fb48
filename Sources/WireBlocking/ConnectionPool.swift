internal import WireExchange
internal import WireTime
internal import WireTransport

/// The shell around `PoolMachine`: it holds the connections that the machine only counts.
/// One thread's, like the client that owns it.
final class ConnectionPool {
    private var machine: PoolMachine
    private var idle: [ConnectionID: any ByteTransport] = [:]

    init(idleLimit: Int, keepAliveIdle: Timeout) {
        machine = PoolMachine(idleLimit: idleLimit, keepAliveIdle: keepAliveIdle)
    }

    deinit { closeIdle() }

    var idleCount: Int { machine.idleCount }
    var leasedCount: Int { machine.leasedCount }

    /// An idle connection that still stands, or a place for a new one. One peek at each candidate:
    /// what is readable while nobody asked anything is closed, or about to be.
    func lease(_ origin: Origin, at now: Instant) -> ConnectionLease {
        close(machine.expire(at: now))
        while true {
            switch machine.acquire(origin) {
            case .connect(let id):
                return ConnectionLease(id: id, pool: self, transport: nil)
            case .reuse(let id):
                guard let transport = idle.removeValue(forKey: id) else {
                    machine.discard(id)
                    continue
                }
                if transport.isReadable() {
                    transport.close()
                    machine.discard(id)
                    continue
                }
                return ConnectionLease(id: id, pool: self, transport: transport)
            }
        }
    }

    func giveBack(_ id: ConnectionID, _ transport: any ByteTransport, at now: Instant) {
        idle[id] = transport
        close(machine.release(id, at: now))
    }

    func discard(_ id: ConnectionID) { machine.discard(id) }

    func closeIdle() { close(machine.removeAllIdle()) }

    private func close(_ ids: [ConnectionID]) {
        for id in ids { idle.removeValue(forKey: id)?.close() }
    }
}

/// One exchange's hold on a connection. Whoever drops it without giving it back closes it: that is
/// how leaving a stream in any way closes its connection before the next statement.
final class ConnectionLease {
    let isReused: Bool
    private let id: ConnectionID
    private let pool: ConnectionPool
    private(set) var transport: (any ByteTransport)?
    private var cancellation: Cancellation?

    init(id: ConnectionID, pool: ConnectionPool, transport: (any ByteTransport)?) {
        self.id = id
        self.pool = pool
        self.transport = transport
        isReused = transport != nil
    }

    deinit { close() }

    /// Puts a connection that is being opened under this lease.
    func adopt(_ transport: any ByteTransport) {
        self.transport = transport
    }

    /// From here on `cancellation` can interrupt the connection.
    func attach(_ cancellation: Cancellation?) {
        guard let transport, let cancellation else { return }
        self.cancellation = cancellation
        cancellation.attach(transport.interruptible)
    }

    /// Closes an address that was tried; the lease goes on for the next one.
    func dropTransport() {
        guard let transport else { return }
        cancellation?.detach(transport.interruptible)
        cancellation = nil
        transport.close()
        self.transport = nil
    }

    /// The connection is clean: it may carry another exchange.
    func giveBack(at now: Instant) {
        guard let transport else { return }
        cancellation?.detach(transport.interruptible)
        cancellation = nil
        self.transport = nil
        pool.giveBack(id, transport, at: now)
    }

    func close() {
        guard transport != nil else { return pool.discard(id) }
        dropTransport()
        pool.discard(id)
    }
}
