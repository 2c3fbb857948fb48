internal import WireExchange
internal import WireHTTP1
internal import WireSecurity
internal import WireSockets
internal import WireTime
internal import WireTransport

/// The way to a connection: one that idles, or a new one to the first address that answers.
extension ExchangeDriver {
    mutating func takeConnection(fresh: Bool) throws(TransportError) {
        try checkCancellation()
        let now = system.now
        let origin = pool.connecting.route.map { request.origin.by($0) } ?? request.origin
        switch pool.lease(origin, at: now) {
        case .lease(let lease): try use(lease, fresh: fresh, at: now)
        case .queued(let ticket):
            machine.beginPoolWait(at: now)
            stage = .queued(PoolPlace(ticket), fresh: fresh)
        case .refused: try refuse()
        }
    }

    mutating func queued(_ place: PoolPlace, fresh: Bool) throws(TransportError) {
        guard place.ticket.isOver else { return try settle(machine.timeReached(lastReturn)) }
        machine.endPoolWait()
        guard let lease = place.ticket.take() else { return try refuse() }
        lease.checkReused()
        try use(lease, fresh: fresh, at: system.now)
    }

    private mutating func refuse() throws(TransportError) {
        try settle(
            machine.failed(at: system.now) { _ in
                .request(.invalidRequest("the client has been shut down"))
            })
    }

    private mutating func use(
        _ lease: ConnectionLease, fresh: Bool, at now: Instant
    ) throws(TransportError) {
        self.lease = lease
        expectsWait = true
        if fresh { lease.replaceReused() }
        isReused = lease.transport != nil
        if isReused {
            lease.attach(cancellation)
            return try beginRequest(at: now)
        }
        if let error = pool.connecting.error {
            return try settle(machine.failed(at: now) { _ in .request(error) })
        }
        if request.origin.isSecure {
            // Before anything is sent to anybody.
            do throws(TLSError) { _ = try pool.connecting.tls.context() } catch {
                return try settle(machine.failed(at: now) { .tls(error, $0) })
            }
            // Authorities may have been read meanwhile.
            lastReturn = system.now
        }
        machine.beginResolve(at: max(now, lastReturn))
        stage = .resolving
        // What needs no look-up needs no waiting either.
        if let known = knownAddresses { try resolved(.success(known)) }
    }

    private var knownAddresses: [SocketAddress]? {
        if let socket = pool.connecting.unixSocket { return [socket] }
        return system.knownAddresses(of: request.origin.host, port: request.origin.port)
    }

    mutating func connect(_ addresses: [SocketAddress]) throws(TransportError) {
        machine.beginConnect(at: lastReturn)
        let race = ConnectRace(addresses, pool.connecting, system, cancellation)
        stage = .connecting(race)
        try settle(race, race.begin(at: lastReturn))
    }

    mutating func advance(_ race: ConnectRace, _ ready: Readiness) throws(TransportError) {
        try settle(race, race.advance(isReady: ready.write, at: lastReturn))
    }

    private mutating func settle(
        _ race: ConnectRace, _ outcome: ConnectRace.Outcome
    ) throws(TransportError) {
        machine.addressesFailed(race.failures)
        switch outcome {
        case .connected(let transport): try use(transport)
        case .failed:
            let attempts = race.failures
            try settle(machine.failed(at: lastReturn) { .connect(attempts, $0) })
        case .waits:
            if machine.nextDeadline > lastReturn { return }
            machine.addressesFailed(race.failures + race.unanswered)
            try settle(machine.timeReached(lastReturn))
        }
    }
}
