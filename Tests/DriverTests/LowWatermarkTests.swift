import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireTime

@Suite(.serialized, .eachDriver) struct LowWatermarkTests {
    private func marks(_ system: ScriptedSystem) -> [Int] {
        system.calls(on: 1).compactMap {
            if case .lowWatermark(let count) = $0 { count } else { nil }
        }
    }

    private func pieces(_ count: Int, of size: Int) -> [ConnectionScript.Input] {
        (0..<count).flatMap { _ in
            [.pause(.seconds(1)), .bytes([UInt8](repeating: 120, count: size))]
        }
    }

    private func client(_ system: ScriptedSystem) -> TestClient {
        makeClient(system) { $0.socket.receiveLowWatermark = 1_000 }
    }

    @Test func onlyWhileSoMuchIsToCome() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"
        let system = ScriptedSystem(
            ConnectionScript(
                [.request, .text(head)] + pieces(6, of: 500) + [.request, .text(okResponse)]))
        var client = client(system)
        #expect(try client.text(get()).utf8.count == 3_000)
        #expect(marks(system) == [1_000, 1])
        let change = system.events.last { $0.call == .lowWatermark(1) }
        #expect(change?.at == .seconds(5), "with 500 bytes to come")
        #expect(try client.text(get()) == "ok")
        #expect(client.counts.reused == 1)
        #expect(marks(system) == [1_000, 1])
        system.expectFinished()
    }

    /// The last read brought more than was waited for: the connection is as it was all the same.
    @Test func resetAtTheEnd() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 2000\r\n\r\n"
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(head)] + pieces(1, of: 2_000)))
        var client = client(system)
        #expect(try client.text(get()).utf8.count == 2_000)
        #expect(marks(system) == [1_000, 1])
        #expect(client.connections == (1, 0))
    }

    @Test(arguments: [
        chunkedHead + chunk(String(repeating: "x", count: 5_000)), "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n",
    ]) func neverOtherwise(_ response: String) {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(response), .pause(.seconds(1)), .end]))
        var client = client(system)
        _ = client.error(of: get())
        #expect(marks(system) == [])
        #expect(system.problems == [])
    }

    @Test func notUnlessAskedFor() throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n"
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(head)] + pieces(6, of: 500)))
        var client = makeClient(system)
        #expect(try client.text(get()).utf8.count == 3_000)
        #expect(marks(system) == [])
    }

    /// Over Linux: nothing is waited for that does not come, whatever the mark.
    @Test(arguments: [100, 70_000, 1 << 30]) func overLinux(_ mark: Int) throws {
        let count = 3_000_000
        let server = try LoopbackServer { peer in
            while !peer.readHead().isEmpty {
                peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(count)\r\n\r\n")
                let piece = String(repeating: "x", count: 10_000)
                for _ in 0..<(count / 10_000) { peer.send(piece) }
            }
        }
        do {
            var options = ClientOptions()
            options.deadlines = patientDeadlines
            options.socket.receiveLowWatermark = mark
            var client = TestClient(options)
            for round in 0..<3 {
                #expect(try client.text(loopback(server.port)).utf8.count == count)
                #expect(client.counts.reused == round)
            }
        }
        server.stop()
    }
}
