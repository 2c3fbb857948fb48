import TestSupport
import Testing

/// `tokenwire http --report json`: the line, and the exit status, for each way to end.
@Suite struct HTTPReportTests {
    private static let timings =
        #""timings_us":{"resolve":1,"connect":1,"tls":null,"request_sent":1,"first_byte":1,"#
        + #""head":1,"first_content":1,"end":1}"#
    private static let noTimings =
        #""timings_us":{"resolve":null,"connect":null,"tls":null,"request_sent":null,"#
        + #""first_byte":null,"head":null,"first_content":null,"end":1}"#
    private static let noResponse =
        #""status":null,"reason":null,"http_version":null,"headers":[],"trailers":[],"#
        + #""body_bytes":0,"body_sha256":\#(emptyDigest),"connection":"closed","tls":null,"#

    private func report(
        _ response: String, thenResetting: Bool = false, _ options: [String] = []
    ) throws -> (Report, CommandResult) {
        let (result, _) = try TinyServer({ peer in
            peer.answer(response)
            if thenResetting { peer.reset() }
        }).run { try CommandProcess.run(["http", "\($0)/path", "--report", "json"] + options) }
        #expect(result.errors == "")
        return (try Report(result), result)
    }

    @Test func completeResponse() throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Two:  a \t\r\nx-two: b\r\n\r\nhello")
        #expect(result.status == 0)
        #expect(
            report.steady == #"{"outcome":"ok","error":null,"status":200,"reason":"OK","#
                + #""http_version":"1.1","headers":[["Content-Length","5"],["X-Two","a"],"#
                + #"["x-two","b"]],"trailers":[],"body_bytes":5,"#
                + #""body_sha256":\#(helloDigest),"connection":"reusable","tls":null,"#
                + "\(HTTPReportTests.timings)}")
    }

    @Test func timingsFollowEachOther() throws {
        let (report, _) = try report("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        let names = [
            "resolve", "connect", "request_sent", "first_byte", "head", "first_content", "end",
        ]
        let timings = names.compactMap(report.timing)
        #expect(timings.count == names.count)
        #expect(timings == timings.sorted())
    }

    @Test func errorStatus() throws {
        let (report, result) = try report(
            "HTTP/1.0 404 \r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello")
        #expect(result.status == 1)
        #expect(
            report.steady == #"{"outcome":"ok","error":null,"status":404,"reason":"","#
                + #""http_version":"1.0","headers":[["Content-Length","5"],"#
                + #"["Connection","keep-alive"]],"trailers":[],"body_bytes":5,"#
                + #""body_sha256":\#(helloDigest),"connection":"reusable","tls":null,"#
                + "\(HTTPReportTests.timings)}")
    }

    @Test func chunksAndTrailers() throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "2\r\nhe\r\n3\r\nllo\r\n0\r\nX-End: yes\r\n\r\n")
        #expect(result.status == 0)
        #expect(
            report.steady == #"{"outcome":"ok","error":null,"status":200,"reason":"OK","#
                + #""http_version":"1.1","headers":[["Transfer-Encoding","chunked"]],"#
                + #""trailers":[["X-End","yes"]],"body_bytes":5,"body_sha256":\#(helloDigest),"#
                + #""connection":"reusable","tls":null,\#(HTTPReportTests.timings)}"#)
    }

    @Test func bodyUntilClose() throws {
        let (report, result) = try report("HTTP/1.1 200 OK\r\n\r\nhello")
        #expect(result.status == 0)
        #expect(report.bodyBytes == 5)
        #expect(report.connection == "closed")
    }

    /// What came before the end counts.
    @Test func closedEarlyInTheBody() throws {
        let (report, result) = try report("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")
        #expect(result.status == 6)
        #expect(
            report.steady == #"{"outcome":"error","error":{"kind":"closed-early","#
                + #""phase":"body","message":"the body ends 1 bytes before its length (at byte 43)","#
                + #""offset":43,"bytes_received":43,"elapsed_ms":0},"status":200,"reason":"OK","#
                + #""http_version":"1.1","headers":[["Content-Length","6"]],"trailers":[],"#
                + #""body_bytes":5,"body_sha256":\#(helloDigest),"connection":"closed","#
                + #""tls":null,\#(HTTPReportTests.timings)}"#)
    }

    @Test(arguments: ["", "HTTP/1.1 200 OK\r\nContent-Le"])
    func closedEarlyInTheHead(head: String) throws {
        let (report, result) = try report(head)
        #expect(result.status == 6)
        #expect(report.kind == "closed-early")
        #expect(report.phase == "head")
        #expect(report.status == nil)
        #expect(report.steady.contains(HTTPReportTests.noResponse))
    }

    @Test func resetInTheBody() throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", thenResetting: true)
        #expect(result.status == 6)
        #expect(report.kind == "reset")
        #expect(report.connection == "closed")
    }

    @Test(arguments: [
        ("ICY 200 OK\r\n\r\n", "bad-status-line", 0),
        ("HTTP/1.1 200 OK\r\nA b: c\r\n\r\n", "bad-header", 18),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "bad-framing", 38),
        ("HTTP/1.1 101 Hi\r\n\r\n", "unsupported", 19),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n", "unsupported", 44),
    ])
    func brokenHead(response: String, kind: String, offset: Int64) throws {
        let (report, result) = try report(response)
        #expect(result.status == 6)
        #expect(report.outcome == "error")
        #expect(report.kind == kind)
        #expect(report.offset == offset)
    }

    @Test func brokenChunk() throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nz\r\n")
        #expect(result.status == 6)
        #expect(report.kind == "bad-chunk")
        #expect(report.bodyBytes == 5)
        #expect(report.steady.contains(#""body_sha256":\#(helloDigest),"#))
    }

    /// Exactly the bytes before the limit, however they arrived.
    @Test(arguments: [("4", 4, 6), ("5", 5, 0), ("0", 0, 6), ("1KiB", 5, 0)])
    func bodyLimit(limit: String, bytes: Int64, status: Int32) throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", ["--max-body", limit])
        #expect(result.status == status)
        #expect(report.kind == (status == 0 ? nil : "too-large"))
        #expect(report.bodyBytes == bytes)
    }

    @Test(arguments: [["--max-head", "30"], ["--max-line", "16"]])
    func headLimit(option: [String]) throws {
        let (report, result) = try report(
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", option)
        #expect(result.status == 6)
        #expect(report.kind == "too-large")
        #expect(report.phase == "head")
    }

    @Test(arguments: [
        ("127.0.0.1", "invalid-url", Int32(2)),
        ("ftp://127.0.0.1/", "invalid-url", 2),
        ("http://127.0.0.1:0/", "invalid-url", 2),
        ("http://127.0.0.1/a b", "invalid-url", 2),
    ])
    func refusedURL(url: String, kind: String, status: Int32) throws {
        let result = try CommandProcess.run(["http", url, "--report", "json"])
        #expect(result.status == status)
        let report = try Report(result)
        #expect(report.kind == kind)
        let ending = HTTPReportTests.noResponse + HTTPReportTests.noTimings + "}"
        #expect(report.steady.hasSuffix(ending))
    }

    @Test(arguments: [
        ["--header", "A b: c"], ["--header", "A: b\r\nC: d"], ["--header", "Content-Length: 7"],
        ["--header", "Transfer-Encoding: chunked"],
    ])
    func refusedField(arguments: [String]) throws {
        let result = try CommandProcess.run(
            ["http", "http://127.0.0.1:9/", "--report", "json"] + arguments)
        #expect(result.status == 2)
        #expect(try Report(result).kind == "invalid-request")
    }

    @Test func refusedMethod() throws {
        let result = try CommandProcess.run(
            ["http", "GET / HTTP/1.1\r\nX:", "http://127.0.0.1:9/", "--report", "json"])
        #expect(result.status == 2)
        #expect(try Report(result).kind == "invalid-request")
    }

    @Test func refusedConnection() throws {
        let port = RefusingPort.number
        let result = try CommandProcess.run(
            ["http", "http://127.0.0.1:\(port)/", "--report", "json"])
        #expect(result.status == 3)
        let report = try Report(result)
        #expect(report.kind == "connect-refused")
        #expect(report.phase == "connect")
        #expect(report.timing("resolve") != nil)
        #expect(report.timing("connect") == nil)
    }

    /// A label of 64 letters is refused by every resolver, without asking a server.
    @Test func unresolvableName() throws {
        let name = String(repeating: "a", count: 64)
        let result = try CommandProcess.run(["http", "http://\(name)/", "--report", "json"])
        #expect(result.status == 3)
        let report = try Report(result)
        #expect(report.kind == "resolve-failed")
        #expect(report.phase == "resolve")
    }
}
