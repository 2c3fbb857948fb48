import Ollama
import OllamaBlocking
import OllamaProtocol
import Synchronization
import TestSupport
import Testing
import WireBlocking
import WireServer
import WireSockets
import WireSystem
import WireTime

/// The lifetime certificate: every way of leaving x phase x dialect x driver x TLS or not, again and again
/// over real sockets; then nothing is left. In a process of its own, where nothing else opens sockets.
///
/// Besides the phases of a stream there are those of its connection: `connecting`, to a listener whose
/// queue is full, and `handshake`, with a server that says nothing to a ClientHello.
///
/// `TOKENWIRE_LIFETIME_ROUNDS=10000` for the long form, `TOKENWIRE_LIFETIME_PAGE` for a page about it
/// (`make lifetime`).
@Suite struct LifetimeTests {
    @Test func nothingIsLeft() async {
        await #expect(processExitsWith: .success) {
            let rounds = Environment["TOKENWIRE_LIFETIME_ROUNDS"].flatMap { Int($0) } ?? 600
            let world = try LifetimeWorld()
            // So that all threads there will be have started, and what is kept for good is there.
            try await world.run(2 * LifetimeWorld.cells.count)
            let before = try LifetimeResources()
            world.waits = [:]
            try await world.run(rounds)
            var after = try LifetimeResources()
            // Threads that have done their work, and the servers' ends, take a moment.
            let limit = LeaveMatrixTests.farAway
            while !after.isBack(to: before), MonotonicClock.now < limit {
                await Task.yield()
                after = try LifetimeResources()
            }
            #expect(after.isBack(to: before), "\(after), before \(before)")
            if let old = before.bytes, let new = after.bytes {
                // A leak of the least allocation in every round would be more.
                #expect(new - old < max(1 << 20, 32 * rounds), "\(new - old) bytes more")
            }
            world.stop()
            if let path = Environment["TOKENWIRE_LIFETIME_PAGE"] {
                try Files.write(Array(world.page(rounds, before, after).utf8), to: path)
            }
        }
    }
}

private struct LifetimeResources {
    let sockets = DescriptorCheck.openSockets().count
    let threads: Int
    let bytes = MemoryCheck.bytesInUse()

    init() throws { threads = try Files.names(in: "/proc/self/task").count }

    /// The runtime may have started another worker meanwhile, however many there were.
    func isBack(to before: LifetimeResources) -> Bool {
        sockets <= before.sockets && threads <= before.threads + 1
    }
}

/// The servers, and what was seen of them.
private final class LifetimeWorld {
    typealias Way = LeaveMatrixTests.Way

    enum Phase: String, CaseIterable, Sendable {
        case connecting, handshake, head, midStream, lastRecord

        /// Of the stream, once its request is sent.
        var ofStream: LeaveMatrixTests.Phase? { LeaveMatrixTests.Phase(rawValue: rawValue) }
        /// Only an interruption leaves it: nothing has come yet.
        var isWithoutRecords: Bool { ofStream == nil || self == .head }
    }

    struct Cell: Hashable {
        let driver: WayIn
        let way: Way
        let phase: Phase
        let dialect: Int
        let isSecure: Bool
    }

    static let cells: [Cell] = {
        var cells: [Cell] = []
        for phase in Phase.allCases {
            for dialect in 0..<2 {
                for isSecure in secured where isSecure || phase != .handshake {
                    for way in Way.allCases where !phase.isWithoutRecords || way.interrupts {
                        cells.append(
                            Cell(
                                driver: .tasks, way: way, phase: phase, dialect: dialect,
                                isSecure: isSecure))
                        // A blocking call is ended from another thread, by its handle.
                        if way == .returning || way == .task { continue }
                        cells.append(
                            Cell(
                                driver: .blocking, way: way, phase: phase, dialect: dialect,
                                isSecure: isSecure))
                    }
                }
            }
        }
        return cells
    }()

    #if TLS
    private static let secured = [false, true]
    private let frontends: [TLSFrontend]
    #else
    private static let secured = [false]
    #endif
    /// By phase and dialect; none for `connecting`.
    private let servers: [ReplayServer?]
    /// Nobody accepts from it, and its queue is full.
    private let listener: StreamSocket
    private let filler: StreamSocket
    private var accepted: [Int]
    private var clients: [Ollama] = []
    private let options: OllamaClientOptions
    /// From leaving until the server saw the close, nanoseconds.
    var waits: [[String]: [Int64]] = [:]

    init() throws {
        let servers = try Phase.allCases.flatMap { phase in
            try Speech.both.map { try LifetimeWorld.server($0, phase) }
        }
        self.servers = servers
        accepted = Array(repeating: 0, count: servers.count)
        listener = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        filler = try StreamSocket.connect(to: try #require(listener.localAddress))
        var options = OllamaClientOptions()
        #if TLS
        let authority = Credential.authority()
        let peer = TLSTestServer(Credential("peer", by: authority, names: "IP:127.0.0.1"))
        frontends = try servers.map { try TLSFrontend(peer, to: $0?.port ?? 0) }
        options.http.tls.trust = .only([.bytes(authority.certificate)])
        #endif
        self.options = options
        for isSecure in LifetimeWorld.secured {
            for index in servers.indices {
                clients.append(Ollama(host: host(index, isSecure), options: options))
            }
        }
    }

    private static func server(_ speech: Speech, _ phase: Phase) throws -> ReplayServer? {
        if let phase = phase.ofStream { return try LeaveMatrixTests.server(speech, phase) }
        if phase == .connecting { return nil }
        var options = ServerOptions()
        options.loggedConnections = 64
        // A byte of the ClientHello, and nothing comes back.
        return try ReplayServer.performing(Script([.stall]), afterBytes: 1, options: options)
    }

    func stop() {
        #if TLS
        for frontend in frontends { frontend.stop() }
        #endif
        for server in servers { server?.stop() }
        filler.descriptor.close()
        listener.descriptor.close()
    }

    private func index(_ cell: Cell) -> Int {
        Phase.allCases.firstIndex(of: cell.phase)! * 2 + cell.dialect
    }

    private func host(_ index: Int, _ isSecure: Bool) -> String {
        let phase = Phase.allCases[index / 2]
        var port = servers[index]?.port ?? listener.localAddress?.port ?? 0
        #if TLS
        if isSecure, phase.ofStream != nil { port = frontends[index].port }
        #endif
        return (isSecure ? "https" : "http") + "://127.0.0.1:\(port)"
            + (index % 2 == 0 ? "" : "/v1")
    }

    // MARK: Rounds

    func run(_ rounds: Int) async throws {
        for round in 0..<rounds {
            let cell = LifetimeWorld.cells[round % LifetimeWorld.cells.count]
            let index = index(cell)
            let client = clients[(cell.isSecure ? servers.count : 0) + index]
            let wait: Int64
            if let server = servers[index] {
                let connection = accepted[index]
                accepted[index] += 1
                let left = try await leave(cell, client, index) { @Sendable in
                    _ = server.log.wait(for: connection, until: LeaveMatrixTests.farAway) {
                        cell.phase == .head ? !$0.requests.isEmpty : $0.scriptDoneAt != nil
                    }
                }
                let seen = await apart {
                    server.log.waitForClose(of: connection, until: LeaveMatrixTests.farAway)
                }
                wait = try #require(seen, "\(cell)").seenAt.since(left).nanoseconds
            } else {
                wait = try await leaveConnecting(cell, client, index)
            }
            try #require(client.connections.open == 0, "\(cell)")
            waits[
                [
                    cell.driver.rawValue, cell.isSecure ? "TLS" : "plain", cell.phase.rawValue,
                    cell.way.rawValue,
                ], default: []
            ].append(wait)
            if round % 10 == 9, cell.phase.ofStream != nil {
                // The client goes on.
                accepted[index] += 1
                try #require(try await client.chat("again", "").collect().text == "again")
                client.closeIdleConnections()
            }
        }
        // The servers' ends go when their loops have seen ours go.
        for (index, server) in servers.enumerated() where accepted[index] > 0 {
            for connection in max(0, accepted[index] - 8)..<accepted[index] {
                _ = await server?.sees(closeOf: connection)
            }
        }
    }

    /// Nobody sees how a connection goes that never stood: its socket is gone when the call has ended.
    ///
    /// - Returns: from leaving until that was seen, nanoseconds.
    private func leaveConnecting(
        _ cell: Cell, _ client: Ollama, _ index: Int
    ) async throws -> Int64 {
        // By their names: those of earlier rounds may still be closing at the servers' ends.
        let before = Set(DescriptorCheck.openSockets())
        let left = try await leave(cell, client, index) { @Sendable in
            let limit = LeaveMatrixTests.farAway
            while before.isSuperset(of: DescriptorCheck.openSockets()), MonotonicClock.now < limit {
            }
        }
        try #require(before.isSuperset(of: DescriptorCheck.openSockets()), "\(cell)")
        return MonotonicClock.now.since(left).nanoseconds
    }

    /// - Parameter waitUntilThere: returns when the phase has come, for those who interrupt.
    /// - Returns: when the stream was left.
    private func leave(
        _ cell: Cell, _ client: Ollama, _ index: Int,
        _ waitUntilThere: @escaping @Sendable () -> Void
    ) async throws -> Instant {
        let (host, options) = (host(index, cell.isSecure), options)
        guard cell.driver == .tasks else {
            return try await apart { () -> Result<Instant, any Error> in
                Result {
                    var client = try BlockingOllama(host: host, options: options)
                    guard let phase = cell.phase.ofStream, phase != .head else {
                        return try interrupt(&client, waitUntilThere)
                    }
                    try LeaveMatrixTests.leave(&client, cell.way, in: phase)
                    return MonotonicClock.now
                }
            }.get()
        }
        let stream = client.chat("m", "hi")
        let parts = cell.phase.ofStream?.parts(Speech.both[cell.dialect]) ?? 0
        guard cell.way.interrupts else {
            try await LeaveMatrixTests.leave(stream, cell.way, after: parts)
            return MonotonicClock.now
        }
        let task = Task { try await LeaveMatrixTests.leave(stream, cell.way, after: parts) }
        await apart(waitUntilThere)
        let left = MonotonicClock.now
        if cell.way == .task { task.cancel() } else { stream.cancel() }
        let result = await task.result
        #expect(throws: StreamError.self) { try result.get() }
        return left
    }

    // MARK: The page

    func page(_ rounds: Int, _ before: LifetimeResources, _ after: LifetimeResources) -> String {
        let bytes = after.bytes.flatMap { new in before.bytes.map { new - $0 } }
        var text = """
            # A stream that is left

            Made by `make lifetime`; do not edit.

            Each way of leaving a stream, in each of its phases, in both dialects, by both drivers, with and
            without TLS, over sockets of loopback, in turn: \(rounds) rounds. Behind each, the client holds no
            connection when the next statement runs, and the server sees the close; behind every tenth the
            client asks again and is answered. The phases: `connecting`, to a listener whose queue is full;
            `handshake`, the server has the ClientHello and says nothing; `head`, the request is sent and no
            byte of an answer has come; `midStream`; `lastRecord`, the terminal record has been read and the
            body has not ended.

            | | before | after |
            |---|---:|---:|
            | sockets of the process, the servers' among them | \(before.sockets) | \(after.sockets) |
            | threads | \(before.threads) | \(after.threads) |
            | bytes in use, more than before | | \(bytes.map { "\($0)" } ?? "not counted") |

            From the statement behind the leaving (of a cancelling: from that) until the server saw the
            close, 0 where it had seen it before; with TLS, the server behind one that terminates it.
            Nobody sees how a connection goes that never stood: for `connecting`, until the process was seen
            to have no socket of it any more.

            | driver | | phase | left by | rounds | median, us | worst, us |
            |---|---|---|---|---:|---:|---:|

            """
        for (key, all) in waits.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
            let sorted = all.sorted().map { max(0, $0) / 1_000 }
            text +=
                "| \(key.joined(separator: " | ")) | \(sorted.count) | \(sorted[sorted.count / 2]) "
                + "| \(sorted.last!) |\n"
        }
        return text
    }
}

/// Ends a call that waits, from another thread. Returns when that was.
private func interrupt(
    _ client: inout BlockingOllama, _ isThere: @escaping @Sendable () -> Void
) throws -> Instant {
    let cancellation = Cancellation()
    let left = Lock<Instant?>(nil)
    let canceller = PlainThread {
        isThere()
        left.withLock { $0 = MonotonicClock.now }
        cancellation.cancel()
    }
    let reading = Reading(&client, anyChat, cancellation)
    canceller.join()
    guard case .cancelled = reading.error else { throw LeaveMatrixTests.Enough() }
    return left.withLock { $0 } ?? MonotonicClock.now
}
