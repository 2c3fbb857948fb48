import TestSupport
import Testing
import WireSockets
import WireTime

/// Bodies out and in: standard output, files, pipes, what is sent.
@Suite struct HTTPBodyTests {
    private static let hello = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    @Test func bodyOnStandardOutput() throws {
        let (result, log) = try TinyServer({ $0.answer(HTTPBodyTests.hello) }).run {
            try CommandProcess.run(["http", "\($0)/x?y#z"])
        }
        #expect(result == CommandResult(status: 0, output: "hello", errors: ""))
        #expect(log == ["GET /x?y HTTP/1.1"])
    }

    @Test func errorStatusKeepsItsBody() throws {
        let (result, _) = try TinyServer({
            $0.answer("HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nsorry")
        }).run { try CommandProcess.run(["http", $0]) }
        #expect(result == CommandResult(status: 1, output: "sorry", errors: ""))
    }

    @Test func partialBodyThenOneLineOfError() throws {
        let (result, _) = try TinyServer({
            $0.answer("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello")
        }).run { try CommandProcess.run(["http", $0]) }
        #expect(result.status == 6)
        #expect(result.output == "hello")
        #expect(result.errorLines.count == 1)
    }

    /// What has arrived is seen while the rest is still to come.
    @Test func streams() throws {
        let goOn = try Latch()
        let (result, _) = try TinyServer({ peer in
            peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n")
            _ = goOn.wait(until: .distantFuture)
            peer.send("3\r\ntwo\r\n0\r\n\r\n")
        }).run { url in
            let process = try CommandProcess(["http", url])
            // Opened in any case, so that a failure cannot hang.
            defer { goOn.open() }
            #expect(try process.readOutput(until: "one") == "one")
            goOn.open()
            return try process.finish()
        }
        #expect(result == CommandResult(status: 0, output: "onetwo", errors: ""))
    }

    @Test func includesTheHead() throws {
        let (result, _) = try TinyServer({
            $0.answer("HTTP/1.1 200 Fine\r\nContent-Length: 5\r\nA:b \r\nA: c\r\n\r\nhello")
        }).run { try CommandProcess.run(["http", $0, "--include"]) }
        #expect(result.output == "HTTP/1.1 200 Fine\nContent-Length: 5\nA: b\nA: c\n\nhello")
    }

    @Test func bodyIntoAFile() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("out", "an older and longer content")
        let (result, _) = try TinyServer({ $0.answer(HTTPBodyTests.hello) }).run {
            try CommandProcess.run(["http", $0, "-o", path])
        }
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        #expect(try directory.content("out") == "hello")
    }

    @Test func bodyIntoAFileBesideTheReport() throws {
        let directory = try TemporaryDirectory()
        let (result, _) = try TinyServer({ $0.answer(HTTPBodyTests.hello) }).run {
            try CommandProcess.run(["http", $0, "-o\(directory.path)/out", "--report=json"])
        }
        #expect(try Report(result).bodyBytes == 5)
        #expect(try directory.content("out") == "hello")
    }

    @Test func noConnectionNoNewFile() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("out", "older")
        let result = try CommandProcess.run(
            ["http", "http://127.0.0.1:\(RefusingPort.number)", "-o", path])
        #expect(result.status == 3)
        #expect(try directory.content("out") == "older")
    }

    @Test func fileThatCannotBeMade() throws {
        let (result, log) = try TinyServer({ peer in
            peer.answer(HTTPBodyTests.hello)
            peer.noteLeaving()
        }).run { try CommandProcess.run(["http", $0, "-o", "/nonexistent/x"]) }
        #expect(result.status == 2)
        #expect(result.errorLines.count == 1)
        #expect(log.last != "stopped")
    }

    /// The reader has left: quiet, and the server sees the client leave.
    @Test func pipeClosedEarly() throws {
        let (result, log) = try TinyServer({ peer in
            peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\n\r\n")
            // More than the socket's and the pipe's buffers hold.
            peer.send(String(repeating: "x", count: 32 << 20))
            peer.noteLeaving()
        }).run { url in
            let process = try CommandProcess(["http", url])
            _ = try process.readOutput(until: "x")
            process.closeOutput()
            return try process.finish()
        }
        #expect(result.status == 0)
        #expect(result.errors == "")
        #expect(log == ["reset"] || log == ["fin"])
    }

    @Test(arguments: [
        (["--data", "a\r\nb"], "POST / HTTP/1.1\r\nHost\r\nContent-Length: 4\r\n\r\na\r\nb"),
        (["--data", ""], "POST / HTTP/1.1\r\nHost\r\nContent-Length: 0\r\n\r\n"),
        (
            ["--data", "hello", "--chunked"],
            "POST / HTTP/1.1\r\nHost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        ),
        (
            ["--header", "A:  b ", "--header=c: d"],
            "GET / HTTP/1.1\r\nHost\r\nA: b\r\nc: d\r\n\r\n"
        ),
        (["--header", "Host: other"], "GET / HTTP/1.1\r\nHost: other\r\n\r\n"),
    ])
    func request(arguments: [String], expected: String) throws {
        let (_, log) = try TinyServer({ peer in
            let host = peer.socket.localAddress.map(\.description) ?? ""
            peer.note(peer.readRequest().replacing("Host: \(host)", with: "Host"))
            peer.send(HTTPBodyTests.hello)
        }).run { try CommandProcess.run(["http", $0, "--identity"] + arguments) }
        #expect(log == [expected])
    }

    @Test func dataFromFilesAndStandardInput() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.file("body", "from a file")
        for (argument, expected) in [(path, "from a file"), ("-", "from a pipe")] {
            let (_, log) = try TinyServer({ peer in
                peer.note(peer.readRequest())
                peer.send(HTTPBodyTests.hello)
            }).run {
                try CommandProcess.run(["http", $0, "--data-file", argument], input: "from a pipe")
            }
            #expect(log.last?.hasSuffix("\r\n\r\n\(expected)") == true)
        }
    }

    @Test func expectContinue() throws {
        let (result, log) = try TinyServer({ peer in
            peer.note(peer.readHead())
            peer.send("HTTP/1.1 100 Continue\r\n\r\n")
            peer.note(peer.readHead(until: "body"))
            peer.send(HTTPBodyTests.hello)
        }).run { try CommandProcess.run(["http", $0, "--data", "body", "--expect-continue"]) }
        #expect(result == CommandResult(status: 0, output: "hello", errors: ""))
        #expect(log.count == 2)
        #expect(log.first?.contains("\r\nExpect: 100-continue\r\n") == true)
        #expect(log.first?.hasSuffix("\r\n\r\n") == true && log.last == "body")
    }

    @Test func answersWithoutBody() throws {
        for (method, answer) in [
            ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
            ("GET", "HTTP/1.1 204 No\r\n\r\n"),
            ("GET", "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n"),
        ] {
            let (result, _) = try TinyServer({ peer in
                peer.answer(answer)
                peer.noteLeaving()
            }).run { try CommandProcess.run(["http", method, $0]) }
            #expect(result == CommandResult(status: 0, output: "", errors: ""))
        }
    }
}
