internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireSockets
internal import WireTime
internal import WireTransport

/// The blocking driver: `ppoll`, and no thread but one for a name that has to be looked up.
extension ExchangeDriver {
    mutating func run(_ system: any NetworkSystem) throws(TransportError) {
        while try !advanceToHead() { try wait(system) }
    }

    /// The next unit of the body, or nil at its end.
    mutating func nextRange(
        _ unit: Unit, _ system: any NetworkSystem
    ) throws(TransportError) -> ByteRange? {
        while true {
            switch try next(unit) {
            case .record(let range): return range
            case .end: return nil
            case .blocked: try wait(system)
            }
        }
    }

    private mutating func wait(_ system: any NetworkSystem) throws(TransportError) {
        if try receiveWaiting() { return }
        switch nextWait() {
        case .transport(let transport, let interest, let deadline):
            try woke(transport.wait(for: interest, until: deadline))
        case .anyOf(let opening, let deadline):
            system.waitForAny(of: opening, until: deadline)
            try woke(.none)
        case .addresses(let host, let port, let deadline, let cancellation):
            if let found = addresses(of: host, port, until: deadline, cancellation, system) {
                try resolved(found)
            } else {
                try woke(.none)
            }
        case .body(let source, _, let deadline):
            waitForBody(source, until: deadline)
            try woke(.none)
        case .pause(let deadline, let cancellation):
            system.pause(until: deadline, cancellation)
            try woke(.none)
        // A client of one thread has no limits that could make it wait for itself.
        case .connection, .turn: try woke(.none)
        }
    }

    /// Of a source that is somebody else's work. What the peer says is read with its next piece.
    private func waitForBody(_ source: any BodySource, until deadline: Instant) {
        // Without a descriptor to wait with, there is only asking again.
        guard let latch = try? Latch() else { return }
        cancellation?.attach(latch)
        defer { cancellation?.detach(latch) }
        source.whenReady { latch.open() }
        _ = latch.wait(until: deadline)
    }

    private func addresses(
        of host: String, _ port: UInt16, until deadline: Instant, _ cancellation: Cancellation?,
        _ system: any NetworkSystem
    ) -> NameLookUp.Answer? {
        do throws(SystemError) {
            let latch = try Latch()
            cancellation?.attach(latch)
            defer { cancellation?.detach(latch) }
            return system.addresses(of: host, port: port, until: deadline, opening: latch)
        } catch { return .failure(ResolveFailure(host: host, message: error.description)) }
    }
}

extension NetworkSystem {
    /// Waits until the deadline has come, or `cancellation` is cancelled.
    func pause(until deadline: Instant, _ cancellation: Cancellation?) {
        guard let latch = try? Latch() else { return }
        cancellation?.attach(latch)
        defer { cancellation?.detach(latch) }
        pause(until: deadline, orOpen: latch)
    }
}
