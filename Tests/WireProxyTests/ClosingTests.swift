import TestSupport
import Testing
import WireExchange
import WireProxy
import WireServer
import WireSockets
import WireTime

/// What one side's end is on the other.
@Suite struct ClosingTests {
    @Test(arguments: [false, true])
    func aClientThatLeavesClosesTheUpstreamInTheSameTurn(byReset: Bool) throws {
        let fixture = try ProxyFixture(.answering { _ in endlessLines() })
        let client = try fixture.client()
        try client.send(get("/"))
        _ = try client.receive(through: "{\"a\":1}")
        if byReset { try client.reset() } else { client.close() }
        let seen = try #require(fixture.upstreamClose())
        let left = try #require(fixture.proxy.log.waitForClose(of: 0, until: farAway))
        #expect(seen.seenAt.since(left.seenAt) < .seconds(5))
        #expect(fixture.reports.wait(for: 1).map(\.outcome) == [.clientLeft])
        // It is not whole.
        #expect(try fixture.recordings().isEmpty)
    }

    @Test func aHalfCloseCountsAsLeaving() throws {
        let fixture = try ProxyFixture(.answering { _ in .silent })
        let client = try fixture.client()
        try client.send(get("/"))
        _ = fixture.upstream.log.wait(for: 0, until: farAway) { $0.requests.count == 1 }
        client.socket.finishSending()
        #expect(fixture.upstreamClose() != nil)
        #expect(try client.receiveToEnd().isEmpty)
    }

    /// In each phase in which nothing is read from the client, or nothing has come from the upstream.
    @Test(arguments: ["silence", "a stalled upload", "requests sent ahead"])
    func aClientMayLeaveAtAnyTime(phase: String) throws {
        let isStalled = phase == "a stalled upload"
        var options = ServerOptions()
        options.receiveBufferBytes = 4096
        let server =
            isStalled
            ? try ReplayServer(.deaf, options: options)
            : try ReplayServer.answering(options: options) { _ in .silent }
        if isStalled { server.start() }
        let fixture = try ProxyFixture(server) { $0.upstream.socket.sendBuffer = 4096 }
        let client = try fixture.client()
        switch phase {
        case "a stalled upload":
            // More than is read ahead, but not more than the kernel takes: the FIN has to come through.
            try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n")
            try client.sendAsMuchAsGoes([UInt8](repeating: 0x61, count: 100 << 10))
        case "requests sent ahead":
            try client.sendAsMuchAsGoes(
                Array(repeatElement(get("/x"), count: 9_000).joined().utf8))
        default: try client.send(get("/"))
        }
        client.close()
        #expect(fixture.proxy.log.waitForClose(of: 0, until: farAway) != nil)
        #expect(fixture.reports.wait(for: 1).map(\.outcome) == [.clientLeft])
        if !isStalled { #expect(fixture.upstreamClose() != nil) }
    }

    @Test(arguments: [
        ("a cut chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        ("a cut head", "HTTP/1.1 200 OK\r\nContent-Le"),
        ("a short body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"),
        ("nothing", ""),
        ("no HTTP", "SSH-2.0-OpenSSH_9.2\r\n"),
        ("a broken chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nmore"),
        ("a body that ends by it", "HTTP/1.1 200 OK\r\n\r\nabc"),
    ])
    func theUpstreamsEndIsTheClients(name: String, bytes: String) throws {
        for byReset in [false, true] {
            let script = Script.cut(after: .max, of: Array(bytes.utf8), byReset: byReset)
            let fixture = try ProxyFixture(.answering { _ in script })
            let client = try fixture.client()
            try client.send(get("/"))
            let received = try client.receiveToEnd()
            #expect(client.ending == (byReset ? .reset : .fin), "\(name)")
            // A reset may overtake bytes.
            if !byReset { #expect(received == Array(bytes.utf8), "\(name)") }
            let isWhole = !byReset && name == "a body that ends by it"
            let outcome = fixture.reports.wait(for: 1)[0].outcome
            #expect(
                outcome == (isWhole ? .complete : byReset ? .upstreamReset : .upstreamClosed),
                "\(name)")
            // It is what the server did.
            if !byReset {
                #expect(try fixture.recordings().first?.response == Array(bytes.utf8), "\(name)")
            }
        }
    }

    @Test func aServerThatClosesAnIdleConnectionClosesTheClients() throws {
        let fixture = try ProxyFixture(
            .answering { _ in Script.json("{}").then(.wait(.milliseconds(20))).then(.finish) })
        let client = try fixture.client()
        try client.send(get("/"))
        #expect(try String(decoding: client.receiveToEnd(), as: UTF8.self).hasSuffix("{}"))
        #expect(client.ending == .fin)
    }

    /// The server answers before it has the body, and closes: the client gets the answer.
    @Test func anEarlyAnswerEndsTheRequest() throws {
        let answer = Script.json(#"{"error":"too large"}"#, status: 413).then(.finish)
        let fixture = try ProxyFixture(.performing(answer, afterBytes: 10))
        let client = try fixture.client()
        try client.send("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
        let received = try client.receive(through: "}")
        #expect(received.hasPrefix("HTTP/1.1 413"))
        #expect(try client.receiveToEnd().isEmpty)
        #expect(client.ending == .fin)
    }

    @Test func stoppingClosesAllConnections() throws {
        let fixture = try ProxyFixture(.answering { _ in endlessLines() })
        let client = try fixture.client()
        let idle = try fixture.client()
        try client.send(get("/"))
        _ = try client.receive(through: "{\"a\":1}")
        fixture.proxy.stop()
        _ = try client.receiveToEnd()
        #expect(try idle.receiveToEnd().isEmpty)
        #expect(fixture.upstreamClose() != nil)
    }
}
