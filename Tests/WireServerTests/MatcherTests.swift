import TestSupport
import Testing
import WireBytes
import WireHTTP1
import WireServer

/// A request as a server receives it.
private func received(_ text: String) throws -> (ReceivedRequest, [UInt8]) {
    let recording = Recording(name: "", request: [UInt8](text.utf8), response: [], reads: [])
    let exchange = try #require(recording.exchanges.first)
    return (exchange.request, exchange.body)
}

private func exchange(_ name: String, _ request: String) throws -> RecordedExchange {
    let recording = Recording(
        name: name, request: [UInt8](request.utf8), response: Script.json("{}").sentBytes, reads: []
    )
    return try #require(recording.exchanges.first)
}

@Suite struct MatcherTests {
    private func recorded() throws -> [RecordedExchange] {
        [
            try exchange("version", get("/api/version")),
            try exchange("chat", post("/api/chat", #"{"model":"a","n":1,"x":[1,{"y":null}]}"#)),
            try exchange("chat-b", post("/api/chat", #"{"model":"b"}"#)),
            try exchange("query", get("/api/blobs?x=1")),
            try exchange("text", post("/api/chat", "no json")),
        ]
    }

    private func name(
        of text: String, _ strictness: RequestMatcher.Strictness
    ) throws -> String? {
        var matcher = RequestMatcher(try recorded(), strictness: strictness)
        let (request, body) = try received(text)
        return matcher.next(for: request, body: body)?.recording
    }

    @Test(
        arguments: [
            (get("/api/version"), "version", "version", "version"),
            (get("/api/version", "X: y"), "version", "version", "version"),
            (get("/api/nothing"), nil, nil, nil),
            (post("/api/version", ""), nil, nil, nil),
            (post("/api/chat", #"{"model":"a","n":1,"x":[1,{"y":null}]}"#), "chat", "chat", "chat"),
            (
                post("/api/chat", #"{"x":[1.0,{"y":null}],"n":1e0, "model":"\u0061"}"#), nil,
                "chat", "chat"
            ),
            (
                post("/api/chat", #"{"model":"b","model":"a","n":1,"x":[1,{"y":null}]}"#), nil,
                "chat", "chat"
            ),
            (post("/api/chat", #"{"model":"a","n":1,"x":[{"y":null},1]}"#), nil, nil, "chat"),
            (post("/api/chat", #"{"model":"b","n":1}"#), nil, nil, "chat-b"),
            (post("/api/chat", #"{"model":"unknown"}"#), nil, nil, "chat"),
            (post("/api/chat", "no json"), "text", "text", "text"),
            (post("/api/chat", "rubbish"), nil, nil, "chat"),
            (get("/api/blobs?x=1"), "query", "query", "query"),
            (get("/api/blobs?x=2"), nil, nil, "query"),
        ] as [(String, String?, String?, String?)])
    func theStrictestMatchDecides(
        _ text: String, bytes: String?, json: String?, path: String?
    ) throws {
        #expect(try name(of: text, .bytes) == bytes)
        #expect(try name(of: text, .json) == json)
        #expect(try name(of: text, .path) == path)
    }

    @Test func aChunkedBodyEqualsAPlainOne() throws {
        let text =
            "POST /api/chat HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "3\r\nno \r\n4\r\njson\r\n0\r\n\r\n"
        #expect(try name(of: text, .bytes) == "text")
    }

    @Test func equalsTakeTurns() throws {
        let text = post("/a", "{}")
        let exchanges = try ["1", "2", "3"].map { try exchange($0, text) }
        let (request, body) = try received(text)
        var first = RequestMatcher(exchanges)
        var turns = RequestMatcher(exchanges, choice: .roundRobin)
        for expected in ["1", "2", "3", "1", "2"] {
            #expect(first.next(for: request, body: body)?.recording == "1")
            #expect(turns.next(for: request, body: body)?.recording == expected)
        }
    }

    @Test func equalsForTheSameKindOfConnectionComeFirst() throws {
        var matcher = RequestMatcher([
            try exchange("old", "GET / HTTP/1.0\r\n\r\n"),
            try exchange("closing", get("/", "Connection: close")),
            try exchange("kept", get("/")),
        ])
        for (text, name) in [
            (get("/"), "kept"), (get("/", "Connection: close"), "closing"),
            ("GET / HTTP/1.0\r\n\r\n", "old"),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "old"),
        ] {
            let (request, body) = try received(text)
            #expect(matcher.next(for: request, body: body)?.recording == name)
        }
    }

    @Test func aRefusalIsOneOnlyWhereNobodyWasLetGoOn() throws {
        let expecting = "POST /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        let refused = try exchange("refused", "\(expecting)Content-Length: 2\r\n\r\n")
        let taken = try exchange("taken", "\(expecting)Content-Length: 2\r\n\r\n{}")
        let (request, _) = try received("\(expecting)Content-Length: 2\r\n\r\n")
        #expect(RequestMatcher([refused]).refusal(of: request)?.recording == "refused")
        #expect(RequestMatcher([refused, taken]).refusal(of: request) == nil)
        #expect(RequestMatcher([taken]).refusal(of: request) == nil)
        #expect(RequestMatcher([]).refusal(of: request) == nil)
    }
}
