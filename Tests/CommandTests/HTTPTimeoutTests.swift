import TestSupport
import Testing
import WireSockets

/// Each deadline ends an exchange by itself, and says so: kind, phase, exit status 5.
@Suite struct HTTPTimeoutTests {
    private func expectTimeout(_ result: CommandResult, phase: String) throws -> Report {
        #expect(result.status == 5)
        let report = try Report(result)
        #expect(report.outcome == "error")
        #expect(report.kind == "timeout")
        #expect(report.phase == phase)
        #expect(report.connection == "closed")
        return report
    }

    /// The client leaves the connection when the deadline has passed.
    private func run(
        _ response: String, _ option: String, _ time: String = "80ms", phase: String
    ) throws -> Report {
        let (result, log) = try TinyServer({ peer in
            peer.readRequest()
            peer.send(response)
            peer.noteLeaving()
        }).run { try CommandProcess.run(["http", $0, "--report", "json", option, time]) }
        #expect(log == ["fin"])
        return try expectTimeout(result, phase: phase)
    }

    @Test func head() throws {
        for response in ["", "HTTP/1.1 20", "HTTP/1.1 100 Continue\r\n\r\n"] {
            let report = try run(response, "--head-timeout", phase: "head")
            #expect(report.status == nil)
            #expect(
                report.bytesReceived == Int64(response.utf8.count))
        }
    }

    @Test func firstContent() throws {
        let report = try run(
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n", "--first-content-timeout",
            phase: "first-content")
        #expect(report.status == 200)
        #expect(report.timing("first_content") == nil)
    }

    @Test func idle() throws {
        let report = try run(
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "--idle-timeout", phase: "body")
        #expect(report.bodyBytes == 5)
        #expect(report.steady.contains(#""body_sha256":\#(helloDigest),"#))
    }

    /// Inside a chunk's framing the peer is just as idle.
    @Test func idleInTheFraming() throws {
        for rest in ["0", "0\r\n", "6\r"] {
            let report = try run(
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n\(rest)",
                "--idle-timeout", phase: "body")
            #expect(report.bodyBytes == 5)
        }
    }

    @Test func contentIdle() throws {
        let report = try run(
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "--content-idle-timeout",
            phase: "content")
        #expect(report.bodyBytes == 5)
    }

    @Test func total() throws {
        _ = try run("", "--timeout", phase: "total")
        // Long enough for the body's beginning to arrive on a busy machine.
        let report = try run(
            "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", "--timeout", "1s", phase: "total")
        #expect(report.bodyBytes == 5)
    }

    /// A peer that takes nothing of a body larger than all socket buffers.
    @Test func write() throws {
        let directory = try TemporaryDirectory()
        let body = try directory.file("body", [UInt8](repeating: 0x61, count: 32 << 20))
        let (result, _) = try TinyServer({ peer in
            // Reads only when the client is done: until then the socket's buffers are full.
            peer.waitForStop()
        }).run {
            try CommandProcess.run(
                ["http", $0, "--report", "json", "--data-file", body, "--write-timeout", "80ms"])
        }
        let report = try expectTimeout(result, phase: "request")
        #expect(report.timing("request_sent") == nil)
    }

    /// A listener whose queue is full answers no more attempts.
    @Test func connect() throws {
        let listener = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        let address = try #require(listener.localAddress)
        var waiting: [StreamSocket] = []
        for _ in 0..<4 { waiting.append(try .connect(to: address)) }
        let result = try CommandProcess.run([
            "http", "http://127.0.0.1:\(address.port)/", "--report", "json",
            "--connect-timeout", "80ms",
        ])
        let report = try expectTimeout(result, phase: "connect")
        #expect(report.timing("resolve") != nil)
        #expect(report.timing("connect") == nil)
        withExtendedLifetime((listener, waiting)) {}
    }

    @Test func neverIsNoDeadline() throws {
        let (result, _) = try TinyServer({
            $0.answer("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
        }).run {
            try CommandProcess.run(["http", $0, "--head-timeout", "never", "--timeout", "1h"])
        }
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
    }

    @Test func messageOnStandardError() throws {
        let (result, _) = try TinyServer({ peer in
            peer.readRequest()
            peer.noteLeaving()
        }).run { try CommandProcess.run(["http", $0, "--head-timeout", "80ms"]) }
        #expect(result.status == 5)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
        #expect(result.errors.contains("the responseHead deadline passed"))
    }
}
