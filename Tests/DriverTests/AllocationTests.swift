import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireFraming
import WireSockets
import WireTime

/// Reading a stream allocates nothing per record, once its buffers have their size.
@Suite(.enabled(if: AllocationCount.works, "a sanitizer brings its own allocator"))
struct AllocationTests {
    static let line =
        #"{"model":"m","created_at":"2026-11-20T16:19:48Z","response":" word","done":false}"# + "\n"
    /// Enough for the buffer to reach its size, also where reads bring as much as there is room for.
    static let warmUp = 20_000
    static let counted = 10_000
    static let endless = ConnectionScript([
        .request, .text(chunkedHead), .repeated([UInt8](chunk(line).utf8), count: .max),
    ])

    /// Counts while `step` runs `counted` times.
    ///
    /// - Parameter growths: how often a buffer may still grow meanwhile, whatever the records.
    private func expectNone(
        growths: Int = 0, _ step: () throws(TransportError) -> Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        for _ in 0..<AllocationTests.warmUp { _ = try step() }
        var records = 0
        let count = try AllocationCount.during { () throws(TransportError) in
            for _ in 0..<AllocationTests.counted where try step() { records += 1 }
        }
        #expect(records == AllocationTests.counted, sourceLocation: sourceLocation)
        #expect(
            count.allocations <= growths && count.frees <= growths, "\(count)",
            sourceLocation: sourceLocation)
    }

    private func scripted(_ script: ConnectionScript) -> ScriptedSystem {
        let system = ScriptedSystem(script)
        system.recordsCalls = false
        return system
    }

    @Test func theCounterCounts() {
        var kept: [[UInt8]] = []
        kept.reserveCapacity(10)
        let count = AllocationCount.during {
            for size in 1...3 { kept.append([UInt8](repeating: 0, count: size * 1_000)) }
        }
        #expect(count.allocations == 3)
        #expect(count.bytes >= 6_000)
        #expect(count.frees == 0)
        #expect(kept.count == 3)
        let freed = AllocationCount.during { for index in kept.indices { kept[index] = [] } }
        #expect(freed.frees >= 3, "and what the runtime itself does, the first time")
    }

    @Test func linesOneByOne() throws {
        var client = BlockingHTTPClient(system: scripted(AllocationTests.endless))
        var response = try client.send(get())
        try expectNone { () throws(TransportError) in
            try response.nextLine()?.bytes.count == AllocationTests.line.utf8.count - 1
        }
    }

    /// Each read is cut at another place, and ends inside a record.
    @Test func linesThatAreCut() throws {
        let text = [UInt8](String(repeating: chunk(AllocationTests.line), count: 7).utf8)
        let piece = text.count - 1
        var stream: [ConnectionScript.Input] = []
        var start = 0
        for _ in 0..<6_000 {
            let part = (0..<piece).map { text[(start + $0) % text.count] }
            stream.append(.bytes(part))
            start += piece
        }
        var client = BlockingHTTPClient(
            system: scripted(ConnectionScript([.request, .text(chunkedHead)] + stream)))
        var response = try client.send(get())
        try expectNone { () throws(TransportError) in try response.nextLine() != nil }
    }

    @Test func pieces() throws {
        var client = BlockingHTTPClient(system: scripted(AllocationTests.endless))
        var response = try client.send(get())
        try expectNone { () throws(TransportError) in try response.nextBytes() != nil }
    }

    @Test func events() throws {
        let event =
            chunk("data: " + AllocationTests.line + "\n") + chunk(": ping\n\n")
            + chunk("event: x\ndata: a\ndata: b\n\n")
        var client = BlockingHTTPClient(
            system: scripted(
                ConnectionScript([
                    .request, .text(chunkedHead), .repeated([UInt8](event.utf8), count: .max),
                ])))
        var response = try client.send(get())
        try expectNone { () throws(TransportError) in try response.nextEvent() != nil }
    }

    @Test func linesOverARealSocket() throws {
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(chunkedHead)
            let lines = String(repeating: chunk(AllocationTests.line), count: 50)
            while peer.send(lines) {}
        }
        do {
            var client = BlockingHTTPClient()
            var response = try client.send(loopback(server.port))
            // When a read first fills its room is up to the kernel: the buffer doubles from 16 KiB
            // to 512 KiB at some time.
            try expectNone(growths: 5) { () throws(TransportError) in
                try response.nextLine() != nil
            }
        }
        server.stop()
    }
}
