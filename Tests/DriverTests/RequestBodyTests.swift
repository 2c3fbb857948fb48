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

@Suite(.eachDriver) struct RequestBodyTests {
    /// A body of so many pieces, and how many of them have been asked for.
    private final class Producer: Sendable {
        private let left: Mutex<Int>
        let asked = Mutex(0)
        let size: Int

        init(_ count: Int, size: Int = 1_000) {
            left = Mutex(count)
            self.size = size
        }

        func body(length: Int? = nil) -> RequestBody {
            .pieces(length: length) { [self] in
                asked.withLock { $0 += 1 }
                return left.withLock { left in
                    if left == 0 { return nil }
                    left -= 1
                    return [UInt8](repeating: 0x78, count: size)
                }
            }
        }
    }

    private func request(_ body: RequestBody, method: String = "POST") -> HTTPRequest {
        var request = get()
        request.method = method
        request.body = body
        return request
    }

    private func sentBody(_ system: ScriptedSystem, _ connection: Int = 0) -> String {
        let text = String(decoding: system.connections[connection].sent, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return "no head" }
        return String(text[end.upperBound...])
    }

    private func response(_ script: ConnectionScript.Input...) -> ConnectionScript {
        ConnectionScript(script)
    }

    @Test func piecesInTheChunkedCoding() throws {
        let system = ScriptedSystem(.responses(okResponse, okResponse))
        var client = makeClient(system)
        #expect(try client.text(request(Producer(3, size: 2).body())) == "ok")
        #expect(sentBody(system) == "2\r\nxx\r\n2\r\nxx\r\n2\r\nxx\r\n0\r\n\r\n")
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 1, "the connection is clean")
        system.expectFinished()
    }

    @Test func piecesWithALength() throws {
        let system = ScriptedSystem(.responses(okResponse))
        var client = makeClient(system)
        #expect(try client.text(request(Producer(3, size: 2).body(length: 6))) == "ok")
        #expect(sentBody(system) == "xxxxxx")
    }

    /// The peer takes nothing: no piece is asked for but the one that waits.
    @Test func backPressure() throws {
        let producer = Producer(1_000)
        let system = ScriptedSystem(
            ConnectionScript(
                [.request, .text(okResponse)],
                output: [.accept(1_000), .accept(500), .block(.seconds(2)), .accept(100)]
                    + [.blockForEver]))
        var client = makeClient(system)
        let error = client.error(of: request(producer.body()))
        #expect(error?.timeout?.deadline == .requestWrite)
        #expect(producer.asked.withLock { $0 } <= 2)
        #expect(system.connections[0].isClosed)
    }

    /// M: an early 413 is seen while the body is being sent; then no more of it goes, and the
    /// connection closes.
    @Test func anEarlyAnswerEndsTheUpload() throws {
        let producer = Producer(1_000_000)
        let system = ScriptedSystem(
            ConnectionScript([
                .sent(5_000), .text("HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno"),
            ]))
        var client = makeClient(system)
        var response = try client.send(request(producer.body()))
        #expect(response.status == 413)
        #expect(try response.readBody(limit: .bytes(10)) == [UInt8]("no".utf8))
        #expect(producer.asked.withLock { $0 } < 10)
        #expect(system.connections[0].isClosed)
    }

    @Test func anAnswerIsReadWhenWritingFails() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [.text("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")],
                output: [.accept(400), .fail(SystemError("sendmsg", 32))]))
        var client = makeClient(system)
        let status = try client.send(request(Producer(100).body())).status
        #expect(status == 413)
        #expect(system.connections[0].isClosed)
    }

    /// M: retried only with a body that can be had again.
    @Test(arguments: [true, false])
    func staleConnections(isRepeatable: Bool) throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(okResponse), .sent(60), .end]),
            .responses(okResponse))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let body = isRepeatable ? RequestBody.bytes([0x78]) : Producer(1, size: 1).body()
        let error = client.error(of: request(body, method: "PUT"))
        #expect((error == nil) == isRepeatable)
        #expect(system.connections.count == (isRepeatable ? 2 : 1))
        if !isRepeatable { #expect(error?.kind == .closedEarly) }
    }

    @Test func aFailingSource() throws {
        struct Broken: Error, CustomStringConvertible { let description = "the disk is on fire" }
        let system = ScriptedSystem(ConnectionScript([]))
        var client = makeClient(system)
        let error = client.error(of: request(.pieces { throw Broken() }))
        guard case .local("the disk is on fire", let progress) = error else {
            return fail("\(error as Any)")
        }
        #expect(progress.bytesWritten > 0)
        #expect(system.connections[0].isClosed)
    }

    // MARK: Files

    /// The file goes with its directory.
    private final class BodyFile {
        private let directory: TemporaryDirectory
        let path: String

        init(_ bytes: [UInt8]) throws {
            directory = try TemporaryDirectory()
            path = try directory.file("body", bytes)
        }
    }

    @Test(arguments: [0, 1, 65_536, 200_000])
    func filesGoWithTheirLength(count: Int) throws {
        let bytes = (0..<count).map { UInt8(0x30 + $0 % 10) }
        let file = try BodyFile(bytes)
        do {
            let system = ScriptedSystem(.responses(okResponse, okResponse))
            var client = makeClient(system)
            let request = request(.file(file.path))
            #expect(try client.text(request) == "ok")
            #expect(sentBody(system).utf8.elementsEqual(bytes))
            let head = String(decoding: system.connections[0].sent.prefix(200), as: UTF8.self)
            #expect(head.contains("\r\nContent-Length: \(count)\r\n"))
            #expect(try client.text(request) == "ok", "it is opened anew for each")
            system.expectFinished()
        }
    }

    @Test func filesAreSentAgainFromTheirBeginning() throws {
        let file = try BodyFile([UInt8]("content".utf8))
        do {
            let system = ScriptedSystem(
                ConnectionScript([.request, .text(okResponse), .sent(80), .end]),
                .responses(okResponse))
            var client = makeClient(system)
            #expect(try client.text(get()) == "ok")
            #expect(try client.text(request(.file(file.path), method: "PUT")) == "ok")
            #expect(sentBody(system, 1) == "content")
        }
    }

    @Test func noSuchFile() throws {
        let system = ScriptedSystem()
        var client = makeClient(system)
        for path in ["/nonexistent/file", "/tmp"] {
            let error = client.error(of: request(.file(path)))
            guard case .local(let message, _) = error else { return fail("\(error as Any)") }
            #expect(message.contains(path))
        }
        #expect(system.connections.isEmpty)
    }

    // MARK: Expect: 100-continue

    private func expecting(_ method: String = "POST") -> HTTPRequest {
        var request = post([UInt8]("body".utf8))
        request.method = method
        request.expectsContinue = true
        return request
    }

    @Test func theBodyGoesWhenItIsAskedFor() throws {
        let system = ScriptedSystem(
            response(
                .sent(60), .text("HTTP/1.1 100 Continue\r\n\r\n"), .request, .text(okResponse),
                .request, .text(okResponse)))
        var client = makeClient(system)
        var response = try client.send(expecting())
        #expect(response.status == 200 && response.informational == [100])
        #expect(try response.readBody(limit: .bytes(9)) == [UInt8]("ok".utf8))
        #expect(sentBody(system) == "body")
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 1)
        #expect(system.elapsed < .seconds(1))
        system.expectFinished()
    }

    /// Silence is no refusal: after its own deadline the body goes.
    @Test func theBodyGoesAfterSilence() throws {
        let system = ScriptedSystem(.responses(okResponse))
        var client = makeClient(
            system, deadlines: shortDeadlines.with(\.expectContinue, .milliseconds(300)))
        #expect(try client.text(expecting()) == "ok")
        #expect(sentBody(system) == "body")
        #expect(system.elapsed == .milliseconds(300))
    }

    /// M (CVE-2024-24791): a final answer instead of 100 means no body, and a connection that is not
    /// used again: nobody could tell the body from the next request.
    @Test(arguments: [417, 401, 200])
    func aFinalAnswerSparesTheBody(status: Int) throws {
        let system = ScriptedSystem(
            response(.sent(60), .text("HTTP/1.1 \(status) No\r\nContent-Length: 0\r\n\r\n")),
            .responses(okResponse))
        var client = makeClient(system)
        let answered = try client.send(expecting()).status
        #expect(answered == status)
        #expect(sentBody(system) == "")
        #expect(system.connections[0].isClosed)
        #expect(try client.text(get()) == "ok")
    }

    @Test func otherInterimResponsesAskForNothing() throws {
        let system = ScriptedSystem(
            response(
                .sent(60), .text("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n"),
                .pause(.milliseconds(100)),
                .text("HTTP/1.1 100 Continue\r\n\r\n"), .request, .text(okResponse)))
        var client = makeClient(system)
        var response = try client.send(expecting())
        #expect(response.informational == [102, 103, 100])
        #expect(try response.readBody(limit: .bytes(9)) == [UInt8]("ok".utf8))
        #expect(system.elapsed == .milliseconds(100))
    }

    /// The wait is the body's: for the head there is the whole of its own deadline behind it.
    @Test func theHeadsDeadlineRunsBehindTheBody() throws {
        let system = ScriptedSystem(ConnectionScript([.request, .pause(.seconds(60)), .end]))
        var client = makeClient(system)
        let error = client.error(of: expecting())
        #expect(error?.timeout?.deadline == .responseHead)
        #expect(system.elapsed == .seconds(5))
    }

    @Test func retriesWaitAgain() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(okResponse), .sent(60), .end]),
            response(
                .sent(60), .text("HTTP/1.1 100 Continue\r\n\r\n"), .request, .text(okResponse)))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(try client.text(expecting("PUT")) == "ok")
        #expect(sentBody(system, 1) == "body")
        system.expectFinished()
    }
}
