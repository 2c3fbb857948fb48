public import WireSockets
public import WireTime

extension Descriptor: Interruptible {
    public func interrupt() { shutdown() }
}

/// A connection of the kernel's: TCP, or a Unix socket.
///
/// `@unchecked Sendable`: like every transport it has one user at a time, who reads and has the stamp.
public final class TCPTransport: ByteTransport, @unchecked Sendable {
    public var peer: String { address.description }
    public let longestReceive: Timeout?
    public private(set) var receiveStamp: ReceiveStamp?
    private let address: SocketAddress
    private let socket: StreamSocket
    private let isStamped: Bool

    /// Starts connecting.
    ///
    /// - Parameter receivesMayWait: for those who have the thread to themselves.
    public init(
        connectingTo address: SocketAddress, _ setup: SocketSetup = .none,
        receivesMayWait: Bool = false
    ) throws(SystemError) {
        self.address = address
        socket = try StreamSocket.connect(to: address, setup)
        let longest = receivesMayWait ? Timeout.seconds(1) : nil
        if let longest { try socket.letReceivesWait(for: longest) }
        longestReceive = longest
        isStamped = setup.stampsReceived
    }

    public var interruptible: any Interruptible { socket.descriptor }
    public var descriptor: Descriptor { socket.descriptor }

    public func finishConnecting() -> ConnectResult { socket.connectResult() }

    public func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        isStamped ? receiveStamped(into: &output, waits: false) : socket.receive(into: &output)
    }

    public func receiveWaiting(into output: inout OutputRawSpan) -> ReceiveResult {
        isStamped
            ? receiveStamped(into: &output, waits: true) : socket.receiveWaiting(into: &output)
    }

    private func receiveStamped(into output: inout OutputRawSpan, waits: Bool) -> ReceiveResult {
        let (result, stamp) = socket.receiveStamped(into: &output, waits: waits)
        if let stamp { receiveStamp = stamp }
        return result
    }

    public var facts: ConnectionFacts {
        ConnectionFacts(
            local: socket.localAddress?.description, peer: peer, kernel: socket.facts)
    }

    public func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        socket.send(first, second)
    }

    public func setReceiveLowWatermark(_ bytes: Int) throws(SystemError) {
        try socket.setReceiveLowWatermark(bytes)
    }

    public func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        Poll.wait(socket.descriptor, for: interest, until: deadline)
    }

    public func isReadable() -> Bool { socket.isReadable() }

    public func close() { socket.descriptor.close() }
}

/// Linux itself.
public final class LinuxSystem: NetworkSystem {
    package let lookUps: NameLookUps

    /// - Parameter lookUps: what looks names up.
    public init(_ lookUps: NameLookUps = .shared) { self.lookUps = lookUps }

    public var now: Instant { MonotonicClock.now }

    public func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        Resolver.knownAddresses(of: host, port: port)
    }

    public func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer? {
        let lookUp = lookUps.start(host, port: port) { latch.open() }
        defer { lookUp.giveUp() }
        _ = latch.wait(until: deadline)
        return lookUp.answer
    }

    public func pause(until deadline: Instant, orOpen latch: Latch) {
        _ = latch.wait(until: deadline)
    }

    public func open(
        _ address: SocketAddress, _ setup: SocketSetup
    ) throws(SystemError) -> any ByteTransport {
        try TCPTransport(connectingTo: address, setup, receivesMayWait: true)
    }

    public func waitForAny(of opening: [any ByteTransport], until deadline: Instant) {
        let write = Readiness(read: false, write: true)
        let descriptors = opening.map { transport in
            guard let transport = transport as? TCPTransport else {
                preconditionFailure("a connection of another system")
            }
            return (transport.descriptor, write)
        }
        _ = Poll.wait(descriptors, until: deadline)
    }
}
