import TestSupport
import Testing
import WireExchange
import WireHTTP1
import WireProxy
import WireServer
import WireSockets
import WireTime

/// Deadlines, upstreams that are not there, streams that are left: what the client gets then.
@Suite struct FailureTests {
    private func answer(
        _ fixture: ProxyFixture, to request: String = get("/api/chat")
    ) throws -> String {
        let client = try fixture.client()
        try client.send(request)
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(client.ending == .fin)
        return text
    }

    @Test func nobodyListensUpstream() throws {
        let upstream = try ReplayServer.answering { _ in .silent }
        let fixture = try ProxyFixture(upstream)
        upstream.stop()
        let text = try answer(fixture)
        #expect(text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(text.contains("Connection: close\r\n"))
        #expect(text.contains("cannot connect"))
        #expect(fixture.reports.wait(for: 1)[0].failureKind == "connect-refused")
        #expect(try fixture.recordings().isEmpty)
    }

    @Test func aNameThatNobodyKnows() throws {
        let proxy = try RecordingProxy(upstream: HTTPURL("http://nowhere.invalid"))
        defer { proxy.stop() }
        proxy.start()
        let client = try RawClient(to: proxy.address)
        try client.send(get("/"))
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(text.contains("cannot resolve nowhere.invalid"))
    }

    @Test func aHeadThatDoesNotCome() throws {
        let fixture = try ProxyFixture(.answering { _ in .silent }) {
            $0.upstream.deadlines.responseHead = .milliseconds(50)
        }
        let text = try answer(fixture)
        #expect(text.hasPrefix("HTTP/1.1 504 Gateway Timeout\r\n"))
        #expect(text.contains("the responseHead deadline passed"))
        #expect(fixture.upstreamClose() != nil)
    }

    /// A stream that goes silent ends by a record that says so, in the server's own manner, whatever the
    /// place among its chunks; where there is no such place it is cut.
    @Test func aStreamThatGoesSilent() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n"
        let chunked = "Transfer-Encoding: chunked\r\n\r\n"
        let cases: [(sent: String, ending: String?)] = [
            (head + chunked + "3\r\n{}\n\r\n", "\"}\n\r\n0\r\n\r\n"),
            (head + chunked + "3\r\n{}\n", "\"}\n\r\n0\r\n\r\n"),
            (head + chunked + "3\r\n{", nil),
            (head + chunked + "1\r\n{\r\n", nil),
            (head + "\r\n{}\n", "\"}\n"),
            (head + "Content-Length: 10\r\n\r\n{}\n", nil),
            (head + "Content-Encoding: gzip\r\n" + chunked + "3\r\n{}\n\r\n", nil),
        ]
        for (sent, ending) in cases {
            let script = Script.stalling(after: .max, of: Array(sent.utf8))
            let fixture = try ProxyFixture(.answering { _ in script }) {
                $0.upstream.deadlines.bodyIdle = .milliseconds(50)
            }
            let client = try fixture.client()
            try client.send(get("/api/chat"))
            let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
            #expect(client.ending == .fin)
            #expect(text.hasPrefix(sent))
            if let ending {
                #expect(text.contains(#"{"error":""#), "\(sent)")
                #expect(text.contains("the bodyIdle deadline passed"))
                #expect(text.hasSuffix(ending), "\(sent)")
            } else {
                #expect(text == sent)
            }
            #expect(fixture.upstreamClose() != nil)
            #expect(fixture.reports.wait(for: 1)[0].failureKind == "timeout")
            #expect(try fixture.recordings().isEmpty)
        }
    }

    /// Whoever could take the close for the end is told otherwise.
    @Test func aPlainBodyThatGoesSilentIsReset() throws {
        let sent = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nabc"
        let script = Script.stalling(after: .max, of: Array(sent.utf8))
        let fixture = try ProxyFixture(.answering { _ in script }) {
            $0.upstream.deadlines.bodyIdle = .milliseconds(50)
        }
        let client = try fixture.client()
        try client.send(get("/"))
        _ = try client.receiveToEnd()
        #expect(client.ending == .reset)
    }

    /// Pings keep a stream from being idle, but not from being without content.
    @Test func aStreamOfPingsAlone() throws {
        let fixture = try ProxyFixture(.answering { _ in .comments(every: .milliseconds(5)) }) {
            $0.upstream.deadlines.firstContent = .milliseconds(100)
        }
        let text = try answer(fixture)
        #expect(text.contains(#"data: {"error":{"message":""#))
        #expect(text.contains("the firstContent deadline passed"))
        #expect(text.hasSuffix("\n\n\r\n0\r\n\r\n"))
    }

    @Test(arguments: [
        ("/api/chat", #""done_reason":"length"}"#), ("/api/generate", #""done_reason":"length"}"#),
    ])
    func aStreamIsLeftAfterSoManyRecords(target: String, end: String) throws {
        let fixture = try ProxyFixture(.answering { _ in endlessLines() }) { $0.recordLimit = 7 }
        let client = try fixture.client()
        try client.send(post(target, "{}"))
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(client.ending == .fin)
        #expect(text.split(separator: #"{"a":1}"#).count == 8)
        #expect(text.contains(end))
        #expect(text.hasSuffix("\n\r\n0\r\n\r\n"))
        #expect(fixture.upstreamClose() != nil)
        let report = fixture.reports.wait(for: 1)[0]
        #expect(report.outcome == .left)
        #expect(report.records == 7)
    }

    @Test func anEventStreamIsLeftInItsOwnManner() throws {
        let texts = (1...50).map { "{\"n\":\($0)}" }
        let script = Script.events(texts, every: .milliseconds(1))
        let fixture = try ProxyFixture(.answering { _ in script }) { $0.recordLimit = 3 }
        let text = try answer(fixture, to: post("/v1/chat/completions", "{}"))
        #expect(text.contains("data: {\"n\":3}\n\n"))
        #expect(!text.contains("data: {\"n\":4}"))
        #expect(text.contains(#""finish_reason":"length""#))
        #expect(text.hasSuffix("data: [DONE]\n\n\r\n0\r\n\r\n"))
    }

    @Test(arguments: [
        ("garbage\u{1}\r\n\r\n", 400), ("GET / HTTP/2.0\r\n\r\n", 501),
        ("GET / HTTP/1.1\r\n\r\n", 400), ("CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n", 431),
    ])
    func whatIsNoRequestIsRefused(request: String, status: Int) throws {
        let fixture = try ProxyFixture(.answering { _ in .json("{}") })
        let text = try answer(fixture, to: request)
        #expect(text.hasPrefix("HTTP/1.1 \(status) "))
        #expect(fixture.upstream.log.connections.isEmpty)
    }

    @Test func aBrokenBodyIsNotPassedOn() throws {
        let fixture = try ProxyFixture(.answering { _ in .json("{}") })
        let text = try answer(
            fixture, to: "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        #expect(text.hasPrefix("HTTP/1.1 400 "))
        #expect(fixture.upstreamClose() != nil)
        #expect(fixture.upstream.log[0]?.requests.isEmpty == true)
    }

    @Test func aHeadOrABodyThatDripsIsGivenUp() throws {
        let upload = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc"
        for request in ["GET / HTTP/1.1\r\nHost", upload] {
            let fixture = try ProxyFixture(.answering { _ in .json("{}") }) {
                $0.requestHead = .milliseconds(50)
                $0.requestIdle = .milliseconds(50)
            }
            let text = try answer(fixture, to: request)
            #expect(text.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
        }
    }

    @Test func anIdleConnectionIsClosed() throws {
        let fixture = try ProxyFixture(.answering { _ in .json("{}") }) {
            $0.idle = .milliseconds(50)
        }
        #expect(try fixture.client().receiveToEnd().isEmpty)
        #expect(try answer(fixture, to: get("/")).hasSuffix("\r\n\r\n{}"))
    }
}
