import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireTime

/// When a connection carries another exchange, and when it must not.
@Suite(.eachDriver) struct ReuseTests {
    @Test func manyExchangesOnOneConnection() throws {
        let system = ScriptedSystem(
            ConnectionScript((0..<100).flatMap { _ in [.request, .text(okResponse)] }))
        var client = makeClient(system)
        for number in 0..<100 {
            var response = try client.send(number % 2 == 0 ? get() : post())
            #expect(response.isReusedConnection == (number > 0))
            #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
            system.advance(by: .seconds(29))
        }
        #expect(system.connections.count == 1)
        system.expectFinished()
    }

    /// The last response read, or the head of it, says whether another may follow.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.1 200 OK\r\nConnection: x, CLOSE\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", false),
        ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok?", false),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", false),
        ("HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nok", true),
        ("HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok", true),
    ]) func byTheResponse(_ response: String, _ kept: Bool) throws {
        let system = ScriptedSystem(ConnectionScript([.request, .text(response)]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(client.connections == (kept ? 1 : 0, 0))
        #expect((system.calls(on: 1).last == .close) == !kept)
    }

    @Test func aBodyThatEndsWithTheConnection() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text("HTTP/1.1 200 OK\r\n\r\no"), .text("k"), .end]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(client.connections == (0, 0))
        #expect(system.calls(on: 1).suffix(2) == [.receiveEnd, .close])
    }

    @Test func keptNoLongerThanKeepAliveIdle() throws {
        for (pause, reused) in [
            (Timeout(nanoseconds: 29_999_999_999), true), (.seconds(30), false),
        ] {
            let system = ScriptedSystem(
                ConnectionScript([.request, .text(okResponse), .request, .text(okResponse)]),
                .responses(okResponse))
            var client = makeClient(system)
            #expect(try client.text(get()) == "ok")
            system.advance(by: pause)
            #expect(try client.text(get()) == "ok")
            #expect(system.connections.count == (reused ? 1 : 2))
            if !reused {
                let closed = system.events.firstIndex { $0.call == .close }
                let opened = system.events.lastIndex { $0.call == .open("127.0.0.1:80") }
                #expect(closed! < opened!, "the old one goes first")
                #expect(!system.calls(on: 1).contains(.peek(false)))
            }
        }
    }

    /// Rule (2): not up to the moment at which the server closes it, nor longer than our own limit.
    @Test(
        arguments: [
            ("timeout=5", 3_999, true), ("timeout=5", 4_000, false),
            ("timeout=5, max=9", 4_000, false),
            ("timeout=60", 29_999, true), ("timeout=60", 30_000, false), ("timeout=0", 0, false),
            ("max=9", 29_999, true),
        ] as [(String, Int64, Bool)])
    func keptNoLongerThanTheServerSays(
        _ field: String, _ pause: Int64, _ reused: Bool
    ) throws {
        let response = "HTTP/1.1 200 OK\r\nKeep-Alive: \(field)\r\nContent-Length: 2\r\n\r\nok"
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(response), .request, .text(okResponse)]),
            .responses(okResponse))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        system.advance(by: .milliseconds(pause))
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == (reused ? 1 : 2))
        #expect(!system.calls(on: 1).contains(.peek(true)))
        #expect(client.counts.reused == (reused ? 1 : 0))
        #expect(client.counts.open == 1)
    }

    /// What there is of connections, at each point of their lives.
    @Test func facts() throws {
        let system = ScriptedSystem(
            .responses(okResponse, okResponse), .responses(okResponse))
        var client = makeClient(system)
        func counts(idle: Int, leased: Int, reused: Int) -> ConnectionCounts {
            ConnectionCounts(idle: idle, leased: leased, waiting: 0, reused: reused)
        }
        #expect(client.counts == counts(idle: 0, leased: 0, reused: 0))
        #expect(try client.text(get()) == "ok")
        #expect(client.counts == counts(idle: 1, leased: 0, reused: 0))
        var first = try client.send(get())
        #expect(client.counts == counts(idle: 0, leased: 1, reused: 1))
        var second = try client.send(get())
        #expect(client.counts == counts(idle: 0, leased: 2, reused: 1))
        #expect(client.counts.open == 2)
        for _ in 0..<2 { _ = try first.nextBytes() }
        #expect(client.counts == counts(idle: 1, leased: 1, reused: 1))
        second.cancel()
        #expect(client.counts == counts(idle: 1, leased: 0, reused: 1))
    }

    @Test(arguments: [0, 1, 2]) func noMoreThanTheLimit(_ limit: Int) throws {
        let scripts = (0..<4).map { _ in ConnectionScript.responses(okResponse) }
        let system = ScriptedSystem(scripts)
        var client = makeClient(system) { $0.idleConnectionLimit = limit }
        do {
            var first = try client.send(get())
            var second = try client.send(get())
            var third = try client.send(get())
            #expect(client.connections == (0, 3))
            for _ in 0..<2 { _ = try first.nextBytes() }
            for _ in 0..<2 { _ = try second.nextBytes() }
            for _ in 0..<2 { _ = try third.nextBytes() }
        }
        #expect(client.connections == (limit, 0))
        let closed = (1...3).filter { system.closeTime(of: $0) != nil }
        #expect(closed == Array((1...3).prefix(3 - limit)), "the longest idle go first")
        client.closeIdleConnections()
        #expect(client.connections == (0, 0))
        #expect((1...3).allSatisfy { system.closeTime(of: $0) != nil })
    }

    @Test func originsAreKeptApart() throws {
        let system = ScriptedSystem(.responses(okResponse), .responses(okResponse))
        var client = makeClient(system)
        let other = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "other", port: 80, target: "/"))
        #expect(try client.text(get()) == "ok")
        #expect(try client.text(other) == "ok")
        #expect(client.connections == (2, 0))
        #expect(
            system.calls.filter { if case .resolve = $0 { true } else { false } }
                == [.resolve("peer"), .resolve("other")])
    }

    // MARK: While it was idle

    @Test(arguments: [
        ConnectionScript.Input.end, .reset, .text("HTTP/1.1 408 Timeout\r\n\r\n"), .text("x"),
    ]) func readableWhenIdle(_ last: ConnectionScript.Input) throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(okResponse), .pause(.seconds(1)), last]),
            .responses(okResponse))
        var client = makeClient(system)
        #expect(try client.text(post()) == "ok")
        system.advance(by: .seconds(2))
        #expect(try client.text(post()) == "ok", "a POST too: nothing had been sent")
        #expect(client.counts.reused == 0)
        #expect(system.calls(on: 1).suffix(2) == [.peek(true), .close])
        #expect(system.connections.count == 2)
        #expect(client.connections == (1, 0))
    }

    /// Only the one picked is looked at, and a new one takes its place. The others are found when they
    /// are picked, or when they expire.
    @Test func allIdleOnesAreDead() throws {
        let dead = ConnectionScript([.request, .text(okResponse), .pause(.seconds(1)), .end])
        let system = ScriptedSystem(
            dead, dead, dead, .responses(okResponse, okResponse), .responses(okResponse, okResponse)
        )
        var client = makeClient(system)
        do {
            var first = try client.send(get())
            var second = try client.send(get())
            var third = try client.send(get())
            for _ in 0..<2 { _ = try first.nextBytes() }
            for _ in 0..<2 { _ = try second.nextBytes() }
            for _ in 0..<2 { _ = try third.nextBytes() }
        }
        #expect(client.connections == (3, 0))
        system.advance(by: .seconds(2))
        #expect(try client.text(get()) == "ok")
        #expect(system.calls(on: 3).suffix(2) == [.peek(true), .close])
        #expect((1...2).allSatisfy { system.closeTime(of: $0) == nil })
        #expect(client.connections == (3, 0))
        do {
            // The new one, then the next of the dead.
            var first = try client.send(get())
            var second = try client.send(get())
            #expect(first.isReusedConnection && !second.isReusedConnection)
            for _ in 0..<2 { _ = try first.nextBytes() }
            for _ in 0..<2 { _ = try second.nextBytes() }
        }
        #expect(system.calls(on: 2).suffix(2) == [.peek(true), .close])
        #expect(system.closeTime(of: 1) == nil)
        system.advance(by: .seconds(29))
        #expect(try client.text(get()) == "ok")
        #expect(system.calls(on: 1).last == .close)
        #expect(!system.calls(on: 1).contains(.peek(true)), "too old to be looked at")
        #expect(system.problems == [])
    }
}

/// A connection that dies under its second request.
@Suite(.eachDriver) struct StaleRetryTests {
    /// Carries one exchange, then dies: after the second request, or while it is being sent.
    private func dying(
        _ input: [ConnectionScript.Input], output: [ConnectionScript.Output] = []
    ) -> ConnectionScript {
        ConnectionScript([.request, .text(okResponse)] + input, output: output)
    }

    private let broken = SystemError("sendmsg", 32)

    @Test(
        arguments: ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"],
        [
            ConnectionScript.Input.end, .reset,
        ]) func whatIsIdempotentIsRepeatedOnce(
            _ method: String, _ last: ConnectionScript.Input
        ) throws
    {
        let answer = method == "HEAD" ? okHead : okResponse
        let system = ScriptedSystem(
            dying([.request, last]), ConnectionScript([.request, .text(answer)]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        system.clearEvents()
        var request = get()
        request.method = method
        var response = try client.send(request)
        #expect(response.status == 200)
        #expect(response.isReusedConnection == false)
        #expect(try response.readBody(limit: .kibibytes(1)).count == (method == "HEAD" ? 0 : 2))
        let sent = system.connections[1].sent
        #expect(sent.starts(with: "\(method) / HTTP/1.1\r\n".utf8))
        let closed = system.events.firstIndex { $0.call == .close }
        let opened = system.events.firstIndex { $0.connection == 2 }
        #expect(closed! < opened!, "the dead one goes first")
        system.expectFinished()
    }

    @Test(arguments: [ConnectionScript.Input.end, .reset])
    func aPostIsNotRepeatedOnceItWasSent(_ last: ConnectionScript.Input) throws {
        let system = ScriptedSystem(dying([.request, last]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let error = client.error(of: post())
        #expect(error?.progress.bytesWritten ?? 0 > 0)
        #expect([.reset, .closedEarly].contains(error?.kind))
        #expect(client.connections == (0, 0))
        system.expectFinished()
    }

    @Test func norWhenPartOfItWasSent() throws {
        let system = ScriptedSystem(
            dying([.sent(40), .reset], output: [.accept(.max), .accept(10), .fail(broken)]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let error = client.error(of: post())
        #expect(error?.kind == .reset)
        #expect(error?.progress.bytesWritten == 10)
        system.expectFinished()
    }

    @Test func aPostOfWhichNothingWasSentIsRepeated() throws {
        let system = ScriptedSystem(
            dying([.pause(.seconds(1)), .reset], output: [.accept(.max), .fail(broken)]),
            .responses(okResponse))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(try client.text(post()) == "ok")
        #expect(system.connections.count == 2)
        system.expectFinished()
    }

    @Test func notOnceAByteOfTheAnswerCame() throws {
        let system = ScriptedSystem(dying([.request, .text("H"), .reset]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let error = client.error(of: get())
        #expect(error?.kind == .reset)
        #expect(error?.progress.bytesReceived == 1)
        system.expectFinished()
    }

    @Test func neverOnAFreshConnection() {
        for last in [ConnectionScript.Input.end, .reset] {
            let system = ScriptedSystem(ConnectionScript([.request, last]))
            var client = makeClient(system)
            #expect([.reset, .closedEarly].contains(client.error(of: get())?.kind))
            #expect(system.connections.count == 1)
            system.expectFinished()
        }
    }

    @Test func notTwice() throws {
        let system = ScriptedSystem(dying([.request, .end]), ConnectionScript([.request, .end]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(client.error(of: get())?.kind == .closedEarly)
        #expect(system.connections.count == 2)
        system.expectFinished()
    }

    /// The second attempt takes a fresh connection although another idle one is there.
    @Test func theRetryTrustsNoOtherIdleConnection() throws {
        let system = ScriptedSystem(
            dying([.request, .end]), dying([.request, .end]), .responses(okResponse))
        var client = makeClient(system)
        do {
            var first = try client.send(get())
            var second = try client.send(get())
            for _ in 0..<2 { _ = try first.nextBytes() }
            for _ in 0..<2 { _ = try second.nextBytes() }
        }
        #expect(client.connections == (2, 0))
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 3)
    }

    @Test func theSecondAttemptMayFailToConnect() throws {
        let system = ScriptedSystem(
            dying([.request, .end]),
            ConnectionScript(opening: .fails(SystemError("connect", 111), after: .zero)))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let error = client.error(of: get())
        #expect(error?.kind == .connectRefused)
        #expect(error?.progress.bytesWritten == 0)
        #expect(client.connections == (0, 0))
        system.expectFinished()
    }

    @Test func timeoutsAreNotRetried() throws {
        let system = ScriptedSystem(dying([.request]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(client.error(of: get())?.timeout?.deadline == .responseHead)
        #expect(system.connections.count == 1)
    }

    @Test func totalRunsOverBothAttempts() throws {
        let system = ScriptedSystem(
            dying([.request, .pause(.seconds(3)), .end]), ConnectionScript())
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let error = client.error(of: get(), deadlines: shortDeadlines.with(\.total, .seconds(5)))
        #expect(error?.timeout?.deadline == .total)
        #expect(error?.timeout?.waited == .seconds(5))
        #expect(system.connections.count == 2)
    }
}

/// Answers that come while the request is still being sent.
@Suite(.eachDriver) struct EarlyAnswerTests {
    private let refusal = "HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmore"
    private let large = [UInt8](repeating: 32, count: 100_000)

    @Test func theRestIsNotSent() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [.sent(1_000), .pause(.seconds(1)), .text(refusal)],
                output: [.accept(1_000), .blockForEver]))
        var client = makeClient(system)
        var response = try client.send(post(large))
        #expect(response.status == 413)
        #expect(response.progress.bytesWritten == 1_000)
        #expect(response.timings.requestSent == nil)
        #expect(try response.readBody(limit: .kibibytes(1)).count == 4)
        #expect(response.wasConnectionKept == false)
        #expect(system.calls(on: 1).last == .close)
        #expect(system.elapsed == .seconds(1))
        system.expectFinished()
    }

    /// Both at once: it may take more, and it has answered.
    @Test func theRestIsNotSentThoughItCouldBe() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [
                    .sent(1_000), .text(chunkedHead), .pause(.seconds(1)),
                    .text(chunk("a\n") + lastChunk),
                ],
                output: [.accept(1_000), .block(.zero), .accept(10), .block(.milliseconds(1))]))
        var client = makeClient(system)
        var response = try client.send(post(large))
        while try response.nextLine() != nil {}
        #expect(system.connections[0].sent.count == 1_010)
        #expect(system.calls(on: 1).last == .close)
        #expect(client.connections == (0, 0))
    }

    @Test(arguments: [32, 104] as [Int32]) func theConnectionBreaksWhileSending(
        _ number: Int32
    ) throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [.sent(1_000), .text(refusal), .reset],
                output: [.accept(1_000), .fail(SystemError("sendmsg", number))]))
        var client = makeClient(system)
        #expect(try client.text(post(large)) == "more")
        #expect(system.calls(on: 1).last == .close)
        #expect(client.connections == (0, 0))
    }

    @Test func theConnectionBreaksAndNothingIsThere() {
        let system = ScriptedSystem(
            ConnectionScript(
                [.sent(1_000), .reset],
                output: [.accept(1_000), .fail(SystemError("sendmsg", 32))]))
        var client = makeClient(system)
        let error = client.error(of: post(large))
        #expect(error?.kind == .reset)
        #expect(error?.progress.bytesWritten == 1_000)
        system.expectFinished()
    }

    @Test func informationalResponsesDoNotStopTheRequest() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [.sent(100), .text("HTTP/1.1 100 Continue\r\n\r\n"), .request, .text(okResponse)],
                output: [.accept(100), .block(.seconds(1))]))
        var client = makeClient(system)
        var response = try client.send(post(large))
        #expect(response.informational == [100])
        #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
        #expect(response.wasConnectionKept == true)
        system.expectFinished()
    }

    @Test func aChunkedRequest() throws {
        let system = ScriptedSystem(.responses(okResponse))
        var client = makeClient(system)
        var request = post([UInt8]("hello".utf8))
        request.sendsChunked = true
        #expect(try client.text(request) == "ok")
        let sent = String(decoding: system.connections[0].sent, as: UTF8.self)
        #expect(sent.hasSuffix("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"))
        system.expectFinished()
    }
}
