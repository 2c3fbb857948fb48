import TestSupport
import Testing
import WireServer
import WireSimulation
import WireSockets
import WireSystem
import WireTime

@Suite struct GroundTruthTests {
    @Test func everythingIsWrittenDown() throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/truth"
        var options = SimulationOptions()
        options.models = [SimulatedModel("sim")]
        options.models[0].tokenRate = 500
        options.models[0].output = .exactly(5)
        let truth = try GroundTruth(path: path)
        options.groundTruth = truth
        let server = try ReplayServer.simulating(options)
        server.start()
        let before = MonotonicClock.now
        let client = try RawClient(server)
        let port = try #require(client.socket.localAddress?.port)
        let body = #"{"model":"sim","prompt":"x"}"#
        try client.send(
            "POST /api/generate HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        )
        let received = try client.receive(through: "\r\n0\r\n\r\n")
        client.close()
        let close = try #require(server.log.waitForClose(of: 0, until: farAway))
        let other = try RawClient(server)
        try other.send(
            "GET /api/version HTTP/1.1\r\nHost: a\r\nX-Simulate: reset:after=start\r\n\r\n")
        _ = try other.receiveToEnd()
        server.stop()
        #expect(try truth.close() == 0)
        let after = MonotonicClock.now

        let file = try #require(GroundTruthFile(try Files.read(path, limit: 1 << 20)))
        let first = file.entries.filter { $0.connection == 0 }
        #expect(
            first.map(\.kind) == [.accepted, .received] + Array(repeating: .record, count: 6) + [
                .answered, .left,
            ])
        #expect(first[0].value == Int64(port))
        #expect(first[1].value == Int64(body.utf8.count))
        let records = first.filter { $0.kind == .record }
        #expect(records.map(\.index) == Array(0..<6))
        // Sent when due, or later; the last one has no time of its own.
        for record in records.prefix(5) {
            #expect(record.detail == 1)
            #expect(record.monotonic.nanoseconds >= record.value)
        }
        #expect(records[5].detail == 0)
        #expect(first[8].value == 6)
        #expect(first[9].monotonic == close.seenAt)
        #expect(first[9].value == Int64(received.utf8.count))
        let times = file.entries.map(\.monotonic)
        #expect(times.allSatisfy { $0 >= before && $0 <= after })
        let wall = MonotonicClock.wallNanoseconds - MonotonicClock.now.nanoseconds
        for entry in file.entries {
            #expect(abs(entry.wallNanoseconds - entry.monotonic.nanoseconds - wall) < 1_000_000_000)
        }
        let second = file.entries.filter { $0.connection == 1 }
        #expect(second.map(\.kind).contains(.fault))
        #expect(second.last { $0.kind == .ended }?.detail == 2)
    }

    @Test func whatIsNoSuchFileIsRefused() {
        #expect(GroundTruthFile([]) == nil)
        #expect(GroundTruthFile(Array("TWTRUTH2".utf8)) == nil)
        #expect(GroundTruthFile(Array("TWTRUTH1".utf8))?.entries == [])
        #expect(GroundTruthFile(Array("TWTRUTH1".utf8) + [UInt8](repeating: 0, count: 40)) == nil)
        // Killed while it wrote: what is whole counts.
        #expect(GroundTruthFile(Array("TWTRUTH1".utf8) + [1, 2, 3])?.entries == [])
    }
}
