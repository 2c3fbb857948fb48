import TestSupport
import Testing
import WireBytes
import WireServer
import WireSockets
import WireSystem
import WireTime

/// What clients may do to a server: it goes on, holds no more than its limits, and the others notice
/// nothing.
@Suite(.serialized) struct HostileClientTests {
    private func serve(_ change: (inout ServerOptions) -> Void = { _ in }) throws -> ReplayServer {
        var options = ServerOptions()
        change(&options)
        return try ReplayServer.answering(options: options) { request in
            request.target == "/stream"
                ? .ndjson(Array(repeating: "{}", count: 200), every: .milliseconds(2))
                : .json("\"\(request.target) \(request.body.count)\"")
        }
    }

    /// A stream that is read while something is done to its server, and has to come whole.
    private func undisturbed(_ server: ReplayServer, _ disturb: () throws -> Void) throws {
        let client = try RawClient(server)
        try client.send(get("/stream"))
        _ = try client.receive(through: "{}")
        try disturb()
        // The rest of a chunk, 199 more, the end.
        let rest = String(decoding: try client.receive(3 + 199 * 8 + 5), as: UTF8.self)
        #expect(rest.hasSuffix("0\r\n\r\n"))
        try client.send(get("/after"))
        _ = try client.receive(through: "\"/after 0\"")
    }

    /// Bytes of memory that this process has resident (proc(5)).
    private var resident: Int {
        let text = (try? Files.read("/proc/self/statm", limit: 4096)) ?? []
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first
        return (pages.flatMap { Int($0) } ?? 0) * 4096
    }

    /// In a process of its own, whose descriptors nobody else needs.
    @Test func tenThousandIdleConnections() async {
        await #expect(processExitsWith: .success) {
            try HostileClientTests().holdTenThousandIdleConnections()
        }
    }

    private func holdTenThousandIdleConnections() throws {
        // Both ends are in this process.
        let count = min(10_000, (Environment.raiseDescriptorLimit() - 500) / 2)
        let server = try serve { $0.connectionLimit = count + 10 }
        defer { server.stop() }
        let before = resident
        try undisturbed(server) {
            var idle: [StreamSocket] = []
            for index in 0..<count {
                idle.append(try StreamSocket.connect(to: server.address))
                // The kernel's queue must not run over.
                if index % 500 == 499 {
                    #expect(
                        server.log.wait(for: index - 100, until: farAway) { _ in true } != nil)
                }
            }
            #expect(server.log.wait(for: count, until: farAway) { _ in true } != nil)
            // Both ends and the log, not only the server's part; a sanitizer's shadows would be the most.
            #if !THREAD_SANITIZER
            #expect((resident - before) / count < 10_000)
            #endif
            let other = try RawClient(server)
            try other.send(get("/one"))
            _ = try other.receive(through: "\"/one 0\"")
            for socket in idle { socket.descriptor.close() }
        }
    }

    @Test func halfRequestsAreGivenUp() throws {
        let server = try serve { $0.requestTime = .milliseconds(300) }
        defer { server.stop() }
        try undisturbed(server) {
            let halves = [
                "G", "GET /x HTTP/1.1\r\n",
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc",
                "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
            ]
            let clients = try halves.map { half in
                let client = try RawClient(server)
                try client.send(half)
                return client
            }
            let idle = try RawClient(server)
            for client in clients {
                let answer = String(decoding: try client.receiveToEnd(), as: UTF8.self)
                #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
                #expect(client.ending == .fin)
            }
            // Who has begun nothing may stay.
            try idle.send(get("/idle"))
            _ = try idle.receive(through: "\"/idle 0\"")
        }
    }

    /// A byte now and then does not count as progress.
    @Test func slowlorisIsGivenUp() throws {
        let server = try serve { $0.requestTime = .milliseconds(500) }
        defer { server.stop() }
        try undisturbed(server) {
            let clients = try (0..<50).map { _ in try RawClient(server) }
            let head = Array("GET / HTTP/1.1\r\nHost: a\r\nX: ".utf8)
            for client in clients { try client.send(head) }
            var answered = 0
            let limit = farAway
            while answered < clients.count, MonotonicClock.now < limit {
                for client in clients where client.ending == nil {
                    if case .failed = client.socket.send([0x78].span, Span()) {}
                    if client.socket.isReadable() {
                        let answer = try client.receiveToEnd()
                        if !answer.isEmpty {
                            #expect(answer.starts(with: Array("HTTP/1.1 408".utf8)))
                        }
                        answered += 1
                    }
                }
            }
            #expect(answered == clients.count)
        }
    }

    @Test func idleConnectionsAreClosedWhenToldTo() throws {
        let server = try serve { $0.idleTime = .milliseconds(100) }
        defer { server.stop() }
        let never = try RawClient(server)
        let once = try RawClient(server)
        try once.send(get("/x"))
        _ = try once.receive(through: "\"/x 0\"")
        #expect(try once.receiveToEnd().isEmpty)
        #expect(try never.receiveToEnd().isEmpty)
        #expect(once.ending == .fin)
        #expect(never.ending == .fin)
    }

    @Test func garbageEndsItsConnectionOnly() throws {
        let server = try serve()
        defer { server.stop() }
        var random = SeededGenerator(seed: 6)
        try undisturbed(server) {
            for round in 0..<300 {
                let client = try RawClient(server)
                let count = Int.random(in: 1...600, using: &random)
                var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
                // Some of it begins well.
                if round % 3 == 0 { bytes = Array(get("/ok").utf8) + bytes }
                try? client.send(bytes)
                try? client.send("\r\n\r\n")
                client.close()
            }
            let other = try RawClient(server)
            try other.send(get("/one"))
            _ = try other.receive(through: "\"/one 0\"")
        }
    }

    @Test func hugeBodiesAreRefused() throws {
        let server = try serve { $0.body = .mebibytes(1) }
        defer { server.stop() }
        try undisturbed(server) {
            let announced = try RawClient(server)
            try announced.send(
                "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000000000000\r\n\r\n")
            let first = String(decoding: try announced.receiveToEnd(), as: UTF8.self)
            #expect(first.hasPrefix("HTTP/1.1 413 "))
            let endless = try RawClient(server)
            try endless.send("POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
            let chunk =
                Array("10000\r\n".utf8) + [UInt8](repeating: 0x78, count: 65_536)
                + Array("\r\n".utf8)
            for _ in 0..<17 { try? endless.send(chunk) }
            let second = String(decoding: try endless.receiveToEnd(), as: UTF8.self)
            #expect(second.hasPrefix("HTTP/1.1 413 "))
        }
    }

    /// None is too long by itself; all of them are.
    @Test func bodiesHaveALimitTogether() throws {
        let server = try serve {
            $0.body = .mebibytes(1)
            $0.inputMemory = .mebibytes(4)
        }
        defer { server.stop() }
        try undisturbed(server) {
            let body = [UInt8](repeating: 0x78, count: 900 << 10)
            var waiting: [RawClient] = []
            for index in 0..<8 {
                let client = try RawClient(server)
                try? client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n")
                try? client.send(body)
                waiting.append(client)
                // Its connections, behind the stream's, in the order of acceptance.
                _ = server.log.wait(for: index + 1, until: farAway) {
                    $0.bytesReceived > body.count || $0.isOver || $0.serverClose != nil
                }
            }
            let refused = try waiting.count { client in
                guard client.socket.isReadable() else { return false }
                let answer = String(decoding: try client.receiveToEnd(), as: UTF8.self)
                return answer.hasPrefix("HTTP/1.1 503 ") || answer.isEmpty
            }
            #expect(refused >= 3)
            #expect(refused <= 5)
            // Whoever leaves gives back what it held.
            for client in waiting { client.close() }
            for index in 1...8 {
                #expect(server.log.wait(for: index, until: farAway) { $0.isOver } != nil)
            }
            let last = try RawClient(server)
            try last.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 921600\r\n\r\n")
            try last.send(body)
            _ = try last.receive(through: "\"/x 921600\"")
        }
    }

    /// Who does not read holds what the kernel holds, and one piece.
    @Test func whoDoesNotReadDisturbsNobody() throws {
        let server = try ReplayServer.answering { request in
            request.target == "/stream"
                ? .ndjson(Array(repeating: "{}", count: 200), every: .milliseconds(2))
                : request.target == "/flood"
                    ? .endless([65], repeating: [UInt8](repeating: 66, count: 64 << 10))
                    : .json("\"\(request.target) 0\"")
        }
        defer { server.stop() }
        try undisturbed(server) {
            let clients = try (0..<20).map { _ in try RawClient(server) }
            for client in clients { try client.send(get("/flood")) }
            // An optimized build would close what is not used any more.
            withExtendedLifetime(clients) {
                for index in 1...20 {
                    #expect(server.log.wait(for: index, until: farAway) { $0.isBlocked } != nil)
                }
            }
        }
    }

    @Test func nobodyIsLetInForATime() throws {
        let server = try serve { $0.refusal = .init(lasting: .milliseconds(200)) }
        defer { server.stop() }
        let limit = farAway
        var refusals = 0
        var served = false
        while !served || refusals == 0, MonotonicClock.now < limit {
            do {
                let client = try RawClient(server)
                try client.send(get("/x"))
                served = try client.receiveSome().isEmpty == false || served
            } catch { refusals += 1 }
        }
        #expect(served)
        #expect(refusals > 0)
    }
}
