import OllamaBlocking
import OllamaProtocol
import Testing
import WireBlocking
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Leaving as the server sees it.
@Suite struct SocketLeavingTests {
    /// Longer than any test takes; nothing waits for so long when all is well.
    private var farAway: Instant { MonotonicClock.now + .seconds(60) }

    /// The first five of six records at once; nobody reads so fast that the sixth is due.
    private static let five: Script = {
        let lines = (1...5).map { Wire.chunk(Wire.chat("\($0) ") + "\n") }.joined()
        return Script.text(Wire.streamHead + lines).then(.wait(.seconds(120)))
            .then(.send(Array(Wire.chunk(Wire.chat("6") + "\n").utf8)[...]))
    }()

    private static let again = Script.text(Wire.stream([Wire.chat("again"), Wire.chatDone]))

    /// Five records, then a stream that ends well, on each connection.
    private func server() throws -> ReplayServer {
        try ReplayServer.answering { request in
            String(decoding: request.body, as: UTF8.self).contains("again")
                ? SocketLeavingTests.again : SocketLeavingTests.five
        }
    }

    private func expectSeen(
        _ server: ReplayServer, _ kind: ConnectionRecord.ClientClose.Kind,
        _ client: inout BlockingOllama
    ) throws {
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        #expect(close.kind == kind)
        #expect(
            close.bytesSent == SocketLeavingTests.five.sentBytes.count
                - Wire.chunk(Wire.chat("6") + "\n").utf8.count)
        #expect(try client.chat("again", "").collect().text == "again")
        #expect(server.log.connections.count == 2)
    }

    @Test(arguments: [0, 1, 5])
    func byBreak(after records: Int) throws {
        let server = try server()
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        do {
            var stream = try client.chat("m", "hi")
            var count = 0
            while count < records, try stream.next() != nil { count += 1 }
        }
        try expectSeen(server, .fin, &client)
    }

    @Test func byCancel() throws {
        let server = try server()
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        var stream = try client.chat("m", "hi")
        #expect(try stream.nextText() == "1 ")
        stream.cancel()
        try expectSeen(server, .fin, &client)
    }

    /// What had come and was not read makes the kernel say it the harder way.
    @Test func withUnreadBytes() throws {
        let server = try ReplayServer.answering { _ in
            let line = Array(Wire.chunk(Wire.chat("x") + "\n").utf8)
            return .endless(Array(Wire.streamHead.utf8), repeating: line)
        }
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        do {
            var stream = try client.chat("m", "hi")
            #expect(try stream.nextText() == "x")
            // The server sends until the kernel takes no more.
            _ = server.log.wait(for: 0, until: farAway) { $0.isBlocked }
        }
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        #expect(close.kind == .reset)
    }

    // MARK: From another thread

    @Test func cancelledWhileTheServerThinks() throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        let cancellation = Cancellation()
        let log = server.log
        let limit = farAway
        let thread = PlainThread {
            _ = log.wait(for: 0, until: limit) { !$0.requests.isEmpty }
            cancellation.cancel()
        }
        var client = try BlockingOllama(host: server.url)
        #expect(Reading(&client, anyChat, cancellation).error == .cancelled(partialText: ""))
        thread.join()
        #expect(server.log.waitForClose(of: 0, until: farAway)?.kind == .fin)
        #expect(MonotonicClock.now < limit)
    }

    @Test func cancelledWhileRecordsAreAwaited() throws {
        let server = try server()
        defer { server.stop() }
        let cancellation = Cancellation()
        let log = server.log
        let limit = farAway
        let sent = SocketLeavingTests.five.sentBytes.count / 2
        let thread = PlainThread {
            _ = log.wait(for: 0, until: limit) { $0.bytesSent > sent }
            cancellation.cancel()
        }
        var client = try BlockingOllama(host: server.url)
        let error = Reading(&client, anyChat, cancellation).error
        thread.join()
        // What had come by then may have been read or not.
        guard case .cancelled(let partialText) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect("1 2 3 4 5 ".hasPrefix(partialText))
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        #expect(close.bytesSent < SocketLeavingTests.five.sentBytes.count)
        #expect(try client.chat("again", "").collect().text == "again")
        #expect(MonotonicClock.now < limit)
    }

    /// One object ends the streams of several threads, each with its own client.
    @Test func oneCancellationForSeveralThreads() throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        let cancellation = Cancellation()
        let errors = Monitor<[StreamError?]>([])
        let url = server.url
        let threads = (0..<4).map { _ in
            PlainThread {
                guard var client = try? BlockingOllama(host: url) else { return }
                let error = Reading(&client, anyChat, cancellation).error
                errors.update { $0.append(error) }
            }
        }
        for connection in 0..<4 {
            _ = server.log.wait(for: connection, until: farAway) { !$0.requests.isEmpty }
        }
        cancellation.cancel()
        for thread in threads { thread.join() }
        #expect(errors.read { $0 } == Array(repeating: .cancelled(partialText: ""), count: 4))
        for connection in 0..<4 {
            #expect(server.log.waitForClose(of: connection, until: farAway) != nil)
        }
    }
}
