import Testing
import WireSockets

/// `--follow`: RFC 9110 15.4.
@Suite struct HTTPRedirectTests {
    private static func redirect(_ status: Int, _ location: String) -> String {
        "HTTP/1.1 \(status) Moved\r\nLocation: \(location)\r\nContent-Length: 5\r\n\r\nmoved"
    }

    private static let done = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

    /// First lines of the requests that a redirect to `location` leads to.
    private func requests(
        _ status: Int, _ location: String, path: String = "/a/b?c", _ arguments: [String] = []
    ) throws -> [String] {
        let (result, log) = try TinyServer({ peer in
            peer.answer(HTTPRedirectTests.redirect(status, location))
            peer.answer(HTTPRedirectTests.done)
        }).run { url in
            try CommandProcess.run(["http"] + arguments + ["\(url)\(path)", "--follow"])
        }
        #expect(result == CommandResult(status: 0, output: "hello", errors: ""))
        return log
    }

    @Test(arguments: [
        ("/x", "/x"), ("x", "/a/x"), ("./x?y#z", "/a/x?y"), ("../x", "/x"), ("../../../x", "/x"),
        ("?y", "/a/b?y"), ("", "/a/b?c"), ("#z", "/a/b?c"), (".", "/a/"), ("..", "/"),
        ("/x/./y/../z/", "/x/z/"), ("/x:y", "/x:y"), ("/\u{E4}", "/%C3%A4"),
    ])
    func target(location: String, path: String) throws {
        #expect(try requests(302, location) == ["GET /a/b?c HTTP/1.1", "GET \(path) HTTP/1.1"])
    }

    @Test(arguments: [
        (301, "POST", "GET"), (302, "POST", "GET"), (303, "POST", "GET"), (307, "POST", "POST"),
        (308, "POST", "POST"), (301, "PUT", "PUT"), (303, "PUT", "GET"), (308, "PUT", "PUT"),
    ])
    func method(status: Int, method: String, next: String) throws {
        let log = try requests(status, "/x", path: "/", [method, "--data", "body"])
        #expect(log == ["\(method) / HTTP/1.1", "\(next) /x HTTP/1.1"])
    }

    @Test func headStaysHead() throws {
        let (result, log) = try TinyServer({ peer in
            peer.answer("HTTP/1.1 303 See\r\nLocation: /x\r\n\r\n")
            peer.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        }).run { try CommandProcess.run(["http", "HEAD", "\($0)/", "--follow"]) }
        #expect(result.status == 0)
        #expect(log == ["HEAD / HTTP/1.1", "HEAD /x HTTP/1.1"])
    }

    @Test func bodyGoesAlongOrIsDroppedWithItsFields() throws {
        for (status, body) in [(303, ""), (307, "body")] {
            let (_, log) = try TinyServer({ peer in
                peer.answer(HTTPRedirectTests.redirect(status, "/x"))
                peer.note(peer.readRequest())
                peer.send(HTTPRedirectTests.done)
            }).run {
                try CommandProcess.run([
                    "http", $0, "--follow", "--data", "body", "--header",
                    "Content-Type: text/plain",
                    "--header", "X-Kept: yes",
                ])
            }
            let request = try #require(log.last)
            #expect(request.hasSuffix("\r\n\r\n\(body)"))
            #expect(request.contains("Content-Type") == !body.isEmpty)
            #expect(request.contains("Content-Length") == !body.isEmpty)
            #expect(request.contains("X-Kept: yes"))
        }
    }

    /// Another origin gets no credentials, and nobody behind it either.
    @Test func credentialsStayWithTheirOrigin() throws {
        let (result, log) = try TinyServer(
            { peer in
                peer.note(peer.readRequest())
                let port = peer.socket.localAddress?.port ?? 0
                peer.send(HTTPRedirectTests.redirect(302, "http://localhost:\(port)/away"))
                peer.close()
            },
            { peer in
                peer.note(peer.readRequest())
                let port = peer.socket.localAddress?.port ?? 0
                peer.send(HTTPRedirectTests.redirect(302, "http://127.0.0.1:\(port)/back"))
                peer.close()
            },
            { peer in
                peer.note(peer.readRequest())
                peer.send(HTTPRedirectTests.done)
            }
        ).run { url in
            let withUser = url.split(separator: "//").joined(separator: "//user:word@")
            return try CommandProcess.run([
                "http", withUser, "--follow", "--header", "Cookie: secret=1",
                "--header", "X-Kept: yes",
            ])
        }
        #expect(result.output == "hello")
        #expect(log.count == 3)
        #expect(
            log.map { $0.contains("Authorization: Basic dXNlcjp3b3Jk") } == [true, false, false])
        #expect(log.map { $0.contains("Cookie: secret=1") } == [true, false, false])
        #expect(log.map { $0.contains("X-Kept: yes") } == [true, true, true])
        #expect(log[1].contains("Host: localhost:"))
    }

    @Test func tooMany() throws {
        let (result, log) = try TinyServer({ peer in
            for step in 1...11 { peer.answer(HTTPRedirectTests.redirect(302, "/\(step)")) }
        }).run { try CommandProcess.run(["http", $0, "--follow", "--report", "json"]) }
        #expect(result.status == 6)
        #expect(log.count == 11)
        let report = try Report(result)
        #expect(report.kind == "too-many-redirects")
        #expect(report.status == 302)
        #expect(report.connection == "closed")
    }

    @Test func tenAreFine() throws {
        let (result, _) = try TinyServer({ peer in
            for step in 1...10 { peer.answer(HTTPRedirectTests.redirect(302, "/\(step)")) }
            peer.answer(HTTPRedirectTests.done)
        }).run { try CommandProcess.run(["http", $0, "--follow"]) }
        #expect(result == CommandResult(status: 0, output: "hello", errors: ""))
    }

    @Test(arguments: ["ftp://127.0.0.1/", "http://", "http://a b/", "//:80", "javascript:x"])
    func badLocation(location: String) throws {
        let (result, _) = try TinyServer({
            $0.answer(HTTPRedirectTests.redirect(302, location))
        }).run { try CommandProcess.run(["http", $0, "--follow", "--report", "json"]) }
        #expect(result.status == 6)
        #expect(try Report(result).kind == "bad-header")
    }

    @Test func toTheOtherScheme() throws {
        let (result, _) = try TinyServer({
            $0.answer(HTTPRedirectTests.redirect(302, "https://127.0.0.1:9/"))
        }).run {
            try CommandProcess.run(["http", $0, "--follow", "--insecure", "--report", "json"])
        }
        #if TLS
        #expect(result.status == 3)
        #expect(try Report(result).kind == "connect-refused")
        #else
        #expect(result.status == 4)
        #expect(try Report(result).kind == "unsupported")
        #endif
    }

    /// Without `--follow`, without a target, or with more than one: a response like others.
    @Test func notFollowed() throws {
        let answers = [
            (HTTPRedirectTests.redirect(302, "/x"), [String]()),
            ("HTTP/1.1 302 Moved\r\nContent-Length: 5\r\n\r\nmoved", ["--follow"]),
            (
                "HTTP/1.1 302 Moved\r\nLocation: /a\r\nLocation: /b\r\nContent-Length: 5\r\n\r\nmoved",
                ["--follow"]
            ),
            (HTTPRedirectTests.redirect(304, "/x").replacing("moved", with: ""), ["--follow"]),
        ]
        for (answer, options) in answers {
            let (result, log) = try TinyServer({ $0.answer(answer) }).run {
                try CommandProcess.run(["http", $0] + options)
            }
            #expect(result.status == 0)
            #expect(result.output == (answer.contains("304") ? "" : "moved"))
            #expect(log.count == 1)
        }
    }

    /// The total deadline spans the chain.
    @Test func deadlineSpansTheChain() throws {
        let (result, _) = try TinyServer({ peer in
            peer.answer(HTTPRedirectTests.redirect(302, "/x"))
            peer.readRequest()
            peer.noteLeaving()
        }).run {
            try CommandProcess.run([
                "http", $0, "--follow", "--report", "json", "--timeout", "100ms",
            ])
        }
        #expect(result.status == 5)
        #expect(try Report(result).phase == "total")
    }
}
