import Synchronization
import TestSupport
import Testing
import WireDriver
import WireExchange
import WireFraming
import WireHTTP1
import WireHTTPClient
import WireSockets
import WireSystem
import WireTime

/// Bodies whose pieces a task makes.
@Suite(.serialized) struct AsyncBodyTests {
    private struct Reader: ResponseHandler {
        var body: [UInt8] = []
        var outcome: ResponseEnd.Outcome?

        mutating func begin(_ head: ResponseHead) -> BodyUnit? { .piece }

        mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict {
            body.append(copying: record.data)
            return .goOn
        }

        mutating func end(_ end: ResponseEnd) { outcome = end.outcome }
    }

    private var client: HTTPClient {
        var options = ClientOptions()
        for deadline in [\Deadlines.requestWrite, \.connect, \.contentIdle] {
            options.deadlines[keyPath: deadline] = LoopbackServer.patience
        }
        return HTTPClient(options)
    }

    /// Reads a request of a length, and tells in the answer how many bytes of its body came.
    private func counting(length: Int) throws -> LoopbackServer {
        try LoopbackServer { peer in
            peer.readHead()
            var count = 0
            while count < length, case .bytes(let bytes) = peer.read() { count += bytes.count }
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \("\(count)".utf8.count)\r\n\r\n\(count)")
        }
    }

    private func upload(_ count: Int, to server: LoopbackServer) -> HTTPRequest {
        let left = Mutex(count)
        var request = loopback(server.port, method: "PUT")
        request.body = .asyncPieces(length: count * 1_000) {
            // Now and then it really waits.
            if left.withLock({ $0 }) % 3 == 0 { await Task.yield() }
            return left.withLock { left in
                if left == 0 { return nil }
                left -= 1
                return [UInt8](repeating: 0x78, count: 1_000)
            }
        }
        return request
    }

    @Test func uploadedByATask() async throws {
        let server = try counting(length: 500_000)
        let response = try await client.fetch(upload(500, to: server), limit: .kibibytes(1))
        #expect(response.text == "500000")
        server.stop()
    }

    @Test func uploadedByALoop() async throws {
        let server = try counting(length: 500_000)
        let reader = await client.handle(upload(500, to: server), with: Reader())
        #expect(reader.outcome == .complete)
        #expect(String(decoding: reader.body, as: UTF8.self) == "500000")
        server.stop()
    }

    /// M: what the peer says is read while the body's source has nothing; then the source is told
    /// that nobody asks any more.
    @Test(arguments: [true, false])
    func anEarlyAnswerIsSeenWhileTheSourceWaits(byTask: Bool) async throws {
        let asked = try Latch()
        let server = try LoopbackServer { peer in
            peer.readHead()
            guard case .bytes = peer.read() else { return }
            _ = asked.wait(until: MonotonicClock.now + LoopbackServer.patience)
            peer.send("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
            _ = peer.waitForEnd()
        }
        let (never, _) = AsyncStream<Void>.makeStream()
        let (stopped, told) = AsyncStream<Void>.makeStream()
        let isFirst = Mutex(true)
        var request = loopback(server.port, method: "POST")
        request.body = .asyncPieces {
            if isFirst.withLock({ isFirst in
                defer { isFirst = false }
                return isFirst
            }) {
                return [0x78]
            }
            asked.open()
            // Ends with its task only.
            for await _ in never {}
            told.finish()
            return nil
        }
        if byTask {
            let response = try await client.fetch(request, limit: .kibibytes(1))
            #expect(response.status == 413 && response.text == "no")
        } else {
            let reader = await client.handle(request, with: Reader())
            #expect(reader.outcome == .complete)
            #expect(reader.body == [UInt8]("no".utf8))
        }
        for await _ in stopped {}
        server.stop()
    }

    @Test func aFailingSource() async throws {
        struct Broken: Error {}
        let server = try LoopbackServer { peer in
            peer.readHead()
            _ = peer.waitForEnd()
        }
        var request = loopback(server.port, method: "POST")
        request.body = .asyncPieces { throw Broken() }
        do throws(TransportError) {
            _ = try await client.send(request)
            Issue.record("sent")
        } catch {
            guard case .local = error else { return fail("\(error)") }
        }
        server.stop()
    }
}
