import TestSupport
import Testing
import WireHTTP1
import WireProxy
import WireServer
import WireSockets
import WireTime

/// Requests and responses through the proxy, byte for byte.
@Suite struct ForwardingTests {
    /// Every recorded exchange whose request is HTTP/1.1 goes through the proxy and comes back unchanged,
    /// and is recorded so that it is the same again.
    @Test func everyRecordingGoesThroughAndIsRecordedByteForByte() throws {
        let all = try Recording.all(in: Fixtures.recordings)
        let clear = all.filter { recording in
            // One request for each connection, a whole one, and none that two servers read differently.
            recording.exchanges.count == 1 && recording.exchanges[0].bodyIsComplete
                && recording.exchanges[0].response.count == recording.response.count
                && recording.exchanges[0].informationalBytes == 0
                && !recording.exchanges[0].request.target.hasPrefix("http")
                && !recording.response.isEmpty
        }
        #expect(clear.count > 200)
        for recording in clear {
            let exchange = recording.exchanges[0]
            let fixture = try ProxyFixture(.replaying([recording], pace: .full))
            let client = try fixture.client()
            try client.send(recording.request)
            let bytes =
                exchange.closesConnection
                ? try client.receiveToEnd() : try client.receive(recording.response.count)
            #expect(bytes == recording.response, "\(recording.name)")
            #expect(client.ending == (exchange.closesConnection ? .fin : nil), "\(recording.name)")
            _ = fixture.reports.wait(for: 1)
            let recorded = try #require(try fixture.recordings().first?.exchanges.first)
            #expect(Array(recorded.response) == recording.response, "\(recording.name)")
            #expect(recorded.body == exchange.body, "\(recording.name)")
            #expect(recorded.request.method == exchange.request.method)
            #expect(recorded.request.target == exchange.request.target)
        }
    }

    @Test func oneConnectionCarriesManyRequestsAlsoSentAhead() throws {
        let fixture = try ProxyFixture(
            .answering { .json(#"{"target":"\#($0.target)","bytes":\#($0.body.count)}"#) })
        let client = try fixture.client()
        let chunked =
            "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nTrailer: 1\r\n\r\n"
        try client.send(get("/a") + chunked + post("/c", "1234567") + get("/d"))
        for (target, bytes) in [("/a", 0), ("/b", 5), ("/c", 7), ("/d", 0)] {
            let answer = try client.receive(through: "}")
            #expect(answer.hasSuffix(#"{"target":"\#(target)","bytes":\#(bytes)}"#))
        }
        #expect(client.ending == nil)
        let connections = fixture.upstream.log.connections
        #expect(connections.count == 1)
        #expect(connections[0].requests.map(\.target) == ["/a", "/b", "/c", "/d"])
        _ = fixture.reports.wait(for: 4)
        let recordings = try fixture.recordings()
        #expect(recordings.map { $0.exchanges[0].body.count } == [0, 5, 7, 0])
        #expect(
            String(decoding: recordings[1].request, as: UTF8.self).hasSuffix("Trailer: 1\r\n\r\n"))
    }

    @Test func theUpstreamIsNamedAndSecretsStayOutOfTheRecording() throws {
        let server = try ReplayServer.answering { request in
            let fields = request.head.fields
            return .response(
                fields: [("Set-Cookie", "id=secret-1"), ("Upgrades", fields["upgrade"] ?? "none")],
                body: Array("\(fields["host"] ?? "") \(fields["authorization"] ?? "")".utf8))
        }
        let fixture = try ProxyFixture(server)
        let client = try fixture.client()
        try client.send(
            get(
                "/a", "authorization: Bearer secret-2", "Cookie: secret-3", "X-Api-Key: secret-4",
                "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: x"))
        let answer = try client.receive(through: "Bearer secret-2")
        #expect(answer.contains("Upgrades: none\r\n"))
        #expect(answer.contains("\(server.address) Bearer"))
        #expect(answer.contains("Set-Cookie: id=secret-1\r\n"))
        _ = fixture.reports.wait(for: 1)
        let recording = try #require(try fixture.recordings().first)
        let request = String(decoding: recording.request, as: UTF8.self)
        #expect(!request.contains("secret"))
        #expect(request.contains("authorization: REDACTED\r\nCookie: REDACTED\r\n"))
        #expect(request.contains("Upgrade: h2c\r\n"))
        let response = String(decoding: recording.response, as: UTF8.self)
        #expect(response.contains("Set-Cookie: xxxxxxxxxxx\r\n"))
        #expect(recording.response.count == answer.utf8.count)
    }

    @Test func credentialsAreRecordedWhenAskedFor() throws {
        let fixture = try ProxyFixture(.answering { _ in .json("{}") }) {
            $0.keepsCredentials = true
        }
        let client = try fixture.client()
        try client.send(get("/a", "Authorization: Bearer secret"))
        _ = try client.receive(through: "{}")
        _ = fixture.reports.wait(for: 1)
        let recording = try #require(try fixture.recordings().first)
        #expect(String(decoding: recording.request, as: UTF8.self).contains("Bearer secret"))
    }

    @Test func aBasePathStandsBeforeTheTarget() throws {
        let fixture = try ProxyFixture(.answering { .json($0.target) }, path: "/base/")
        let client = try fixture.client()
        try client.send(get("/v1/models?x=y"))
        #expect(try client.receive(through: "x=y").hasSuffix("\r\n\r\n/base/v1/models?x=y"))
        _ = fixture.reports.wait(for: 1)
        let recording = try #require(try fixture.recordings().first)
        #expect(recording.exchanges[0].request.target == "/v1/models?x=y")
    }

    /// The client waits for the server's word before it sends the body.
    @Test func aContinueComesFromTheUpstream() throws {
        let recording = try Fixtures.recording("expect-100")
        let fixture = try ProxyFixture(.replaying([recording], pace: .full))
        let client = try fixture.client()
        let exchange = try #require(recording.exchanges.first)
        let headBytes = recording.request.count - exchange.body.count
        try client.send(Array(recording.request[..<headBytes]))
        #expect(try client.receive(25) == Array(recording.response[..<25]))
        try client.send(exchange.body)
        let rest = recording.response.count - 25
        #expect(try client.receive(rest) == Array(recording.response[25...]))
        _ = fixture.reports.wait(for: 1)
        #expect(try fixture.recordings().first?.response == recording.response)
    }

    /// Nothing waits for what follows: the upstream stalls behind any byte, and the client has all before.
    @Test(arguments: [1, 9, 17, 90, 120, 131, 140, 150])
    func whatHasComeGoesThroughAtOnce(count: Int) throws {
        let bytes = Script.ndjson(lines).sentBytes
        #expect(count < bytes.count)
        let script = Script.stalling(after: count, of: bytes)
        let fixture = try ProxyFixture(.answering { _ in script })
        let client = try fixture.client()
        try client.send(get("/"))
        #expect(try client.receive(count) == Array(bytes.prefix(count)))
        client.close()
        #expect(fixture.upstreamClose()?.bytesSent == count)
    }

    @Test func theTimesOfPiecesAreRecorded() throws {
        let gaps = Timeout.milliseconds(20)
        let fixture = try ProxyFixture(.answering { _ in .ndjson(lines, every: gaps) })
        let client = try fixture.client()
        try client.send(get("/"))
        _ = try client.receive(through: "0\r\n\r\n")
        _ = fixture.reports.wait(for: 1)
        let recording = try #require(try fixture.recordings().first)
        let times = recording.reads.map(\.at)
        // Less what the request may have been under way before its sending was noted.
        #expect(try #require(times.last) >= .milliseconds(20 * 5 - 5))
        #expect(times == times.sorted())
    }
}
