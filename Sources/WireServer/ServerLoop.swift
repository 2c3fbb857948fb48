internal import WireBytes
internal import WireSockets
internal import WireTime

/// One thread's work: accepts, and gives every connection its turns, until it is told to stop. Nothing
/// blocks but the one `epoll_wait`.
///
/// A turn: wait until something comes or the first connection is due; serve those to which something
/// came; then those that are due, in the order of their times, each by a fresh look at the clock.
final class ServerLoop {
    private static let acceptsPerTurn = 8
    /// After an `accept` that failed (no descriptors left, say): how long before the next try.
    private static let acceptPause = Timeout.milliseconds(10)
    /// How long those that are due may keep the others waiting.
    private static let dueTime = Timeout.microseconds(200)
    fileprivate static let listenerToken = UInt64.max
    fileprivate static let wakeToken = UInt64.max - 1

    private let setup: ServerSetup
    private var options: ServerOptions { setup.options }
    private var epoll: Epoll { setup.epoll }
    private let events = EventBuffer()
    private let queue = WakeQueue()
    private let memory: InputMemory

    /// Nil while connections are refused, and from a failure to listen again on.
    private var listener: StreamSocket?
    private var hasWaiting = true
    /// How long before a time the loop stops sleeping.
    private let spin: Timeout
    private var acceptsAgainAt = Instant(nanoseconds: 0)
    private var acceptedCount = 0
    /// When the listener is closed or opened next, by `ServerOptions.refusal`.
    private var refusalChangesAt = Instant.distantFuture

    private var places: [ServedConnection?] = []
    private var free: [Int] = []
    private var count: Int { places.count - free.count }

    init(_ setup: ServerSetup) {
        self.setup = setup
        listener = setup.listener
        spin = setup.options.spin
        memory = InputMemory(setup.options.inputMemory)
    }

    /// Serves until `isStopped` says so; whoever makes it so signals the wake event. Closes everything,
    /// the listener too.
    func run(until isStopped: () -> Bool) {
        if let refusal = options.refusal { refusalChangesAt = MonotonicClock.now + refusal.after }
        MonotonicClock.withExactSleeps { while !isStopped() { turn() } }
        for connection in places { connection?.stop() }
        places = []
        free = []
        listener?.descriptor.close()
    }

    private func turn() {
        let ready = epoll.wait(events, for: waitTime())
        for index in 0..<ready {
            bring(events[index])
            // A crowd must not hold up those that are due.
            serveFirstDue(at: MonotonicClock.now)
        }
        serveDue()
        accept()
        if refusalChangesAt <= MonotonicClock.now { changeRefusal() }
    }

    private var mayAccept: Bool { hasWaiting && listener != nil && count < options.connectionLimit }

    private func waitTime() -> Timeout? {
        let now = MonotonicClock.now
        var due = min(queue.next, refusalChangesAt)
        if mayAccept { due = min(due, acceptsAgainAt) }
        if due == .distantFuture { return nil }
        // The kernel wakes late, and by how much varies: the rest is waited for without it.
        return Timeout(nanoseconds: due.since(now).nanoseconds - spin.nanoseconds)
    }

    // MARK: Connections

    private func bring(_ event: Epoll.Event) {
        switch event.token {
        case ServerLoop.wakeToken: return
        case ServerLoop.listenerToken: hasWaiting = true
        default:
            let place = Int(event.token & 0xFFFF_FFFF)
            // Of a connection that has ended within this turn, or another one has its place.
            guard place < places.count, let connection = places[place],
                ServerLoop.token(connection, place) == event.token
            else { return }
            serve(
                connection, at: place, Readiness(read: event.readable, write: event.writable),
                MonotonicClock.now)
        }
    }

    private func serve(
        _ connection: ServedConnection, at place: Int, _ ready: Readiness, _ now: Instant
    ) {
        connection.serve(ready, at: now)
        if connection.state != .over { return queue.schedule(place, at: connection.wakeAt) }
        queue.schedule(place, at: .distantFuture)
        places[place] = nil
        free.append(place)
    }

    @discardableResult
    private func serveFirstDue(at now: Instant) -> Bool {
        guard let place = queue.firstDue(at: now), let connection = places[place] else {
            return false
        }
        serve(connection, at: place, .none, now)
        return true
    }

    private func serveDue() {
        var now = MonotonicClock.now
        let limit = now + ServerLoop.dueTime
        while now < limit {
            if !serveFirstDue(at: now), queue.next > now + spin { return }
            now = MonotonicClock.now
        }
    }

    private static func token(_ connection: ServedConnection, _ place: Int) -> UInt64 {
        UInt64(UInt32(truncatingIfNeeded: connection.id) & 0x7FFF_FFFF) << 32 | UInt64(place)
    }

    // MARK: Accepting

    private func accept() {
        guard let listener, hasWaiting, acceptsAgainAt <= MonotonicClock.now else { return }
        for _ in 0..<ServerLoop.acceptsPerTurn where count < options.connectionLimit {
            do throws(SystemError) {
                guard let socket = try listener.accept() else {
                    hasWaiting = false
                    return
                }
                try add(socket)
            } catch {
                acceptsAgainAt = MonotonicClock.now + ServerLoop.acceptPause
                return
            }
        }
    }

    private func add(_ socket: StreamSocket) throws(SystemError) {
        let place = free.popLast() ?? places.count
        if place == places.count { places.append(nil) }
        let connection = ServedConnection(
            id: acceptedCount, socket: socket, setup: setup, memory: memory, now: MonotonicClock.now
        )
        acceptedCount += 1
        connection.onWake = { [queue] in queue.schedule(place, at: Instant(nanoseconds: 0)) }
        places[place] = connection
        if connection.isWatched {
            do throws(SystemError) {
                try epoll.add(socket.descriptor, token: ServerLoop.token(connection, place))
            } catch {
                connection.stop()
                places[place] = nil
                free.append(place)
                throw error
            }
        }
        let ready = Readiness(read: connection.isWatched, write: false)
        serve(connection, at: place, ready, MonotonicClock.now)
    }

    // MARK: Refusing

    /// Closes the listener, so that the kernel refuses, or listens again on the same address.
    private func changeRefusal() {
        guard let refusal = options.refusal else { return }
        let now = MonotonicClock.now
        if let open = listener {
            open.descriptor.close()
            listener = nil
            refusalChangesAt = now + refusal.lasting
            return
        }
        do throws(SystemError) {
            let opened = try StreamSocket.listen(on: setup.address)
            try epoll.addReadable(opened.descriptor, token: ServerLoop.listenerToken)
            listener = opened
            hasWaiting = true
            refusalChangesAt = refusal.every.map { now + $0 } ?? .distantFuture
        } catch {
            // Somebody else has the port for now.
            refusalChangesAt = now + ServerLoop.acceptPause
        }
    }
}

/// What a server's loop is made of.
struct ServerSetup: Sendable {
    let listener: StreamSocket
    let address: SocketAddress
    let behaviour: ServerBehaviour
    let options: ServerOptions
    let log: ConnectionLog
    let epoll: Epoll
    let wakeEvent: WakeEvent

    init(
        listener: StreamSocket, address: SocketAddress, behaviour: ServerBehaviour,
        options: ServerOptions, log: ConnectionLog
    ) throws(SystemError) {
        self.listener = listener
        self.address = address
        self.behaviour = behaviour
        self.options = options
        self.log = log
        epoll = try Epoll()
        wakeEvent = try WakeEvent()
        try epoll.addReadable(wakeEvent.descriptor, token: ServerLoop.wakeToken)
        try epoll.addReadable(listener.descriptor, token: ServerLoop.listenerToken)
    }
}

/// What all connections of a server hold of requests that have not been answered.
final class InputMemory {
    private let limit: ByteLimit
    private var held = 0

    init(_ limit: ByteLimit) { self.limit = limit }

    var isFull: Bool { held > limit.bytes }
    func take(_ count: Int) { held += count }
    func giveBack(_ count: Int) { held -= count }
}
