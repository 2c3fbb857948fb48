import Glibc
import Synchronization
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireSystem
import WireTime
import WireTransport

/// A thousand requests cancelled by another thread at any moment of theirs. In a process of its own,
/// so that the descriptors counted and the numbers reused are only these tests'.
@Suite struct CancellationStressTests {
    @Test(.disabled(if: Sanitizers.hasThread, "it takes a contended Mutex for a race"))
    func nothingLeaksAndNobodyElseIsTouched() async {
        await #expect(processExitsWith: .success) {
            let before = DescriptorCheck.openSockets()
            for driver in Driver.allCases {
                let fault = try Driver.$current.withValue(driver) {
                    try CancellationStress.run(rounds: 1_000, seed: 20_261_120)
                }
                if let fault { fail("\(driver): \(fault)") }
            }
            let after = DescriptorCheck.openSockets()
            if after != before { fail("open before: \(before), after: \(after)") }
        }
    }

    /// The kernel gives a closed descriptor's number to the next who asks. In a process of its own:
    /// here that next one is known.
    @Test func aClosedDescriptorIsNotShutDown() async {
        await #expect(processExitsWith: .success) {
            let listener = try StreamSocket.listen(on: .loopback(port: 0))
            func closedAndForeign() throws -> (StreamSocket, StreamSocket) {
                let socket = try StreamSocket.connect(to: listener.localAddress!)
                socket.descriptor.close()
                return (socket, try StreamSocket.connect(to: listener.localAddress!))
            }
            var (socket, foreign) = try closedAndForeign()
            // Somebody else in the process may have been quicker, and keep the number.
            var others: [StreamSocket] = []
            while foreign.descriptor.rawValue != socket.descriptor.rawValue, others.count < 100 {
                others.append(foreign)
                (socket, foreign) = try closedAndForeign()
            }
            #expect(foreign.descriptor.rawValue == socket.descriptor.rawValue)
            _ = Poll.wait(
                foreign.descriptor, for: Readiness(read: false, write: true), until: .distantFuture)
            socket.descriptor.shutdown()
            socket.descriptor.interrupt()
            socket.descriptor.close()
            #expect(foreign.peerAddress != nil, "still connected")
            #expect(!foreign.isReadable(), "and not at its end")
        }
    }

    /// A cancelled stream that was read empty after all, while the peer waits for room to write. The
    /// kernel must not keep an orphan: with a closed window it may let the peer wait for a minute.
    @Test func aPeerThatOnlyWritesLearnsOfIt() throws {
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        defer { listener.descriptor.close() }
        let socket = try StreamSocket.connect(to: listener.localAddress!)
        let reads = Readiness(read: true, write: false)
        _ = Poll.wait(listener.descriptor, for: reads, until: .distantFuture)
        let peer = LoopbackPeer(socket: try #require(try listener.accept()))
        defer { peer.socket.descriptor.close() }
        let ports = (socket.localAddress!.port, listener.localAddress!.port)
        let piece = [UInt8](repeating: 120, count: 65_536)
        while case .bytes = peer.socket.send(piece.span, piece.span.extracting(first: 0)) {}
        #expect(KernelConnections.has(from: ports.0, to: ports.1) == true)
        socket.descriptor.shutdown()
        let client = LoopbackPeer(socket: socket)
        while case .bytes = client.read() {}
        socket.descriptor.close()
        #expect(KernelConnections.has(from: ports.0, to: ports.1) == false)
        let writes = Readiness(read: false, write: true)
        #expect(Poll.wait(peer.socket.descriptor, for: writes, until: .distantFuture).write)
    }
}

/// The stress itself.
enum CancellationStress {
    /// What the server does with a request, by its path.
    enum Peer: String, CaseIterable {
        case silent, halfHead, line, flood, answer, unread
    }

    /// More than the kernel's buffers hold, so that sending it takes a while.
    private static let largeBody = [UInt8](repeating: 32, count: 32 << 20)

    /// Returns what went wrong, or nil.
    static func run(rounds: Int, seed: UInt64) throws -> String? {
        let server = try LoopbackServer { serve($0) }
        defer { server.stop() }
        // Its queue is full: connecting never ends.
        let full = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        let filler = try StreamSocket.connect(to: full.localAddress!)
        defer {
            filler.descriptor.close()
            full.descriptor.close()
        }
        let bystander = Bystander()
        var random = SeededGenerator(seed: seed)
        var client = realClient()
        var phases: [Phase: Int] = [:]
        var fault: String?
        for round in 0..<rounds where fault == nil {
            let connects = random.chance(1, in: 8)
            let path = random.pick(Peer.allCases)
            let port = connects ? full.localAddress!.port : server.port
            let body = path == .unread ? largeBody : nil
            let request = HTTPRequest(
                body == nil ? "GET" : "POST",
                HTTPURL(scheme: .http, host: "127.0.0.1", port: port, target: "/\(path.rawValue)"),
                body: body)
            let hasHead = !connects && (path == .line || path == .flood || path == .answer)
            let error = race(
                &client, request, fromHead: hasHead && random.chance(1, in: 2),
                spins: random.below(1 << random.below(15)))
            switch error?.kind {
            case .cancelled: phases[error!.phase, default: 0] += 1
            case nil where path == .answer && !connects: break
            default: fault = "round \(round), /\(path) (seed \(seed)): \(error as Any)"
            }
            if client.connections.leased != 0 { fault = "round \(round): leased" }
        }
        client.closeIdleConnections()
        let touched = bystander.stop()
        if touched != 0 { fault = "\(touched) foreign descriptors were touched" }
        for phase in [Phase.connect, .request, .head, .body] where phases[phase] == nil {
            fault = fault ?? "none was cancelled in the phase \(phase): \(phases)"
        }
        return fault
    }

    /// Sends, while another thread cancels so many turns of a loop after the start, or after the head.
    private static func race(
        _ client: inout TestClient, _ request: HTTPRequest, fromHead: Bool, spins: Int
    ) -> TransportError? {
        let cancellation = Cancellation()
        let started = Atomic(!fromHead)
        let canceller = PlainThread {
            while !started.load(ordering: .acquiring) {}
            let turns = Atomic(0)
            for _ in 0..<spins { turns.wrappingAdd(1, ordering: .relaxed) }
            cancellation.cancel()
        }
        defer {
            started.store(true, ordering: .releasing)
            canceller.join()
        }
        do throws(TransportError) {
            var response = try client.send(request, cancellation: cancellation)
            started.store(true, ordering: .releasing)
            while try response.nextLine() != nil {}
            return nil
        } catch { return error }
    }

    private static func serve(_ peer: LoopbackPeer) {
        while true {
            let head = String(decoding: peer.readHead(), as: UTF8.self)
            let path = head.split(separator: " ").dropFirst().first?.dropFirst() ?? ""
            switch Peer(rawValue: String(path)) {
            case nil: return
            case .silent, .unread: break
            case .halfHead: peer.send("HTTP/1.1 200 OK\r\nA: ")
            case .line: peer.send(chunkedHead + chunk("one\n"))
            case .flood:
                peer.send(chunkedHead)
                let lines = String(repeating: String(repeating: "x", count: 999) + "\n", count: 5)
                while peer.send(chunk(lines)) {}
            case .answer:
                if peer.send(okResponse) { continue }
            }
            _ = peer.waitForEnd()
            return
        }
    }
}

/// Opens and closes descriptors of its own all the time, so that the kernel gives out numbers that
/// the client has just closed, and sees whether anybody shuts one of them down.
private final class Bystander: Sendable {
    private let touched = Atomic(0)
    private let ended = Atomic(false)
    private let thread = Mutex<PlainThread?>(nil)

    init() {
        thread.withLock { thread in thread = PlainThread { [self] in churn() } }
    }

    /// Returns how many of its descriptors were touched.
    func stop() -> Int {
        ended.store(true, ordering: .releasing)
        thread.withLock { thread in thread?.join() }
        return touched.load(ordering: .acquiring)
    }

    private func churn() {
        var pairs: [(Int32, Int32)] = []
        while !ended.load(ordering: .acquiring) {
            var ends: InlineArray<2, Int32> = [0, 0]
            // Safe because socketpair writes two descriptors.
            let made = unsafe withUnsafeMutableBytes(of: &ends) {
                unsafe socketpair(
                    AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0,
                    $0.baseAddress!.assumingMemoryBound(to: Int32.self))
            }
            if made == 0 { pairs.append((ends[0], ends[1])) }
            if pairs.count < 8 { continue }
            for pair in pairs where !isAlive(pair) { touched.wrappingAdd(1, ordering: .relaxed) }
            let pair = pairs.removeFirst()
            close(pair.0)
            close(pair.1)
        }
        for pair in pairs {
            close(pair.0)
            close(pair.1)
        }
    }

    /// A byte goes through both ways.
    private func isAlive(_ pair: (Int32, Int32)) -> Bool {
        for (from, to) in [pair, (pair.1, pair.0)] {
            var byte: UInt8 = 7
            // Safe because one byte is written and read.
            let sent = unsafe Glibc.send(from, &byte, 1, Int32(MSG_NOSIGNAL))
            let got = unsafe recv(to, &byte, 1, Int32(MSG_DONTWAIT))
            if sent != 1 || got != 1 { return false }
        }
        return true
    }
}
