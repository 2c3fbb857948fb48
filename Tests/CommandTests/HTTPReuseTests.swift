import Testing

/// `--then`: what becomes of the connection between requests.
@Suite struct HTTPReuseTests {
    private let empty = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    private func reports(_ result: CommandResult) throws -> [Report] {
        try result.outputLines.map(Report.init)
    }

    @Test func keptConnectionIsUsedAgain() throws {
        let empty = empty
        let (result, log) = try TinyServer({ peer in
            for _ in 0..<3 { peer.answer(empty) }
            peer.noteLeaving()
        }).run { url in
            try CommandProcess.run([
                "http", "PUT", "\(url)/1", "--data", "x", "--header", "A: b", "--report", "json",
                "--then", "\(url)/2", "--then", "\(url)/3", "--then-delay", "1ms",
            ])
        }
        #expect(result.status == 0)
        #expect(log == ["PUT /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1", "fin"])
        let reports = try reports(result)
        #expect(reports.map(\.reused) == [false, true, true])
        #expect(reports[1].timing("connect") == nil)
        #expect(reports[1].steady.hasSuffix(#","end":1},"reused":true}"#))
    }

    @Test func noKeyWithoutThen() throws {
        let empty = empty
        let (result, _) = try TinyServer({ $0.answer(empty) }).run {
            try CommandProcess.run(["http", $0, "--report", "json"])
        }
        #expect(try Report(result).reused == nil)
    }

    @Test func laterRequestsArePlain() throws {
        let empty = empty
        let (_, log) = try TinyServer({ peer in
            peer.answer(empty)
            peer.note(peer.readRequest())
            peer.send(empty)
        }).run { url in
            try CommandProcess.run([
                "http", url, "--identity", "--header", "Authorization: x", "--then",
                "\(url)/2",
            ])
        }
        let host = try #require(log.last?.split(separator: "\r\n").last)
        #expect(log.last == "GET /2 HTTP/1.1\r\n\(host)\r\n\r\n")
        #expect(host.hasPrefix("Host: 127.0.0.1:"))
    }

    /// The peer has closed the kept connection meanwhile: a fresh one is made.
    @Test func staleConnection() throws {
        let empty = empty
        let (result, log) = try TinyServer(
            { peer in
                peer.answer(empty)
                peer.close()
            }, { $0.answer(empty) }
        ).run { url in
            try CommandProcess.run([
                "http", url, "--report", "json", "--then", "\(url)/2", "--then-delay", "50ms",
            ])
        }
        #expect(result.status == 0)
        #expect(try reports(result).map(\.reused) == [false, false])
        #expect(log == ["GET / HTTP/1.1", "GET /2 HTTP/1.1"])
    }

    @Test func connectionCloseIsHeeded() throws {
        let closing = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        let empty = empty
        let (result, _) = try TinyServer({ $0.answer(closing) }, { $0.answer(empty) }).run { url in
            try CommandProcess.run(["http", url, "--report", "json", "--then", url])
        }
        let reports = try reports(result)
        #expect(reports.map(\.connection) == ["closed", "reusable"])
        #expect(reports.map(\.reused) == [false, false])
    }

    /// The first request that fails decides the exit status; the others are made nevertheless.
    @Test func firstFailureDecides() throws {
        let empty = empty
        let (result, _) = try TinyServer(
            { $0.answer(empty) }, { $0.answer("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n") },
            { $0.answer("HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n") }
        ).run { url in
            try CommandProcess.run([
                "http", url, "--report", "json", "--header", "Connection: close", "--then", url,
                "--then", url,
            ])
        }
        #expect(result.status == 6)
        #expect(try reports(result).map(\.status) == [200, 200, 500])
        #expect(try reports(result).map(\.outcome) == ["ok", "error", "ok"])
    }
}
