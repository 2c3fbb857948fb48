internal import Synchronization
internal import WireSockets
internal import WireBytes
internal import WireExchange
internal import WireTime
internal import WireTransport

/// One exchange's hold on a connection. Whoever drops it without giving it back closes it: that is
/// how leaving a stream in any way closes its connection before the next statement.
///
/// `@unchecked Sendable`: the thread of the exchange that holds it owns it; the pool hands it over under
/// the lock of a `PoolTicket`.
package final class ConnectionLease: @unchecked Sendable {
    private(set) var isReused: Bool
    private let id: ConnectionID
    private let pool: ConnectionPool
    private(set) var transport: (any ByteTransport)? {
        didSet { waitable = transport?.waitable }
    }
    /// What of it has to be waited for.
    private(set) var waitable: (any ByteTransport)?
    private var cancellation: Cancellation?
    private var isOver = false

    init(
        id: ConnectionID, pool: ConnectionPool, transport: (any ByteTransport)?
    ) {
        self.id = id
        self.pool = pool
        self.transport = transport
        waitable = transport?.waitable
        isReused = transport != nil
    }

    deinit { close() }

    var hasPendingOutput: Bool { transport?.hasPendingOutput ?? false }

    /// Closes an idle connection that has something to say; a new one takes its place. Always asked: the
    /// next request would take a surplus for its answer.
    func checkReused() {
        if let transport, transport.isReadable() { replaceReused() }
    }

    /// A new connection shall take the place of one that was kept.
    func replaceReused() {
        if transport == nil { return }
        dropTransport()
        isReused = false
        pool.reusedNone()
    }

    /// Puts a new connection under this lease, one that `cancellation` can interrupt already.
    func adopt(_ transport: any ByteTransport, interruptedBy cancellation: Cancellation?) {
        self.transport = transport
        self.cancellation = cancellation
    }

    /// From here on `cancellation` can interrupt the connection.
    func attach(_ cancellation: Cancellation?) {
        guard let transport, let cancellation else { return }
        self.cancellation = cancellation
        cancellation.attach(transport.interruptible)
    }

    /// Closes the connection; the lease goes on for another one.
    private func dropTransport() {
        guard let transport else { return }
        cancellation?.detach(transport.interruptible)
        cancellation = nil
        transport.close()
        self.transport = nil
    }

    /// The connection is clean: it may carry another exchange, and `buffer` its response.
    func giveBack(_ buffer: consuming ReceiveBuffer?, serverLimit: Timeout) {
        guard let transport else { return }
        cancellation?.detach(transport.interruptible)
        cancellation = nil
        self.transport = nil
        isOver = true
        transport.becomeIdle()
        pool.giveBack(id, transport, buffer, serverLimit: serverLimit)
    }

    func close() {
        if isOver { return }
        isOver = true
        dropTransport()
        pool.discard(id)
    }
}

/// What a place in the queue for a connection turns into. See `PoolPlace`.
package final class PoolTicket: Sendable {
    private struct State {
        var isOver = false
        var lease: ConnectionLease?
        var wake: (@Sendable () -> Void)?
    }

    private let id: TicketID
    private let pool: ConnectionPool
    private let state = Lock(State())

    init(id: TicketID, pool: ConnectionPool) {
        self.id = id
        self.pool = pool
    }

    /// Calls `body`, from whichever thread frees a connection, when the wait is over; at once if it is
    /// already.
    package func whenOver(_ body: @escaping @Sendable () -> Void) {
        let isOver = state.withLock { state in
            if !state.isOver { state.wake = body }
            return state.isOver
        }
        if isOver { body() }
    }

    /// - Parameter lease: nil when there will be none.
    func grant(_ lease: ConnectionLease?) {
        let wake = state.withLock { state in
            state.isOver = true
            state.lease = lease
            defer { state.wake = nil }
            return state.wake
        }
        wake?()
    }

    package var isOver: Bool { state.withLock { $0.isOver } }

    /// The connection, once; nil when there is none.
    func take() -> ConnectionLease? {
        state.withLock { state in
            defer { state.lease = nil }
            return state.lease
        }
    }

    /// Gives the place up, and the connection that came meanwhile.
    func withdraw() {
        pool.withdraw(id)
        take()?.close()
    }
}

/// An exchange's place in the queue; dropping it gives the place up.
final class PoolPlace {
    let ticket: PoolTicket

    init(_ ticket: PoolTicket) { self.ticket = ticket }

    deinit { ticket.withdraw() }
}
