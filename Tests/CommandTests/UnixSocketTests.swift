import Glibc
import Testing
import WireSockets

/// `--unix PATH`, and `unix:/path` where a server is named.
@Suite struct UnixSocketCommandTests {
    private func server(_ path: String, _ body: String) throws -> TinyServer {
        let response = "HTTP/1.1 200 OK\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try TinyServer(on: .unix(Array(path.utf8)), { $0.answer(response) })
    }

    @Test(arguments: ["blocking", "reactor"]) func http(_ driver: String) throws {
        let path = "/tmp/tokenwire-command-\(getpid())-\(driver)"
        defer { unsafe unlink(path) }
        let (result, log) = try server(path, "ok").run { _ in
            try CommandProcess.run([
                "http", "http://localhost/x", "--unix", path, "--driver", driver,
            ])
        }
        #expect(result.status == 0)
        #expect(result.output == "ok")
        #expect(log == ["GET /x HTTP/1.1"])
    }

    @Test(arguments: ["blocking", "reactor"]) func aServer(_ driver: String) throws {
        let path = "/tmp/tokenwire-command-\(getpid())-host-\(driver)"
        defer { unsafe unlink(path) }
        let (result, log) = try server(path, #"{"version":"9"}"#).run { _ in
            try CommandProcess.run(["version", "--host", "unix:\(path)", "--driver", driver])
        }
        #expect(result.status == 0)
        #expect(result.output.contains("9"))
        #expect(log == ["GET /api/version HTTP/1.1"])
    }

    @Test func aPathThatIsTooLong() throws {
        let path = "/" + String(repeating: "x", count: 107)
        let result = try CommandProcess.run(["http", "http://localhost/", "--unix", path])
        #expect(result.status == 2)
        #expect(result.errors.contains("107"))
    }

    @Test func nobodyThere() throws {
        let path = "/tmp/tokenwire-command-\(getpid())-nobody"
        let result = try CommandProcess.run(["http", "http://localhost/", "--unix", path])
        #expect(result.status == 3)
    }
}
