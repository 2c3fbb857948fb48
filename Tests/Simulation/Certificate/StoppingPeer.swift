#if TLS
import TestSupport
import WireDriver
import WireExchange
import WireHTTPClient
import WireReactor
import WireSockets
import WireTime
import WireTransport

/// A system with one connection at a time, to a TLS server that answers and stops, in virtual time. What
/// it sends is there at once; a wait takes what it takes.
///
/// Unchecked: a case runs on one thread.
final class StoppingSystem: AsyncNetworkSystem, @unchecked Sendable {
    static let start = Instant(nanoseconds: 1_000_000_007)

    private(set) var now = StoppingSystem.start
    private(set) var peer: StoppingPeer?
    private var makePeer: (() -> StoppingPeer)?
    private(set) var problems: [String] = []

    var elapsed: Timeout { now.since(StoppingSystem.start) }

    /// Begins anew, with a peer for the next connection.
    func prepare(_ make: @escaping () -> StoppingPeer) {
        now = StoppingSystem.start
        (peer, makePeer, problems) = (nil, make, [])
    }

    func knownAddresses(of host: String, port: UInt16) -> [SocketAddress]? {
        [.loopback(port: port)]
    }

    func open(_ address: SocketAddress, _ setup: SocketSetup) throws(SystemError)
        -> any ByteTransport
    {
        guard let makePeer else {
            problems.append("a second connection")
            throw SystemError("connect", 111)
        }
        self.makePeer = nil
        let peer = makePeer()
        peer.system = self
        self.peer = peer
        return peer
    }

    func wait(_ interest: Readiness, of peer: StoppingPeer, until deadline: Instant) -> Readiness {
        let ready = Readiness(read: interest.read && peer.isReadable(), write: interest.write)
        if ready != .none { return ready }
        let next = peer.stopsAt ?? .distantFuture
        if min(next, deadline) == .distantFuture {
            problems.append("a wait for ever")
            return interest
        }
        now = min(next, deadline)
        return Readiness(read: interest.read && peer.isReadable(), write: false)
    }

    func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome? {
        switch wait {
        case .transport(let transport, let interest, let deadline):
            return .ready(transport.wait(for: interest, until: deadline))
        case .turn: return .ready(.none)
        default:
            problems.append("a wait for something else")
            return .ready(.none)
        }
    }

    func start(_ callback: any ExchangeCallback, on loop: EventLoop?) { callback.resumed(.none) }
    func schedule(at due: Instant, _ body: @escaping @Sendable () -> Void) {}
    func waitForAny(of opening: [any ByteTransport], until deadline: Instant) { refuse() }
    func pause(until deadline: Instant, orOpen latch: Latch) { refuse() }
    func pause(until deadline: Instant, _ cancellation: Cancellation?) async { refuse() }
    func ready(anyOf opening: [any ByteTransport], until deadline: Instant) async { refuse() }
    func yield() async { refuse() }

    func ready(
        _ transport: any ByteTransport, for interest: Readiness, until deadline: Instant,
        isWatched: Bool
    ) async -> Readiness { transport.wait(for: interest, until: deadline) }

    func ready(
        _ transport: any ByteTransport, or source: any BodySource, until deadline: Instant,
        isWatched: Bool
    ) async { refuse() }

    func addresses(
        of host: String, port: UInt16, until deadline: Instant, opening latch: Latch
    ) -> NameLookUp.Answer? { refuse() }

    func addresses(
        of host: String, port: UInt16, until deadline: Instant, _ cancellation: Cancellation?
    ) async -> NameLookUp.Answer? { refuse() }

    func wait(
        for ticket: PoolTicket, until deadline: Instant, _ cancellation: Cancellation?
    ) async { refuse() }

    private func refuse() -> Never {
        preconditionFailure("nothing of a certificate waits for this")
    }
}

/// The connection and the server behind it: OpenSSL's, of which only so many bytes get through.
///
/// Unchecked: a case runs on one thread.
final class StoppingPeer: ByteTransport, @unchecked Sendable {
    let peer = "127.0.0.1:443"
    weak var system: StoppingSystem?
    private let server: TestPeer
    private let answer: [UInt8]
    private let closesBehind: Bool
    private let limit: Int
    private let stop: Certificate.Stop
    private let flag = Flag()
    private var requests = RequestCounter()
    private var hasAnswered = false

    private(set) var produced: [UInt8] = []
    private var taken = 0
    private(set) var isClosed = false
    /// When all that gets through has: then the peer is gone.
    private(set) var stopsAt: Instant?
    /// Behind the server's part of the handshake.
    private(set) var handshakeEnd = 0
    /// Where each record of the answer ends, and how much of the answer it completes.
    private(set) var records: [(end: Int, plain: Int)] = []
    private(set) var closeEnd: Int?

    init(
        _ server: TestPeer, answer: [UInt8], closesBehind: Bool, limit: Int,
        _ stop: Certificate.Stop
    ) {
        self.server = server
        self.answer = answer
        self.closesBehind = closesBehind
        self.limit = limit
        self.stop = stop
    }

    private var through: Int { min(produced.count, limit) }

    /// The server does all that it can with what has come.
    private func carryOn() {
        let isDone = server.handshake() == .done
        produced += server.take()
        if handshakeEnd == 0 { handshakeEnd = produced.count }
        if isDone {
            let bytes = server.read().bytes
            requests.take(bytes.span)
            if requests.complete > 0, !hasAnswered { say() }
        }
        settleStop()
    }

    private func say() {
        hasAnswered = true
        produced += server.take()
        var sent = 0
        while sent < answer.count {
            let count = min(97, answer.count - sent)
            server.write([UInt8](answer[sent..<sent + count]))
            sent += count
            produced += server.take()
            records.append((produced.count, sent))
        }
        if closesBehind {
            server.close()
            produced += server.take()
            closeEnd = produced.count
        }
    }

    private func settleStop() {
        if stopsAt == nil, stop != .stall, produced.count >= limit || hasAnswered, let system {
            stopsAt = system.now + .milliseconds(5)
        }
    }

    private var isStopped: Bool { stopsAt.map { $0 <= system?.now ?? $0 } ?? false }

    // MARK: ByteTransport

    var interruptible: any Interruptible { flag }

    func finishConnecting() -> ConnectResult {
        settleStop()
        return .connected
    }

    func isReadable() -> Bool { taken < through || isStopped }

    func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        let count = min(output.freeCapacity, through - taken)
        if count > 0 {
            for byte in produced[taken..<taken + count] { output.append(byte) }
            taken += count
            return .bytes(count)
        }
        if !isStopped { return .wouldBlock }
        return stop == .fin ? .end : .failed(SystemError("recv", 104))
    }

    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        if isStopped, stop == .reset { return .failed(SystemError("sendmsg", 104)) }
        server.put(first)
        server.put(second)
        if !isClosed { carryOn() }
        return .bytes(first.count + second.count)
    }

    func wait(for interest: Readiness, until deadline: Instant) -> Readiness {
        system?.wait(interest, of: self, until: deadline) ?? .none
    }

    func close() { isClosed = true }
}

private final class Flag: Interruptible {
    func interrupt() {}
}
#endif
