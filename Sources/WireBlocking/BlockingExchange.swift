internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireSockets
internal import WireTransport

/// The blocking driver: `ppoll` on one connection, no threads.
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
        switch wait {
        case .transport(let transport, let interest, let deadline):
            try woke(transport.wait(for: interest, until: deadline))
        case .addresses(let host, let port, _, _):
            let found: Result<[SocketAddress], ResolveFailure>
            do throws(ResolveFailure) {
                found = .success(try system.addresses(of: host, port: port))
            } catch { found = .failure(error) }
            try resolved(found)
        // A client of one thread has no limits that could make it wait for itself.
        case .connection, .turn: try woke(.none)
        }
    }
}
