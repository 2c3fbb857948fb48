import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireProxy
import WireServer
import WireSockets
import WireTime

/// What is held is bounded, on both ways, and one client's doing is no other's.
@Suite struct BoundsTests {
    private static let size = 32 << 20

    /// The upstream cannot send on while the client does not read: no memory of the proxy's takes it.
    @Test func aClientThatDoesNotReadHoldsTheUpstreamUp() throws {
        let size = BoundsTests.size
        let body = [UInt8](repeating: 0x61, count: size)
        let fixture = try ProxyFixture(.answering { _ in .response(body: body) })
        let client = try fixture.client()
        try client.send(get("/"))
        let blocked = fixture.upstream.log.wait(for: 0, until: farAway) { $0.isBlocked }
        // What two kernel buffers hold each.
        #expect(try #require(blocked).bytesSent < size / 2)
        _ = try client.receive(through: "\r\n\r\n")
        #expect(try client.receive(size).count == size)
        #expect(fixture.reports.wait(for: 1).map(\.outcome) == [.complete])
        #expect(try fixture.recordings().first?.exchanges.first?.response.count ?? 0 > size)
    }

    /// A pause that the client makes is not the upstream's idleness.
    @Test func aSlowReaderIsNoIdleUpstream() throws {
        let size = BoundsTests.size
        let body = [UInt8](repeating: 0x61, count: size)
        let fixture = try ProxyFixture(.answering { _ in .response(body: body) }) {
            $0.upstream.deadlines.bodyIdle = .milliseconds(200)
            $0.upstream.deadlines.contentIdle = .milliseconds(200)
        }
        let client = try fixture.client()
        try client.send(get("/"))
        let isBlocked = fixture.upstream.log.wait(for: 0, until: farAway) { $0.isBlocked }
        #expect(isBlocked != nil)
        // Longer than the deadlines.
        let pause = MonotonicClock.now + .milliseconds(600)
        _ = fixture.upstream.log.wait(for: 0, until: pause) { $0.isOver }
        _ = try client.receive(through: "\r\n\r\n")
        #expect(try client.receive(size).count == size)
    }

    @Test func aClientThatNeverReadsIsGivenUp() throws {
        let body = [UInt8](repeating: 0x61, count: BoundsTests.size)
        let fixture = try ProxyFixture(.answering { _ in .response(body: body) }) {
            $0.clientStall = .milliseconds(100)
        }
        let client = try fixture.client()
        try client.send(get("/"))
        #expect(fixture.upstreamClose() != nil)
        _ = fixture.proxy.log.wait(for: 0, until: farAway) { $0.isOver }
        _ = try client.receiveToEnd()
        #expect(client.ending == .reset)
    }

    @Test func aHugeBodyGoesThrough() throws {
        let fixture = try ProxyFixture(.answering { .json("\($0.body.count)") })
        let client = try fixture.client()
        let size = BoundsTests.size
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
        try client.send([UInt8](repeating: 0x61, count: size))
        #expect(try client.receive(through: "\r\n\r\n\(size)").contains("200 OK"))
        _ = fixture.reports.wait(for: 1)
        #expect(try fixture.recordings().first?.exchanges.first?.body.count == size)
    }

    /// While others do their worst, a stream goes on.
    @Test func othersAreUnaffected() throws {
        let fixture = try ProxyFixture(
            .answering { $0.target == "/good" ? .ndjson(lines, every: .milliseconds(2)) : .silent }
        )
        var others: [RawClient] = []
        for index in 0..<200 {
            let other = try fixture.client()
            switch index % 5 {
            case 0: break
            case 1: try other.send("GET / HT")
            case 2: try other.send([UInt8](repeating: 0xFF, count: 1000))
            case 3: try other.send(get("/silent"))
            default: try other.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nabc")
            }
            others.append(other)
        }
        for _ in 0..<10 {
            let client = try fixture.client()
            try client.send(get("/good"))
            let text = try client.receive(through: "0\r\n\r\n")
            #expect(lines.allSatisfy { text.contains($0) })
        }
        for other in others { other.close() }
    }

    /// Clients beyond the limit wait for a place.
    @Test func connectionsAreLimited() throws {
        let fixture = try ProxyFixture(.answering { _ in .json("{}") }) { $0.connectionLimit = 2 }
        let first = try fixture.client()
        let second = try fixture.client()
        let third = try fixture.client()
        for client in [first, second] {
            try client.send(get("/"))
            _ = try client.receive(through: "{}")
        }
        try third.send(get("/"))
        #expect(fixture.proxy.log.connections.count == 2)
        first.close()
        _ = try third.receive(through: "{}")
    }

    /// The upstream stalls at any byte, and goes on: nothing is lost, nothing is added.
    @Test func aStallAtAnyByteChangesNothing() throws {
        let recording = try Fixtures.recording("chat-nonstream")
        let bytes = recording.response
        for count in stride(from: 0, to: bytes.count, by: 7) {
            let script = Script([
                .send(bytes.prefix(count)), .wait(.milliseconds(1)), .send(bytes[count...]),
            ])
            let fixture = try ProxyFixture(.answering { _ in script })
            let client = try fixture.client()
            try client.send(recording.request)
            #expect(try client.receive(bytes.count) == bytes)
            _ = fixture.reports.wait(for: 1)
            #expect(try fixture.recordings().first?.response == bytes)
        }
    }
}
