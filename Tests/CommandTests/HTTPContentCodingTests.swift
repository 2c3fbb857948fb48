import TestSupport
import Testing
import WireJSON

/// Content codings: offered and undone, unless `--identity`.
@Suite struct HTTPContentCodingTests {
    private static let text = EncodedBody.text(50_000)

    private func run(
        _ body: [UInt8], _ arguments: [String] = [], coding: String = "gzip"
    ) throws -> (result: CommandResult, request: String) {
        let (result, log) = try TinyServer({ peer in
            peer.note(peer.readRequest())
            peer.send(
                "HTTP/1.1 200 OK\r\nContent-Encoding: \(coding)\r\n"
                    + "Content-Length: \(body.count)\r\n\r\n")
            peer.send(bytes: body)
            peer.noteLeaving()
        }).run { try CommandProcess.run(["http", $0] + arguments) }
        return (result, log.first ?? "")
    }

    @Test func decodedByDefault() throws {
        let (result, request) = try run(EncodedBody.gzip(HTTPContentCodingTests.text))
        #expect(result.status == 0)
        #expect(result.output.utf8.elementsEqual(HTTPContentCodingTests.text))
        #expect(result.errors == "")
        #expect(request.contains("\r\nAccept-Encoding: gzip, deflate\r\n"))
    }

    @Test func theReportIsOfTheDecodedBody() throws {
        let coded = EncodedBody.gzip([UInt8]("hello".utf8))
        let (result, _) = try run(coded, ["--report", "json"])
        let report = try Report(result)
        #expect(report.outcome == "ok")
        #expect(report.bodyBytes == 5)
        #expect(report.steady.contains(#""body_sha256":\#(helloDigest),"#))
        #expect(report.connection == "reusable")
        #expect(report.steady.contains("[\"Content-Length\",\"\(coded.count)\"]"))
    }

    @Test func identity() throws {
        let coded = EncodedBody.gzip(HTTPContentCodingTests.text)
        let (result, request) = try run(coded, ["--identity", "--report", "json"])
        #expect(try Report(result).bodyBytes == Int64(coded.count))
        #expect(!request.contains("Accept-Encoding"))
    }

    @Test(arguments: [
        ("gzip", 10, "bad-content-encoding"), ("br", 0, "bad-content-encoding"),
        ("gzip, gzip, gzip, gzip", 0, "bad-content-encoding"),
    ])
    func failures(coding: String, missing: Int, kind: String) throws {
        let coded = EncodedBody.gzip(HTTPContentCodingTests.text).dropLast(missing)
        let (result, _) = try run(Array(coded), ["--report", "json"], coding: coding)
        #expect(result.status == 6)
        let report = try Report(result)
        #expect(report.kind == kind)
        #expect(report.connection == "closed")
        #expect((report.bodyBytes ?? 0 > 0) == (missing > 0))
    }

    @Test func bomb() throws {
        let bomb = EncodedBody.gzip([UInt8](repeating: 32, count: 64 << 20))
        let (result, _) = try run(bomb, ["--report", "json"])
        #expect(result.status == 6)
        #expect(try Report(result).kind == "too-large")
    }
}
