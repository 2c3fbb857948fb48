internal import WireExchange
internal import WireHTTP1
internal import WireSecurity
internal import WireTLS
internal import WireTransport

/// From a connection to one that is secured.
extension ExchangeDriver {
    /// A connection stands: the request goes over it, over TLS if it has to.
    mutating func use(_ transport: any ByteTransport) throws(TransportError) {
        guard request.origin.isSecure else {
            lease?.adopt(transport, interruptedBy: cancellation)
            return try beginRequest(at: lastReturn)
        }
        let secured: TLSTransport
        do throws(TLSError) {
            secured = try TLSTransport(
                over: transport, pool.connecting.tls.context(), server: request.origin.host,
                sessionKey: "\(request.origin.host):\(request.origin.port)")
        } catch {
            lease?.adopt(transport, interruptedBy: cancellation)
            return try settle(machine.failed(at: lastReturn) { .tls(error, $0) })
        }
        lease?.adopt(secured, interruptedBy: cancellation)
        machine.beginHandshake(at: lastReturn)
        stage = .securing(secured)
        try advanceHandshake(secured)
    }

    mutating func advanceHandshake(_ transport: TLSTransport) throws(TransportError) {
        switch transport.handshake() {
        case .done:
            lastReturn = system.now
            expectsWait = !transport.hasBufferedInput
            try beginRequest(at: lastReturn)
        case .waits: try settle(machine.timeReached(lastReturn))
        case .broken(let error): try connectionFailed(error)
        case .failed(let error):
            // Who was interrupted sees the connection end.
            try checkCancellation(at: lastReturn)
            try settle(machine.failed(at: lastReturn) { .tls(error, $0) })
        }
    }
}
