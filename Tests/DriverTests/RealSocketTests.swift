import Synchronization
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireSystem
import WireTime

/// Long enough that a test which needs one of these has failed.
let patientDeadlines = Deadlines.standard
    .with(\.connect, .seconds(30)).with(\.requestWrite, .seconds(30))
    .with(\.responseHead, .seconds(30)).with(\.firstContent, .seconds(30))
    .with(\.bodyIdle, .seconds(30)).with(\.contentIdle, .seconds(30))

func realClient(_ deadlines: Deadlines = patientDeadlines) -> TestClient {
    var options = ClientOptions()
    options.deadlines = deadlines
    return TestClient(options)
}

func loopback(_ port: UInt16, method: String = "GET", body: [UInt8]? = nil) -> HTTPRequest {
    HTTPRequest(
        method, HTTPURL(scheme: .http, host: "127.0.0.1", port: port, target: "/"), body: body)
}

/// The driver over Linux itself, on loopback.
@Suite(.serialized, .eachDriver) struct RealSocketTests {
    @Test func exchangesOnOneConnection() throws {
        let server = try LoopbackServer { peer in
            while !peer.readHead().isEmpty { peer.send(chunkedHead + chunk("one\n") + lastChunk) }
        }
        do {
            var client = realClient()
            for number in 0..<10 {
                var response = try client.send(loopback(server.port))
                #expect(response.isReusedConnection == (number > 0))
                #expect(try response.nextLine() != nil)
                #expect(try response.nextLine() == nil)
            }
        }
        server.stop()
    }

    /// The server's own idle limit: the peek finds the FIN.
    @Test func theServerClosesWhileIdle() throws {
        let closed = try Latch()
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(okResponse)
            peer.socket.descriptor.close()
            closed.open()
        }
        var client = realClient()
        #expect(try client.text(loopback(server.port)) == "ok")
        #expect(closed.wait(until: MonotonicClock.now + LoopbackServer.patience))
        #expect(try client.text(loopback(server.port, method: "POST", body: [])) == "ok")
        server.stop()
    }

    @Test func refused() throws {
        let port = RefusingPort.number
        var client = realClient()
        let error = client.error(of: loopback(port))
        #expect(error?.kind == .connectRefused)
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.address) == ["127.0.0.1:\(port)"])
    }

    @Test func aReset() throws {
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(chunkedHead + chunk("one\n"))
            try? peer.socket.setLingerZero()
        }
        var client = realClient()
        #expect(client.error(of: loopback(server.port))?.kind == .reset)
        server.stop()
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nA", chunkedHead, chunkedHead + chunk("one\n")])
    func aStall(_ before: String) throws {
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(before)
            _ = peer.waitForEnd()
        }
        let limit = Timeout.milliseconds(40)
        var client = realClient(
            patientDeadlines.with(\.responseHead, limit).with(\.firstContent, limit)
                .with(\.bodyIdle, limit))
        let error = client.error(of: loopback(server.port))
        #expect(error?.kind == .timeout)
        #expect(error?.timeout.map { $0.waited >= limit } == true)
        server.stop()
    }

    @Test func aLargeRequestThatIsNotTaken() throws {
        let gaveUp = try Latch()
        let server = try LoopbackServer { peer in
            _ = gaveUp.wait(until: MonotonicClock.now + LoopbackServer.patience)
            _ = peer.waitForEnd()
        }
        var client = realClient(patientDeadlines.with(\.requestWrite, .milliseconds(40)))
        let body = [UInt8](repeating: 32, count: 64 << 20)
        let error = client.error(of: loopback(server.port, method: "POST", body: body))
        gaveUp.open()
        #expect(error?.timeout?.deadline == .requestWrite)
        #expect(error.map { $0.progress.bytesWritten > 0 } == true)
        server.stop()
    }

    // MARK: What the server sees when a response is left

    @Test func theServerSeesTheClose() throws {
        for floods in [false, true] {
            let seen = Mutex<LoopbackPeer.Ending?>(nil)
            let server = try LoopbackServer { peer in
                peer.readHead()
                peer.send(chunkedHead + chunk("one\n"))
                if floods { while peer.send(chunk("more\n")) {} }
                let ending = peer.waitForEnd()
                seen.withLock { $0 = ending }
            }
            do {
                var client = realClient()
                var response = try client.send(loopback(server.port))
                #expect(try response.nextLine() != nil)
            }
            server.stop()
            // With bytes unread, closing sends RST; the flood's own write may be what saw it first.
            let ending = seen.withLock { $0 }
            #expect(floods ? ending == .reset || ending == .fin : ending == .fin)
        }
    }

    // MARK: Cancelling from another thread

    /// Runs a request that is cancelled once `reached` opens.
    private func cancelled(
        _ request: HTTPRequest, once reached: Latch
    ) -> (error: TransportError?, idle: Int, leased: Int) {
        let cancellation = Cancellation()
        let canceller = PlainThread {
            _ = reached.wait(until: MonotonicClock.now + LoopbackServer.patience)
            cancellation.cancel()
        }
        var client = realClient()
        let error = client.error(of: request, cancellation: cancellation)
        canceller.join()
        return (error, client.connections.idle, client.connections.leased)
    }

    @Test func cancelledWhileConnecting() throws {
        // A listener whose queue is full does not answer.
        let listener = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        let address = listener.localAddress!
        let filler = try StreamSocket.connect(to: address)
        #expect(
            Poll.wait(
                filler.descriptor, for: Readiness(read: false, write: true),
                until: MonotonicClock.now + LoopbackServer.patience
            ).write)
        let reached = try Latch()
        let watcher = PlainThread {
            if KernelConnections.waitForSynSent(to: address.port) { reached.open() }
        }
        let result = cancelled(loopback(address.port), once: reached)
        watcher.join()
        #expect(result.error?.kind == .cancelled)
        #expect(result.error?.phase == .connect)
        #expect((result.idle, result.leased) == (0, 0))
    }

    @Test func cancelledWhileSending() throws {
        let (reached, gaveUp) = (try Latch(), try Latch())
        let server = try LoopbackServer { peer in
            peer.waitForInput()
            reached.open()
            _ = gaveUp.wait(until: MonotonicClock.now + LoopbackServer.patience)
            _ = peer.waitForEnd()
        }
        let body = [UInt8](repeating: 32, count: 64 << 20)
        let result = cancelled(
            loopback(server.port, method: "POST", body: body), once: reached)
        gaveUp.open()
        #expect(result.error?.kind == .cancelled)
        #expect(result.error?.phase == .request)
        #expect(result.error.map { $0.progress.bytesWritten < body.count } == true)
        server.stop()
    }

    @Test func cancelledWhileAwaitingTheHead() throws {
        let reached = try Latch()
        let server = try LoopbackServer { peer in
            peer.readHead()
            reached.open()
            _ = peer.waitForEnd()
        }
        let result = cancelled(loopback(server.port), once: reached)
        #expect(result.error?.kind == .cancelled)
        #expect(result.error?.phase == .head)
        server.stop()
    }

    @Test func cancelledInTheBody() throws {
        let reached = try Latch()
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(chunkedHead + chunk("one\n"))
            reached.open()
            _ = peer.waitForEnd()
        }
        let result = cancelled(loopback(server.port), once: reached)
        #expect(result.error?.kind == .cancelled)
        server.stop()
    }

    /// Also while the peer never stops sending.
    @Test func cancelledInAFlood() throws {
        let reached = try Latch()
        let server = try LoopbackServer { peer in
            peer.readHead()
            peer.send(chunkedHead)
            var count = 0
            while peer.send(chunk(String(repeating: "line\n", count: 1_000))) {
                count += 1
                if count == 100 { reached.open() }
            }
        }
        let result = cancelled(loopback(server.port), once: reached)
        #expect(result.error?.kind == .cancelled)
        server.stop()
    }
}
