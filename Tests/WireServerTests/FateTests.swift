import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem
import WireTime

private let page = [UInt8](repeating: 66, count: 16 << 10)

@Suite struct FateTests {
    /// What the server is at when the client leaves.
    enum Moment: String, CaseIterable {
        case idle, inHead, inBody, stalled, waiting, sending, blocked, finished
    }

    private func serve() throws -> ReplayServer {
        var options = ServerOptions()
        options.sendBufferBytes = 4 << 10
        options.linger = .seconds(3_600)
        return try ReplayServer.answering(options: options) { request in
            switch request.target {
            case "/stalled": .stalling(after: 3, of: [1, 2, 3])
            case "/waiting": Script([.send([1, 2, 3]), .wait(.seconds(3_600)), .send([4])])
            case "/sending": .endless([1, 2, 3], repeating: [4], every: .microseconds(50))
            case "/blocked": .endless([1, 2, 3], repeating: page)
            case "/finished": Script([.send([1, 2, 3]), .finish])
            default: .json("{}")
            }
        }
    }

    private func bring(_ client: RawClient, to moment: Moment, _ server: ReplayServer) throws {
        switch moment {
        case .idle: return
        case .inHead: try client.send("GET /x HT")
        case .inBody: try client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        default:
            try client.send(get("/\(moment.rawValue)"))
            #expect(try client.receive(3) == [1, 2, 3])
        }
        if moment == .blocked {
            #expect(server.log.wait(for: 0, until: farAway) { $0.isBlocked } != nil)
        }
    }

    @Test(arguments: Moment.allCases)
    func aFINIsSeenAtOnceWhateverTheServerIsAt(_ moment: Moment) throws {
        let server = try serve()
        defer { server.stop() }
        let client = try RawClient(server)
        try bring(client, to: moment, server)
        let leftAt = MonotonicClock.now
        client.socket.finishSending()
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        #expect(close.kind == .fin)
        #expect(close.seenAt >= leftAt)
        try checkNothingFollows(server, close)
    }

    @Test(arguments: Moment.allCases)
    func aResetIsSeenAtOnceWhateverTheServerIsAt(_ moment: Moment) throws {
        let server = try serve()
        defer { server.stop() }
        let client = try RawClient(server)
        try bring(client, to: moment, server)
        let leftAt = MonotonicClock.now
        try client.reset()
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        #expect(close.kind == .reset)
        #expect(close.seenAt >= leftAt)
        try checkNothingFollows(server, close)
    }

    /// The script has been stopped, and stays so while others are served.
    private func checkNothingFollows(
        _ server: ReplayServer, _ close: ConnectionRecord.ClientClose
    ) throws {
        let other = try RawClient(server)
        for _ in 0..<5 {
            try other.send(get("/"))
            _ = try other.receive(through: "{}")
        }
        let record = try #require(server.log[0])
        #expect(record.isOver)
        #expect(record.bytesSent == close.bytesSent)
        #expect(record.writes.last?.bytesSent ?? 0 == close.bytesSent)
    }

    @Test func closingWithUnreadBytesIsAReset() throws {
        let server = try ReplayServer.performing(Script([.send(page[...]), .stall]))
        defer { server.stop() }
        let client = try RawClient(server)
        _ = try client.receive(1)
        _ = server.log.wait(for: 0, until: farAway) { $0.scriptDoneAt != nil }
        client.close()
        #expect(server.log.waitForClose(of: 0, until: farAway)?.kind == .reset)
    }

    @Test func whatTheServerDoesIsLogged() throws {
        for (step, kind, ending) in [
            (Script.Step.finish, ConnectionRecord.ServerClose.Kind.finish, RawClient.Ending.fin),
            (.close, .close, .fin), (.reset, .reset, .reset),
        ] {
            let server = try ReplayServer.performing(Script([.send([1, 2]), step]), afterBytes: 3)
            defer { server.stop() }
            let client = try RawClient(server)
            try client.send("abc")
            _ = try client.receiveToEnd()
            #expect(client.ending == ending)
            let record = try #require(
                server.log.wait(for: 0, until: farAway) { $0.serverClose != nil })
            #expect(record.serverClose?.kind == kind)
            #expect(record.bytesSent == 2)
            #expect(record.bytesReceived == 3)
            #expect(record.scriptDoneAt != nil)
            #expect(record.isOver == (step != .finish))
            client.close()
            let close = server.log.waitForClose(of: 0, until: farAway)
            #expect(close?.kind == (step == .finish ? .fin : nil))
        }
    }

    @Test func finishingLosesNothingToUnreadInput() throws {
        // A whole megabyte of request is still coming when the answer ends the connection: closing
        // would make the kernel reset it and take the answer with it.
        let server = try ReplayServer.performing(
            Script.bytes(page).then(.finish), afterBytes: 1)
        defer { server.stop() }
        let client = try RawClient(server)
        try client.send([UInt8](repeating: 1, count: 1 << 20))
        #expect(try client.receiveToEnd() == page)
        #expect(client.ending == .fin)
    }

    @Test func aFinishedConnectionIsNotKeptForEver() throws {
        var options = ServerOptions()
        options.linger = .milliseconds(10)
        let server = try ReplayServer.performing(Script([.finish]), options: options)
        defer { server.stop() }
        let client = try RawClient(server)
        #expect(try client.receiveToEnd().isEmpty)
        let record = server.log.wait(for: 0, until: farAway) { $0.isOver }
        #expect(record?.clientClose == nil)
        #expect(record?.serverClose?.kind == .finish)
    }

    @Test func aClientThatSendsTooFarAheadIsReset() throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        let client = try RawClient(server)
        try client.send(get("/"))
        #expect(throws: SystemError.self) {
            for _ in 0..<64 { try client.send([UInt8](repeating: 65, count: 1 << 20)) }
        }
        let record = server.log.wait(for: 0, until: farAway) { $0.isOver }
        #expect(record?.serverClose?.kind == .reset)
        #expect((record?.bytesReceived ?? 0) < 4 << 20)
    }

    @Test func aDeafServerTakesNothing() throws {
        var options = ServerOptions()
        options.receiveBufferBytes = 4 << 10
        let server = try ReplayServer(.deaf, options: options)
        server.start()
        defer { server.stop() }
        let client = try RawClient(server)
        var sent = 0
        while case .bytes(let count) = client.socket.send(page.span, Span()), sent < 64 << 20 {
            sent += count
        }
        #expect(sent < 64 << 20)
        #expect(server.log.wait(for: 0, until: farAway) { !$0.isOver }?.bytesReceived == 0)
        server.stop()
        #expect(try client.receiveToEnd().isEmpty)
        #expect(client.ending != nil)
    }

    @Test func rawScriptsAreChosenByConnection() throws {
        let server = try ReplayServer(
            .raw(afterBytes: 2) { connection in .text("\(connection)").then(.finish) })
        server.start()
        defer { server.stop() }
        for expected in ["0", "1", "2"] {
            let client = try RawClient(server)
            try client.send("a")
            try client.send("bc")
            #expect(try client.receiveToEnd() == [UInt8](expected.utf8))
        }
    }
}

@Suite struct ReportTests {
    @Test func aReportCountsWhatWasSentAfterLeaving() throws {
        let lines = ["{\"a\":1}", "{\"a\":2}", "{\"a\":3}"]
        let response = Script.ndjson(lines).sentBytes
        let recording = Recording(
            name: "r", request: [UInt8](get("/").utf8), response: response, reads: [])
        let exchange = try #require(recording.exchanges.first)
        #expect(exchange.recordEnds.count == 3)
        func at(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: milliseconds * 1_000_000) }
        let log = ConnectionLog()
        log.accepted(0, at: at(0))
        // Another answer came before on the connection.
        for index in 0...1 {
            let request = ServedRequest(
                connection: 0, index: index, head: exchange.request, body: [], receivedAt: at(1))
            log.received(request)
            if index == 0 { log.sent(50, on: 0, at: at(1)) }
        }
        log.sent(exchange.recordEnds[0], on: 0, at: at(2))
        log.sent(exchange.recordEnds[2] - exchange.recordEnds[0] - 1, on: 0, at: at(4))
        log.clientClosed(0, .fin, at: at(5))
        let record = try #require(log[0])
        let report = StreamReport(record, request: 1, answeredBy: exchange, leftAt: at(3))
        #expect(report.recordsSent == 2)
        #expect(report.recordsSentAfterLeaving == 1)
        let bytes = exchange.recordEnds[2] - exchange.recordEnds[0] - 1
        #expect(report.bytesSentAfterLeaving == bytes)
        #expect(report.closeSeenAfter == .milliseconds(2))
        #expect(report.closeKind == .fin)
        let none = StreamReport(record, request: 9, answeredBy: exchange, leftAt: at(9))
        #expect(none.recordsSentAfterLeaving == 0)
    }

    @Test func aStreamLeftEarlyIsReported() throws {
        let recording = try Fixtures.recording("chat-stream")
        let exchange = try #require(recording.exchanges.first)
        // So slow that the second read's bytes never come.
        let server = try ReplayServer.replaying([recording], pace: .factor(1e5))
        defer { server.stop() }
        let slow = try RawClient(server)
        try slow.send(recording.request)
        _ = server.log.wait(for: 0, until: farAway) { $0.requests.count == 1 }
        let leftAt = MonotonicClock.now
        slow.close()
        _ = server.log.waitForClose(of: 0, until: farAway)
        let report = StreamReport(
            try #require(server.log[0]), answeredBy: exchange, leftAt: leftAt)
        #expect(report.recordsSent == 0)
        #expect(report.recordsSentAfterLeaving == 0)
        #expect(report.closeKind == .fin)
        #expect(try #require(report.closeSeenAfter) >= .zero)
    }

    @Test func theLogForgetsTheOldest() {
        let log = ConnectionLog(capacity: 2)
        for id in 0..<5 { log.accepted(id, at: Instant(nanoseconds: 0)) }
        #expect(log.connections.map(\.id) == [3, 4])
        #expect(log[2] == nil)
        log.sent(1, on: 2, at: Instant(nanoseconds: 0))
        #expect(log.waitForClose(of: 3, until: MonotonicClock.now) == nil)
    }

    @Test func aMonitorWakesItsWaiters() {
        let monitor = Monitor(0)
        let waiter = PlainThread {
            let limit = farAway.nanoseconds
            let seen = monitor.wait(untilNanoseconds: limit) { $0 >= 1 ? $0 : nil }
            monitor.update { $0 = (seen ?? -100) + 10 }
        }
        monitor.update { $0 = 1 }
        #expect(monitor.wait(untilNanoseconds: .max) { $0 > 1 ? $0 : nil } == 11)
        waiter.join()
        #expect(monitor.wait(untilNanoseconds: 0) { $0 == 5 ? $0 : nil } == nil)
        #expect(monitor.wait(untilNanoseconds: 0) { $0 == 11 ? $0 : nil } == 11)
        #expect(monitor.read { $0 } == 11)
    }
}
