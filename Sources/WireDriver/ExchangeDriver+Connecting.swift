internal import WireExchange
internal import WireHTTP1
internal import WireSockets
internal import WireTime
internal import WireTransport

/// The way to a connection: one that idles, or a new one to the first address that answers.
extension ExchangeDriver {
    mutating func takeConnection(fresh: Bool) throws(TransportError) {
        try checkCancellation()
        let now = system.now
        switch pool.lease(request.origin, at: now) {
        case .lease(let lease): try use(lease, fresh: fresh, at: now)
        case .queued(let ticket):
            machine.beginPoolWait(at: now)
            stage = .queued(PoolPlace(ticket))
        case .refused: try refuse()
        }
    }

    mutating func queued(_ place: PoolPlace) throws(TransportError) {
        guard place.ticket.isOver else { return try settle(machine.timeReached(lastReturn)) }
        machine.endPoolWait()
        guard let lease = place.ticket.take() else { return try refuse() }
        lease.checkReused()
        try use(lease, fresh: false, at: system.now)
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
        if let spare = lease.takeSpare() { reader.adopt(spare) }
        expectsWait = true
        if fresh { lease.dropTransport() }
        isReused = lease.transport != nil
        if isReused {
            lease.attach(cancellation)
            return try beginRequest(at: now)
        }
        let origin = request.origin
        machine.beginResolve(at: now)
        stage = .resolving
        // What needs no look-up needs no waiting either.
        if let known = system.knownAddresses(of: origin.host, port: origin.port) {
            try resolved(.success(known))
        }
    }

    /// The addresses one after another, under the one `connect` deadline.
    mutating func connectNext() throws(TransportError) {
        guard let lease else { return }
        while let address = addresses.popFirst() {
            do throws(SystemError) {
                lease.adopt(try system.open(address))
                lease.attach(cancellation)
                return
            } catch { note(address, error) }
        }
        let attempts = attempts
        try settle(machine.failed(at: system.now) { .connect(attempts, $0) })
    }

    private mutating func note(_ address: SocketAddress, _ error: SystemError) {
        attempts.append(
            ConnectAttempt(
                address: address.description, errorNumber: error.number, message: error.message))
    }

    mutating func connecting(_ ready: Readiness) throws(TransportError) {
        guard let transport = lease?.transport else { return }
        guard ready.write else { return try settle(machine.timeReached(lastReturn)) }
        guard let error = transport.finishConnecting() else {
            return try beginRequest(at: lastReturn)
        }
        attempts.append(
            ConnectAttempt(
                address: transport.peer, errorNumber: error.number, message: error.message))
        lease?.dropTransport()
        try connectNext()
    }
}
