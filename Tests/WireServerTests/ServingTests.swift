import TestSupport
import Testing
import WireBytes
import WireHTTP1
import WireServer
import WireSockets
import WireSystem
import WireTime

/// The request's own target as the answer.
@Sendable private func echo(_ request: ServedRequest) -> Script {
    .json("\"\(request.method) \(request.target) \(request.body.count)\"")
}

@Suite struct ServingTests {
    @Test func requestsSentAheadAreAnsweredInOrder() throws {
        let server = try ReplayServer.answering { request in
            // The first takes its time; the others have come long before it ends.
            let answer = echo(request)
            return request.index == 0 ? answer.split(every: 10, pause: .milliseconds(1)) : answer
        }
        defer { server.stop() }
        let client = try RawClient(server)
        let last = post("/four", "12345")
        try client.send(get("/one") + post("/two", "abc") + get("/three") + last.prefix(40))
        for expected in ["GET /one 0", "POST /two 3", "GET /three 0"] {
            let text = try client.receive(through: "\"\(expected)\"")
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
        }
        try client.send(String(last.dropFirst(40)))
        _ = try client.receive(through: "\"POST /four 5\"")
        let record = try #require(server.log[0])
        #expect(record.requests.map(\.target) == ["/one", "/two", "/three", "/four"])
        #expect(record.requests.map(\.bodyBytes) == [0, 3, 0, 5])
        #expect(record.requests[0].answerStart == 0)
        #expect(record.requests[1].answerStart > 0)
        #expect(server.log.connections.count == 1)
    }

    @Test func manyConnectionsAreServedAtOnce() throws {
        let server = try ReplayServer.answering { request in
            echo(request).split(every: 7, pause: .microseconds(100))
        }
        defer { server.stop() }
        let clients = try (0..<150).map { _ in try RawClient(server) }
        for round in 0..<3 {
            for (index, client) in clients.enumerated() {
                try client.send(get("/\(round)/\(index)"))
            }
            for (index, client) in clients.enumerated().reversed() {
                _ = try client.receive(through: "\"GET /\(round)/\(index) 0\"")
            }
        }
        #expect(server.log.connections.count == clients.count)
        #expect(server.log.connections.allSatisfy { $0.requests.count == 3 && !$0.isOver })
        #expect(clients.allSatisfy { $0.ending == nil })
    }

    @Test func aBusyStreamDoesNotStarveTheOthers() throws {
        let server = try ReplayServer.answering { request in
            request.target == "/flood"
                ? .endless([65], repeating: [UInt8](repeating: 66, count: 64 << 10)) : echo(request)
        }
        let reader = PlainThread {
            guard let flooded = try? RawClient(server) else { return }
            try? flooded.send(get("/flood"))
            while flooded.ending == nil, (try? flooded.receiveSome()) != nil {}
        }
        #expect(server.log.wait(for: 0, until: farAway) { $0.bytesSent > 0 } != nil)
        let other = try RawClient(server)
        for index in 0..<20 {
            try other.send(get("/\(index)"))
            _ = try other.receive(through: "\"GET /\(index) 0\"")
        }
        server.stop()
        reader.join()
        #expect((server.log[0]?.bytesSent ?? 0) > 64 << 10)
    }

    @Test func bodiesOfEveryFramingArrive() throws {
        let server = try ReplayServer.answering(echo)
        defer { server.stop() }
        let client = try RawClient(server)
        let size = 8 << 20
        let body = [UInt8](repeating: 120, count: size)
        try client.send("POST /plain HTTP/1.1\r\nHost: a\r\nContent-Length: \(size)\r\n\r\n")
        try client.send(body)
        _ = try client.receive(through: "\"POST /plain \(size)\"")
        try client.send("POST /chunked HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in 0..<100 { try client.send("3;x\r\nabc\r\n2\r\nde\r\n") }
        try client.send("0\r\nX: y\r\n\r\n")
        _ = try client.receive(through: "\"POST /chunked 500\"")
    }

    @Test func theConnectionEndsWhenTheClientWantsThat() throws {
        let server = try ReplayServer.answering(echo)
        defer { server.stop() }
        for request in [
            get("/", "Connection: close"), "GET / HTTP/1.0\r\n\r\n",
            get("/", "Connection: close") + get("/never"),
        ] {
            let client = try RawClient(server)
            try client.send(request)
            let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
            #expect(text.hasSuffix("\"GET / 0\""))
            #expect(client.ending == .fin)
        }
        let kept = try RawClient(server)
        try kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        _ = try kept.receive(through: "\"GET /a 0\"")
        try kept.send("GET /b HTTP/1.0\r\n\r\n")
        _ = try kept.receive(through: "\"GET /b 0\"")
    }

    static let bad: [(String, Int, HTTP1Error.Kind)] = [
        ("rubbish\u{1}", 400, .badRequestLine),
        ("\u{16}\u{3}\u{1}\u{2}", 400, .badRequestLine),
        ("GET / HTTP/1.1\r\n\r\n", 400, .badHeader),
        ("GET / HTTP/2.0\r\n\r\n", 501, .unsupported),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400, .badFraming),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: br\r\n\r\n", 501, .unsupported),
        ("P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz", 400, .badChunk),
        ("GET /\(String(repeating: "x", count: 20_000))", 431, .tooLarge),
        ("P / HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n", 413, .tooLarge),
        (
            "P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n65\r\n"
                + String(repeating: "x", count: 101), 413, .tooLarge
        ),
    ]

    @Test(arguments: bad)
    func whatIsNoRequestIsRefused(_ text: String, status: Int, kind: HTTP1Error.Kind) throws {
        var options = ServerOptions()
        options.body = .bytes(100)
        let server = try ReplayServer.answering(options: options, echo)
        defer { server.stop() }
        let client = try RawClient(server)
        try client.send(get("/good"))
        _ = try client.receive(through: "\"GET /good 0\"")
        try client.send(text)
        let answer = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
        #expect(client.ending == .fin)
        #expect(server.log[0]?.requestError?.kind == kind)
        #expect(server.log[0]?.requests.count == 1)
    }

    @Test func aClientThatWaitsIsToldToGoOn() throws {
        let server = try ReplayServer.answering(echo)
        defer { server.stop() }
        let client = try RawClient(server)
        let head =
            "POST /x HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
        try client.send(head)
        #expect(try client.receive(25) == [UInt8]("HTTP/1.1 100 Continue\r\n\r\n".utf8))
        try client.send("abc")
        _ = try client.receive(through: "\"POST /x 3\"")
        // Without a body there is nothing to wait for.
        try client.send(get("/y", "Expect: 100-continue"))
        #expect(try client.receive(through: "0\"").hasPrefix("HTTP/1.1 200 OK\r\n"))
    }

    @Test func whoeverDropsTheServerStopsIt() throws {
        var server: ReplayServer? = try ReplayServer.performing(.silent)
        let client = try RawClient(try #require(server))
        server = nil
        #expect(try client.receiveToEnd().isEmpty)
        #expect(client.ending != nil)
    }

    @Test func stoppingEndsEveryConnectionWhateverItIsAt() throws {
        let server = try ReplayServer.answering { request in
            switch request.target {
            case "/stall": .stalling(after: 5, of: [1, 2, 3, 4, 5, 6])
            case "/flood": .endless([65], repeating: [UInt8](repeating: 66, count: 64 << 10))
            case "/wait": Script([.wait(.seconds(3_600)), .send([1])])
            case "/finish": Script([.finish])
            default: echo(request)
            }
        }
        let targets = ["/stall", "/flood", "/wait", "/finish", "/done"]
        let clients = try targets.map { target in
            let client = try RawClient(server)
            try client.send(get(target))
            return client
        }
        let idle = try RawClient(server)
        let halfway = try RawClient(server)
        try halfway.send("GET / HT")
        for index in targets.indices {
            #expect(server.log.wait(for: index, until: farAway) { $0.requests.count == 1 } != nil)
        }
        #expect(server.log.wait(for: 6, until: farAway) { $0.bytesReceived == 8 } != nil)
        server.stop()
        for client in clients + [idle, halfway] {
            _ = try client.receiveToEnd()
            #expect(client.ending != nil)
        }
        #expect(server.log.connections.count == 7)
        #expect(server.log.connections.allSatisfy { $0.isOver })
        #expect(server.log[0]?.serverClose?.kind == .stopped)
        #expect(server.log[3]?.serverClose?.kind == .finish)
        server.stop()
        server.start()
        #expect(throws: SystemError.self) { try RawClient(server) }
    }

    @Test func itRunsOnTheCallersThreadToo() throws {
        let server = try ReplayServer(.raw(afterBytes: 0) { _ in .text("hello").then(.finish) })
        let thread = PlainThread { server.run() }
        let client = try RawClient(server)
        #expect(try client.receiveToEnd() == [UInt8]("hello".utf8))
        server.stop()
        thread.join()
        // Stopped already: returns at once.
        server.run()
    }

    @Test func moreConnectionsThanAllowedWait() throws {
        var options = ServerOptions()
        options.connectionLimit = 1
        let server = try ReplayServer.answering(options: options, echo)
        defer { server.stop() }
        let first = try RawClient(server)
        let second = try RawClient(server)
        try second.send(get("/second"))
        try first.send(get("/first"))
        _ = try first.receive(through: "\"GET /first 0\"")
        #expect(server.log.connections.count == 1)
        first.close()
        _ = try second.receive(through: "\"GET /second 0\"")
    }
}
