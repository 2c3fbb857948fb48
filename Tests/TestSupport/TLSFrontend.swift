#if TLS
internal import WireBytes
internal import WireSockets
internal import WireSystem
internal import WireTime

/// TLS in front of a plain server on loopback: what that says and does goes through OpenSSL's own
/// server, connection by connection; a side that closes has the other closed at once.
public final class TLSFrontend: Sendable {
    public enum Ending: Sendable {
        case closeNotify
        /// The connection just ends.
        case truncation
    }

    public let port: UInt16
    private let listener: StreamSocket
    private let stopped: Latch
    private let thread: PlainThread

    public init(_ server: TLSTestServer, to upstream: UInt16, ending: Ending = .closeNotify) throws
    {
        listener = try StreamSocket.listen(on: .loopback(port: 0))
        port = listener.localAddress?.port ?? 0
        stopped = try Latch()
        let (listener, stopped) = (listener, stopped)
        thread = PlainThread {
            TLSFrontend.run(listener, stopped) { client in
                guard let origin = try? StreamSocket.connect(to: .loopback(port: upstream)) else {
                    return nil
                }
                return Relay(client, origin, server.accept(), ending)
            }
        }
    }

    /// Closes everything.
    public func stop() {
        stopped.open()
        thread.join()
        listener.descriptor.close()
    }

    private static func run(
        _ listener: StreamSocket, _ stopped: Latch, _ make: (StreamSocket) -> Relay?
    ) {
        let read = Readiness(read: true, write: false)
        var relays: [Relay] = []
        while true {
            var waits = [(stopped.descriptor, read), (listener.descriptor, read)]
            for relay in relays { waits += relay.waits }
            let ready = Poll.wait(waits, until: .distantFuture)
            if ready[0].read { break }
            if ready[1].read, let client = try? listener.accept() {
                if let relay = make(client) {
                    relays.append(relay)
                } else {
                    client.descriptor.close()
                }
            }
            relays.removeAll { !$0.advance() }
        }
        for relay in relays { relay.close() }
    }
}

/// One connection and the one behind it. Everything is tried whenever anything is ready.
private final class Relay {
    private static let mark = 1 << 16

    private let client: StreamSocket
    private let origin: StreamSocket
    private let peer: TestPeer
    private let ending: TLSFrontend.Ending
    private var isEstablished = false
    private var toClient: [UInt8] = []
    private var toOrigin: [UInt8] = []
    /// The origin has said all.
    private var isEnding = false

    init(
        _ client: StreamSocket, _ origin: StreamSocket, _ peer: TestPeer,
        _ ending: TLSFrontend.Ending
    ) {
        self.client = client
        self.origin = origin
        self.peer = peer
        self.ending = ending
    }

    var waits: [(Descriptor, Readiness)] {
        let takes = toClient.count < Relay.mark && isEstablished && !isEnding
        return [
            (client.descriptor, Readiness(read: true, write: !toClient.isEmpty)),
            (origin.descriptor, Readiness(read: takes, write: !toOrigin.isEmpty)),
        ]
    }

    func close() {
        client.descriptor.close()
        origin.descriptor.close()
    }

    /// - Returns: false when both are closed.
    func advance() -> Bool {
        guard takeFromClient(), takeFromOrigin() else {
            _ = Relay.send(&toClient, client)
            close()
            return false
        }
        let isDone = !Relay.send(&toClient, client) || isEnding && toClient.isEmpty
        _ = Relay.send(&toOrigin, origin)
        if isDone { close() }
        return !isDone
    }

    private func takeFromClient() -> Bool {
        var input: [UInt8] = []
        let goesOn = Relay.receive(client, &input)
        peer.put(input.span)
        if !isEstablished {
            let status = peer.handshake()
            toClient += peer.take()
            if status == .failed || status == .closed { return false }
            isEstablished = status == .done
        }
        if isEstablished {
            let (bytes, status) = peer.read()
            toOrigin += bytes
            toClient += peer.take()
            if status == .closed || status == .failed { return false }
        }
        return goesOn
    }

    private func takeFromOrigin() -> Bool {
        guard isEstablished, !isEnding, toClient.count < Relay.mark else { return true }
        var output: [UInt8] = []
        let goesOn = Relay.receive(origin, &output)
        if !output.isEmpty { peer.write(output) }
        if !goesOn {
            isEnding = true
            if ending == .closeNotify { peer.close() }
        }
        toClient += peer.take()
        return true
    }

    private static func receive(_ socket: StreamSocket, _ bytes: inout [UInt8]) -> Bool {
        var buffer = ReceiveBuffer(limit: .bytes(mark))
        guard let result = try? buffer.refill({ socket.receive(into: &$0) }) else { return false }
        switch result {
        case .bytes:
            bytes.append(copying: buffer.raw)
            return true
        case .wouldBlock: return true
        case .end, .failed: return false
        }
    }

    /// - Returns: false when the connection is gone.
    private static func send(_ bytes: inout [UInt8], _ socket: StreamSocket) -> Bool {
        while !bytes.isEmpty {
            switch socket.send(bytes.span, Span()) {
            case .bytes(let count): bytes.removeFirst(count)
            case .wouldBlock: return true
            case .failed: return false
            }
        }
        return true
    }
}
#endif
