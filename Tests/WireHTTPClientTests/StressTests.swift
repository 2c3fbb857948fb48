import TestSupport
import Testing
import WireHTTPClient
import WireServer
import WireSockets
import WireSystem
import WireTime

@testable import WireReactor

/// Streams started and left at random from many tasks; afterwards everything is as before. In a
/// process of its own, so that descriptors and threads are only these.
///
/// `TOKENWIRE_STRESS_STREAMS` says how many; the default takes a few seconds.
@Suite struct StressTests {
    @Test func everythingComesBack() async {
        await #expect(processExitsWith: .success) {
            let count = Environment["TOKENWIRE_STRESS_STREAMS"].flatMap { Int($0) } ?? 2_000
            let before = DescriptorCheck.openSockets()
            try await Stress(seed: 20_261_120).run(count)
            let after = DescriptorCheck.openSockets()
            #expect(after == before)
        }
    }
}

private struct Stress {
    static let tasks = 32
    /// One server's port would run out of client ports: a side that closes first keeps the pair for a
    /// minute.
    static let streamsPerServer = 20_000

    let seed: UInt64

    func run(_ count: Int) async throws {
        let reactor = Reactor(loops: 2)
        var options = ClientOptions()
        options.pool.perOrigin = 24
        options.pool.idle = 8
        let client = HTTPClient(options, reactor: reactor)
        // So that all threads there will be have started, and what is kept for good is there.
        try await round(Stress.tasks * 8, client, reactor, seed: seed)
        let threads = try threadCount()
        let memory = MemoryCheck.bytesInUse()
        try await round(count, client, reactor, seed: seed + 1)
        #expect(try threadCount() <= threads + 1)
        if let memory, let now = MemoryCheck.bytesInUse() {
            // What a stream or a connection leaves behind would add up to more: 32 bytes are the least of an
            // allocation. Each thread's cache, which counts as in use, fills slowly with what is rare.
            #expect(
                now - memory < max(1 << 20, 32 * count),
                "\(now - memory) bytes more after \(count) streams")
        }
        client.shutDown()
        reactor.shutDown()
    }

    private func threadCount() throws -> Int { try Files.names(in: "/proc/self/task").count }

    private func round(
        _ count: Int, _ client: HTTPClient, _ reactor: Reactor, seed: UInt64
    ) async throws {
        let servers = try (0..<(1 + count / Stress.streamsPerServer)).map { _ in
            try ReplayServer.answering { StreamServer.script(for: $0) }
        }
        defer { for server in servers { server.stop() } }
        let ports = servers.map(\.port)
        let faults = await withTaskGroup(of: String?.self) { group in
            for task in 0..<Stress.tasks {
                group.addTask {
                    var random = SeededGenerator(seed: seed &* 1_000 &+ UInt64(task))
                    for number in 0..<(count / Stress.tasks) {
                        if let fault = await Stress.stream(client, ports, &random) {
                            return "task \(task), stream \(number) (seed \(seed)): \(fault)"
                        }
                    }
                    return nil
                }
            }
            return await group.reduce(into: [String]()) { if let fault = $1 { $0.append(fault) } }
        }
        #expect(faults == [])
        #expect(client.connections.leased == 0)
        #expect(client.connections.waiting == 0)
        let loops = try reactor.loops()
        #expect(loops.reduce(0) { $0 + $1.connectionCount } == client.connections.idle)
        client.closeIdleConnections()
        #expect(loops.reduce(0) { $0 + $1.connectionCount } == 0)
    }

    /// One stream, left in one of the ways there are; what should not have happened, or nil.
    private static func stream(
        _ client: HTTPClient, _ ports: [UInt16], _ random: inout SeededGenerator
    ) async -> String? {
        let path = random.pick(["/endless", "/flood", "/silent", "/half", "/stall", "/short"])
        let request = HTTPRequest(
            "GET",
            HTTPURL(scheme: .http, host: "127.0.0.1", port: random.pick(ports), target: path))
        let most = random.below(6)
        let lines = client.lines(of: request)
        // Those that never come to a line have to be ended from outside.
        let endsByItself =
            switch path {
            case "/short", "/endless", "/flood": true
            case "/stall": most == 0
            default: false
            }
        let way = endsByItself ? random.below(4) : 2 + random.below(2)
        let reading = Task {
            var count = 0
            for try await _ in lines {
                count += 1
                if way == 0, count > most { break }
                if way == 1, count > most { throw Left() }
            }
        }
        for _ in 0..<random.below(20) { await Task.yield() }
        if way == 2 { reading.cancel() }
        if way == 3 { lines.cancel() }
        switch await reading.result {
        case .success: return path == "/short" || way == 0 ? nil : "\(path) ended"
        case .failure(let error):
            if error is Left { return nil }
            guard (error as? ResponseError)?.kind == .cancelled, way > 1 else {
                return "\(path): \(error)"
            }
            return nil
        }
    }

    private struct Left: Error {}
}
