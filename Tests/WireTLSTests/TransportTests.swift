#if TLS
import TestSupport
import Testing
import WireBytes
import WireSockets
import WireTLS
import WireTime
import WireTransport

/// A connection to OpenSSL's server in memory, which gives and takes as many bytes at a time as it is
/// told; one user, like every transport.
private final class MemoryTransport: ByteTransport, @unchecked Sendable {
    let server: TestPeer
    private let pieceBytes: Int
    private var incoming: [UInt8] = []
    /// Every other call brings nothing, although there is something.
    var hesitates = true
    private var isHesitating = false
    var hasEnded = false
    private(set) var isClosed = false
    /// What the server has read.
    private(set) var received: [UInt8] = []

    init(_ server: TestPeer, pieceBytes: Int) {
        self.server = server
        self.pieceBytes = pieceBytes
    }

    private func hesitate() -> Bool {
        isHesitating.toggle()
        return isHesitating && hesitates
    }

    /// The server goes on as far as it can.
    func work() {
        if server.handshake() == .done { received += server.read().bytes }
        incoming += server.take()
    }

    let peer = "memory"
    var interruptible: any Interruptible { preconditionFailure("not in these tests") }
    func finishConnecting() -> ConnectResult { .connected }

    func receive(into output: inout OutputRawSpan) -> ReceiveResult {
        work()
        if incoming.isEmpty { return hasEnded ? .end : .wouldBlock }
        if hesitate() { return .wouldBlock }
        let count = min(incoming.count, pieceBytes, output.freeCapacity)
        for byte in incoming[..<count] { output.append(byte) }
        incoming.removeFirst(count)
        return .bytes(count)
    }

    func send(_ first: Span<UInt8>, _ second: Span<UInt8>) -> SendResult {
        if hesitate() { return .wouldBlock }
        let count = min(first.count, pieceBytes)
        server.put(first.extracting(first: count))
        return .bytes(count)
    }

    func wait(for interest: Readiness, until deadline: Instant) -> Readiness { interest }
    func isReadable() -> Bool {
        work()
        return hasEnded || !incoming.isEmpty
    }
    func close() {
        work()
        isClosed = true
    }
}

/// TLS as a transport: the same whatever the pieces that its bytes come and go in.
@Suite struct TransportTests {
    private static let authority = Credential.authority()
    private static let leaf = Credential("a", by: authority, names: "DNS:a.test")

    private func connect(
        pieceBytes: Int, version: TLSVersion = .tls13, tickets: Int = 2
    ) throws -> (TLSTransport, MemoryTransport) {
        let server = TLSTestServer(TransportTests.leaf, version: version, tickets: tickets)
        let memory = MemoryTransport(server.accept(), pieceBytes: pieceBytes)
        let context = try TLSContext(.trusting(TransportTests.authority))
        let transport = try TLSTransport(over: memory, context, server: "a.test", sessionKey: "a")
        for _ in 0..<100_000 {
            switch transport.handshake() {
            case .done: return (transport, memory)
            case .waits: continue
            case .failed(let error): throw error
            case .broken(let error): throw error
            }
        }
        Issue.record("the handshake does not end")
        throw TLSError.truncated
    }

    private func send(_ bytes: [UInt8], over transport: TLSTransport) {
        var sent = 0
        var turns = 0
        while sent < bytes.count || transport.hasPendingOutput {
            turns += 1
            guard turns < 300_000 else {
                Issue.record("sending does not end")
                return
            }
            if sent == bytes.count {
                _ = transport.flush()
                continue
            }
            let rest = bytes.span.extracting(droppingFirst: sent)
            let half = rest.count / 2
            switch transport.send(
                rest.extracting(first: half), rest.extracting(droppingFirst: half))
            {
            case .bytes(let count): sent += count
            case .wouldBlock: continue
            case .failed(let error):
                Issue.record(error)
                return
            }
        }
    }

    private func receive(
        _ count: Int, over transport: TLSTransport, room: Int
    ) throws -> [UInt8] {
        var bytes: [UInt8] = []
        var turns = 0
        while bytes.count < count {
            turns += 1
            try #require(turns < 300_000, "receiving does not end")
            var buffer = ReceiveBuffer(limit: .bytes(room))
            let result = try buffer.refill { transport.receive(into: &$0) }
            switch result {
            case .bytes(let number):
                #expect(number == buffer.rawCount)
                bytes.append(copying: buffer.raw)
            case .wouldBlock: continue
            case .end: return bytes
            case .failed(let error): throw error
            }
        }
        return bytes
    }

    @Test(arguments: [1, 2, 5, 29, 1_000, 100_000], [TLSVersion.tls12, .tls13])
    func inPieces(_ size: Int, _ version: TLSVersion) throws {
        let (transport, memory) = try connect(pieceBytes: size, version: version)
        #expect(transport.tlsFacts != nil)
        let request = [UInt8]((0..<18_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        send(request, over: transport)
        memory.work()
        #expect(memory.received == request)
        let answer = [UInt8](request.reversed())
        memory.server.write(answer)
        #expect(try receive(18_000, over: transport, room: 64) == answer)
        memory.server.write(request)
        #expect(try receive(18_000, over: transport, room: 4_096) == request)
    }

    /// Less than there is room for means that nothing more is there: who has it need not ask again.
    @Test func shortMeansEmpty() throws {
        let (transport, memory) = try connect(pieceBytes: 100_000)
        send([1, 2, 3], over: transport)
        memory.server.write([UInt8](repeating: 7, count: 30_000))
        memory.server.write([UInt8](repeating: 8, count: 30_000))
        memory.hesitates = false
        var total = 0
        var buffer = ReceiveBuffer(limit: .kibibytes(256))
        for _ in 0..<100 {
            var room = 0
            let result = try buffer.refill { output in
                room = output.freeCapacity
                return transport.receive(into: &output)
            }
            guard case .bytes(let count) = result else { continue }
            total += count
            if count < room { break }
        }
        #expect(total == 60_000)
    }

    @Test(arguments: [0, 1, 4]) func ticketsDoNotEndAnIdleConnection(_ tickets: Int) throws {
        let (transport, memory) = try connect(pieceBytes: 100_000, tickets: tickets)
        send([1], over: transport)
        memory.work()
        transport.becomeIdle()
        // The first look may find that nothing comes yet.
        #expect(!transport.isReadable())
        #expect(!transport.isReadable())
        memory.server.write([9])
        #expect(transport.isReadable() || transport.isReadable(), "something to say")
    }

    @Test func closeNotifyEndsAnIdleConnection() throws {
        let (transport, memory) = try connect(pieceBytes: 100_000)
        send([1], over: transport)
        memory.work()
        memory.server.close()
        #expect(transport.isReadable() || transport.isReadable())
    }

    @Test(arguments: [true, false]) func theEndIsSomebodysWordOrNobodys(_ says: Bool) throws {
        let (transport, memory) = try connect(pieceBytes: 100_000)
        send([1], over: transport)
        memory.server.write([1, 2, 3])
        if says { memory.server.close() }
        memory.work()
        memory.hasEnded = true
        #expect(try receive(10, over: transport, room: 64) == [1, 2, 3])
        #expect(transport.isTruncated == !says)
        #expect(transport.tlsFailure == nil)
    }

    @Test func closingSaysSo() throws {
        let (transport, memory) = try connect(pieceBytes: 100_000)
        send([1], over: transport)
        memory.work()
        // The connection hesitates at most once.
        _ = transport.flush()
        transport.close()
        #expect(memory.isClosed)
    }
}
#endif
