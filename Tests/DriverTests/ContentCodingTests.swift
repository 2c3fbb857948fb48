import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireGzip
import WireHTTP1
import WireHTTPClient
import WireTime

@Suite(.eachDriver) struct ContentCodingTests {
    private static let text = EncodedBody.text(100_000)

    private static func gzipped(_ body: [UInt8]) -> ConnectionScript.Input {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(body.count)\r\n\r\n"
        return .bytes([UInt8](head.utf8) + body)
    }

    private func offering() -> HTTPRequest {
        var request = get()
        request.offersContentCoding = true
        return request
    }

    private func sent(_ system: ScriptedSystem) -> String {
        String(decoding: system.connections[0].sent, as: UTF8.self)
    }

    @Test func offeredAndUndone() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, ContentCodingTests.gzipped(EncodedBody.gzip(ContentCodingTests.text)),
                .request, .text(okResponse),
            ]))
        var client = makeClient(system)
        var response = try client.send(offering())
        #expect(try response.readBody(limit: .mebibytes(1)) == ContentCodingTests.text)
        #expect(response.head.fields["content-encoding"] == "gzip")
        let wasKept = response.wasConnectionKept
        #expect(wasKept)
        #expect(try client.text(get("/plain")) == "ok")
        #expect(
            sent(system).components("\r\n\r\n") == [
                "GET / HTTP/1.1\r\nHost: peer\r\nAccept-Encoding: gzip, deflate",
                "GET /plain HTTP/1.1\r\nHost: peer",
            ])
        system.expectFinished()
    }

    /// A stream asks for no coding, and one that comes all the same is passed on as it is.
    @Test func notOfferedNotUndone() throws {
        let coded = EncodedBody.gzip(ContentCodingTests.text)
        for (name, value) in [("Accept-Encoding", "gzip"), ("Range", "bytes=0-99"), ("A", "b")] {
            let system = ScriptedSystem(
                ConnectionScript([.request, ContentCodingTests.gzipped(coded)]))
            var client = makeClient(system)
            var request = name == "A" ? get() : offering()
            request.fields.append((name, value))
            var response = try client.send(request)
            #expect(try response.readBody(limit: .mebibytes(1)) == coded)
            #expect(!sent(system).contains("gzip, deflate"))
        }
    }

    @Test func linesOfACodedBody() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, ContentCodingTests.gzipped(EncodedBody.gzip(ContentCodingTests.text)),
            ]))
        var client = makeClient(system)
        var response = try client.send(offering())
        var lines: [[UInt8]] = []
        while let line = try response.nextLine() { lines.append(line.bytes) }
        #expect(lines == ContentCodingTests.text.split(separator: 10).map { [UInt8]($0) })
    }

    @Test func truncatedIsAnErrorThatSaysSo() throws {
        let coded = Array(EncodedBody.gzip(ContentCodingTests.text).dropLast(9))
        let system = ScriptedSystem(
            ConnectionScript([.request, ContentCodingTests.gzipped(coded)]))
        var client = makeClient(system)
        let error = client.error(of: offering())
        guard case .content(.truncated, let progress) = error else {
            return fail("\(error as Any)")
        }
        #expect(error?.kind == .badContentCoding)
        #expect(progress.contentCount > 0)
        #expect(system.connections[0].isClosed)
    }

    @Test func bombsHitTheClientsLimits() throws {
        let bomb = EncodedBody.gzip([UInt8](repeating: 32, count: 8 << 20))
        for (limits, expected) in [
            (ContentLimits(output: .mebibytes(1)), ContentError.outputLimit(.mebibytes(1))),
            (ContentLimits.standard, ContentError.ratioLimit(200)),
        ] {
            let system = ScriptedSystem(
                ConnectionScript([.request, ContentCodingTests.gzipped(bomb)]))
            var client = makeClient(system) { $0.content = limits }
            var response = try client.send(offering())
            do throws(TransportError) {
                while try response.nextBytes() != nil {}
                fail("no error")
            } catch {
                guard case .content(expected, _) = error else { return fail("\(error)") }
                #expect(error.kind == .tooLarge)
            }
        }
    }

    /// All that comes out of one read is long: `total` and a cancelling thread are seen between its
    /// pieces all the same.
    @Test(arguments: [true, false])
    func deadlinesBetweenPieces(cancels: Bool) throws {
        let coded = EncodedBody.gzip([UInt8](repeating: 32, count: 16 << 20))
        let system = ScriptedSystem(
            ConnectionScript([.request, ContentCodingTests.gzipped(coded)]))
        var client = makeClient(system, deadlines: shortDeadlines.with(\.total, .seconds(10))) {
            $0.content = ContentLimits(output: .mebibytes(64), ratio: 2_000)
        }
        let cancellation = Cancellation()
        var response = try client.send(offering(), cancellation: cancellation)
        for _ in 0..<10 { #expect(try response.nextBytes() != nil) }
        let calls = system.events.count
        if cancels { cancellation.cancel() } else { system.advance(by: .seconds(11)) }
        do throws(TransportError) {
            while try response.nextBytes() != nil {}
            fail("no error")
        } catch {
            #expect(error.kind == (cancels ? .cancelled : .timeout))
            if !cancels { #expect(error.phase == .total) }
        }
        #expect(system.events[calls...].map(\.call) == [.close], "nothing was read in between")
    }

    /// Time that the caller takes between pieces is not the peer's.
    @Test func pausesBetweenPiecesAreNotThePeers() throws {
        let coded = EncodedBody.gzip([UInt8](repeating: 32, count: 4 << 20))
        let system = ScriptedSystem(
            ConnectionScript([
                .request, ContentCodingTests.gzipped(Array(coded)),
            ]))
        var client = makeClient(system) {
            $0.content = ContentLimits(output: .mebibytes(64), ratio: 2_000)
        }
        var response = try client.send(offering())
        var count = 0
        while let piece = try response.nextBytes() {
            count += piece.count
            system.advance(by: .seconds(60))
        }
        #expect(count == 4 << 20)
    }
}

extension String {
    fileprivate func components(_ separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        return rest.isEmpty ? parts : parts + [String(rest)]
    }
}
