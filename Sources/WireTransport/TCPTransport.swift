public import WireSockets
public import WireTime

extension Descriptor: Interruptible {
    public func interrupt() { shutdown() }
}

/// A TCP connection.
public final class TCPTransport: ByteTransport {
    public let peer: String
    public let longestReceive: Timeout?
    private let socket: StreamSocket

    /// Starts connecting.
    ///
    /// - Parameter receivesMayWait: for those who have the thread to themselves.
    public init(
        connectingTo address: SocketAddress, receivesMayWait: Bool = false
    ) throws(SystemError) {
        peer = address.description
        socket = try StreamSocket.connect(to: address)
        let longest = receivesMayWait ? Timeout.seconds(1) : nil
        if let longest { try socket.letReceivesWait(for: longest) }
        longestReceive = longest
    }

    public var interruptible: any Interruptible { socket.descriptor }
    public var descriptor: Descriptor { socket.descriptor }

    public func finishConnecting() -> SystemError? { socket.connectError() }

    public func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        socket.receive(into: &output)
    }

    public func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult {
        socket.receiveWaiting(into: &output)
    }

    public func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        socket.send(first, second)
    }

    public func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        Poll.wait(socket.descriptor, for: interest, until: deadline)
    }

    public func isReadable() -> Bool { socket.isReadable() }

    public func close() { socket.descriptor.close() }
}

/// Linux itself.
public final class LinuxSystem: NetworkSystem {
    public init() {}

    public var now: Instant { MonotonicClock.now }

    public func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        Resolver.knownAddresses(of: host, port: port)
    }

    public func addresses(
        of host: String, port: UInt16
    ) throws(ResolveFailure) -> [SocketAddress] {
        try Resolver.addresses(of: host, port: port)
    }

    public func open(_ address: SocketAddress) throws(SystemError) -> any ByteTransport {
        try TCPTransport(connectingTo: address, receivesMayWait: true)
    }
}
