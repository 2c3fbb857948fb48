import Synchronization
import TestSupport
import Testing
import WireExchange
import WireHTTP1
import WireSockets
import WireSystem
import WireTime

/// Kernel stamps over real sockets.
@Suite(.eachDriver) struct StampTests {
    private static let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    private func client() -> TestClient {
        var options = ClientOptions()
        options.socket.receiveTimestamps = true
        return TestClient(options)
    }

    private func request(_ server: LoopbackServer) -> HTTPRequest {
        HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "127.0.0.1", port: server.port, target: "/"))
    }

    /// One record at a time, each sent when the one before has been read: no stamp claims to be exact
    /// and lies outside of sending and reading, and some are exact. Not the first of a busy machine:
    /// the kernel begins to stamp a while after it was asked for the first time (net_enable_timestamp).
    @Test func oneByOne() throws {
        let patience = MonotonicClock.now + LoopbackServer.patience
        let sent = Mutex<[Instant]>([])
        let wanted = Monitor<Int>(1)
        let server = try LoopbackServer { peer in
            _ = peer.readHead()
            _ = peer.send(StampTests.head)
            for index in 0... {
                let next = wanted.wait(untilNanoseconds: patience.nanoseconds) { count -> Int? in
                    count > index || count < 0 ? count : nil
                }
                guard let next, next > 0 else { break }
                sent.withLock { $0.append(MonotonicClock.now) }
                _ = peer.send("5\r\nline\n\r\n")
            }
            _ = peer.send("0\r\n\r\n")
        }
        var client = client()
        var response = try client.send(request(server))
        var (taken, exact) = (0, 0)
        while taken < 60 || exact == 0, MonotonicClock.now < patience {
            #expect(try response.nextLine() != nil)
            let read = MonotonicClock.now
            guard let arrival = response.arrival else {
                wanted.update { $0 = -1 }
                return fail("no stamp")
            }
            #expect(arrival.by <= read)
            if !arrival.isCoalesced {
                exact += 1
                // The two clocks may be adjusted against each other meanwhile.
                let earliest = sent.withLock { $0[taken] }
                #expect(arrival.by + .milliseconds(5) >= earliest)
            }
            taken += 1
            if taken < 60 || exact == 0 { wanted.update { $0 += 1 } }
        }
        wanted.update { $0 = -1 }
        #expect(exact > 0)
        #expect(try response.nextLine() == nil)
        server.stop()
    }

    /// Records that came one after another and are read together.
    @Test func readLate() throws {
        let isRead = try Latch()
        let isSent = try Latch()
        let server = try LoopbackServer { peer in
            _ = peer.readHead()
            _ = peer.send(StampTests.head + "5\r\nline\n\r\n")
            _ = isRead.wait(until: MonotonicClock.now + LoopbackServer.patience)
            for _ in 0..<5 { _ = peer.send("5\r\nline\n\r\n") }
            isSent.open()
            _ = peer.waitForEnd()
        }
        var client = client()
        var response = try client.send(request(server))
        #expect(try response.nextLine() != nil)
        let before = MonotonicClock.now
        isRead.open()
        #expect(isSent.wait(until: before + LoopbackServer.patience))
        let after = MonotonicClock.now
        for _ in 0..<5 {
            #expect(try response.nextLine() != nil)
            guard let arrival = response.arrival else {
                Issue.record("no stamp")
                return
            }
            #expect(arrival.isCoalesced, "one stamp for five records")
            #expect(arrival.by <= after + .milliseconds(5))
            if let bound = arrival.after { #expect(bound <= before) }
        }
        response.cancel()
        server.stop()
    }

    @Test func notUnlessAsked() throws {
        let server = try LoopbackServer { peer in
            _ = peer.readHead()
            _ = peer.send(StampTests.head + "5\r\nline\n\r\n0\r\n\r\n")
        }
        var client = TestClient(ClientOptions())
        var response = try client.send(request(server))
        #expect(try response.nextLine() != nil)
        #expect(response.arrival == nil)
        server.stop()
    }
}
