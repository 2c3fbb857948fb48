import Glibc
import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem

/// `tokenwire pull`, `push` and `create`.
@Suite struct TransferCommandTests {
    private static let pulled = "http://127.0.0.1:5999/library/pulled"

    private func pull(_ more: String...) throws -> CommandResult {
        let server = try ChatServer(recordings: "pull-success")
        return try server.run(
            ["pull", TransferCommandTests.pulled, "--insecure-registry"] + more)
    }

    /// Nothing that nobody asked for.
    @Test func quiet() throws {
        #expect(try pull() == CommandResult(status: 0, output: "", errors: ""))
    }

    @Test func progressInLines() throws {
        let result = try pull("--progress")
        #expect(result.status == 0)
        #expect(result.output == "")
        #expect(result.errorLines.first == "pulling manifest")
        #expect(
            result.errorLines.suffix(4) == [
                "pulling 100% (25.9 MB of 25.9 MB)", "verifying sha256 digest", "writing manifest",
                "success",
            ])
        #expect(result.errorLines[1] == "pulling 3% (786.4 KB of 25.9 MB)")
        // At most one for each tenth, and one for each thing that has not to do with bytes.
        #expect(result.errorLines.count <= 15)
    }

    /// On a terminal one line is written again and again; each other step has its own.
    @Test func progressOnATerminal() throws {
        let server = try ChatServer(recordings: "pull-success")
        let terminal = try Terminal()
        defer {
            Files.closeDescriptor(terminal.program)
            terminal.close()
        }
        let script = "exec \"$0\" pull $1 --insecure-registry --host $2 2>$3"
        let result = try CommandProcess.runInShell(
            script, [TransferCommandTests.pulled, server.server.url, terminal.path])
        #expect(result == CommandResult(status: 0, output: "", errors: ""))
        let shown = try terminal.written()
        let lines = shown.split(separator: "\r\n").map { line in
            // What stands there in the end.
            line.split(separator: "\r").last.map(String.init) ?? ""
        }
        #expect(lines.first == "pulling manifest")
        #expect(
            lines.dropFirst().first
                == "pulling 100% [########################] 25.9 MB/25.9 MB\u{1B}[K")
        #expect(lines.suffix(3) == ["verifying sha256 digest", "writing manifest", "success"])
        #expect(lines.count == 5)
        #expect(shown.contains("\rpulling   3% [                        ] 786.4 KB/25.9 MB"))
    }

    @Test func raw() throws {
        let result = try pull("--raw")
        #expect(result.outputLines.first == #"{"status":"pulling manifest"}"#)
        #expect(result.outputLines.last == #"{"status":"success"}"#)
        #expect(result.errors == "")
    }

    @Test func json() throws {
        let result = try pull("--json")
        #expect(result.outputLines.count == 1)
        let object = ManifestJSON(parsing: Array(result.output.utf8))
        #expect(object["outcome"].string == "complete")
        #expect(object["status"].string == "success")
        #expect(object["completed"].integer == 25_898_592)
        #expect(object["total"].integer == 25_898_592)
    }

    /// The status is 200, and yet it has failed.
    @Test func failures() throws {
        let server = try ChatServer(recordings: "pull-notfound")
        let arguments = ["pull", "http://127.0.0.1:5999/library/missing", "--insecure-registry"]
        let result = try server.run(arguments)
        #expect(result.status == 1)
        #expect(result.output == "")
        #expect(
            result.errors == "tokenwire: the server failed (inside the stream): "
                + "pull model manifest: file does not exist\n")
        let json = ManifestJSON(parsing: Array(try server.run(arguments + ["--json"]).output.utf8))
        #expect(json["outcome"].string == "server-error")
        #expect(json["status"].string == "pulling manifest")
        let cut = try ChatServer(.ndjson([#"{"status":"pulling manifest"}"#]))
        #expect(try cut.run(["pull", "m"]).status == 6)
    }

    @Test func push() throws {
        let server = try ChatServer(recordings: "push-success")
        let result = try server.run([
            "push", TransferCommandTests.pulled, "--insecure-registry", "--progress",
        ])
        #expect(result.status == 0)
        #expect(
            result.errorLines == [
                "retrieving manifest", "pushing 100% (25.9 MB of 25.9 MB)", "pushing manifest",
                "success",
            ])
    }

    /// Ctrl-C: the connection closes, and with it the server's work.
    @Test func interrupted() throws {
        var script = Script.ndjson([#"{"status":"pulling manifest"}"#])
        script.steps.removeLast()
        let server = try ChatServer(script.then(.stall))
        let process = try server.start(["pull", "m", "--raw"])
        try process.readOutput(with: "pulling manifest")
        process.send(signal: SIGINT)
        let result = try process.finish()
        #expect(result.status == 130)
        #expect(result.errors == "")
        #expect(server.leaving()?.kind == .fin)
    }

    /// Before the server has answered anything.
    @Test(arguments: [
        ["show", "m"], ["load", "m"], ["embed", "m", "x"], ["rm", "m"], ["pull", "m"],
    ])
    func interruptedBeforeAnAnswer(arguments: [String]) throws {
        let seen = Monitor(0)
        let server = try ReplayServer.answering { _ in
            seen.update { $0 += 1 }
            return .silent
        }
        defer { server.stop() }
        let process = try CommandProcess(arguments + ["--host", server.url])
        _ = seen.wait(untilNanoseconds: .max) { $0 == 1 ? $0 : nil }
        process.send(signal: SIGTERM)
        #expect(try process.finish() == CommandResult(status: 143, output: "", errors: ""))
    }

    // MARK: create

    /// Has no blob, and takes every one.
    private func creator(_ seen: Monitor<[ServedRequest]>) throws -> ReplayServer {
        try .answering { request in
            seen.update { $0.append(request) }
            if request.method == "HEAD" { return .response(status: 404, body: [], toHEAD: true) }
            if request.target == "/api/create" {
                return .ndjson([#"{"status":"parsing GGUF"}"#, #"{"status":"success"}"#])
            }
            return .response(status: 201, body: [])
        }
    }

    @Test(.enabled(if: SHA256Check.works)) func createByModelfile() throws {
        let seen = Monitor<[ServedRequest]>([])
        let server = try creator(seen)
        defer { server.stop() }
        let directory = try TemporaryDirectory()
        _ = try directory.file("model.gguf", "weights")
        let modelfile = try directory.file(
            "Modelfile",
            "FROM ./model.gguf\nPARAMETER stop <|end|>\nSYSTEM Be brief.\nMESSAGE user hi\n")
        let result = try CommandProcess.run([
            "create", "mine", "-f", modelfile, "--system", "Be long.", "--parameter",
            "temperature=0", "--progress", "--host", server.url,
        ])
        #expect(result.status == 0)
        #expect(
            result.errorLines == [
                "reading model.gguf 100% (7 B of 7 B)", "sending model.gguf 0% (0 B of 7 B)",
                "sending model.gguf 100% (7 B of 7 B)", "parsing GGUF", "success",
            ])
        let requests = seen.read { $0 }
        let digest = "sha256:" + ManifestSHA256.hex(Array("weights".utf8))
        #expect(
            requests.map { "\($0.method) \($0.target)" } == [
                "HEAD /api/blobs/\(digest)", "POST /api/blobs/\(digest)", "POST /api/create",
            ])
        #expect(requests[1].body == Array("weights".utf8))
        #expect(
            ManifestJSON(parsing: requests[2].body)
                == ManifestJSON(
                    parsing: Array(
                        (#"{"model":"mine","files":{"model.gguf":"\#(digest)"},"#
                            + #""system":"Be long.","parameters":{"stop":["<|end|>"],"#
                            + #""temperature":0},"messages":[{"role":"user","content":"hi"}]}"#)
                            .utf8)))
    }

    @Test func createFromAModel() throws {
        let seen = Monitor<[ServedRequest]>([])
        let server = try creator(seen)
        defer { server.stop() }
        let result = try CommandProcess.run([
            "create", "brief", "--from", "llama3.2", "--license", "MIT", "--quantize", "q8_0",
            "--json", "--host", server.url,
        ])
        #expect(result.status == 0)
        #expect(ManifestJSON(parsing: Array(result.output.utf8))["outcome"].string == "complete")
        #expect(
            ManifestJSON(parsing: try #require(seen.read { $0.first }).body)
                == ManifestJSON(
                    parsing: Array(
                        #"{"model":"brief","from":"llama3.2","license":"MIT","quantize":"q8_0"}"#
                            .utf8)))
    }

    @Test func refusedByTheServer() throws {
        let server = try ChatServer(recordings: "create-no-from")
        // A Modelfile always has a FROM: what the server would refuse is refused before.
        #expect(try server.run(["create", "x"]).status == 2)
        let quantize = try ChatServer(
            .ndjson([#"{"status":"parsing GGUF"}"#, #"{"error":"quantization is not supported"}"#]))
        let result = try quantize.run(["create", "x", "--from", "y", "--progress"])
        #expect(result.status == 1)
        #expect(
            result.errorLines == [
                "parsing GGUF",
                "tokenwire: the server failed (inside the stream): quantization is not supported",
            ])
    }

    @Test(arguments: [
        ["pull"], ["pull", "a", "b"], ["push"], ["create", "m"], ["create"],
        ["pull", "m", "--raw", "--json"], ["create", "m", "--from", "a", "--file", "/dev/null"],
        ["create", "m", "--file", "/no/such/file"], ["create", "m", "-f", "/no/such/file"],
        ["create", "m", "--from", "a", "--parameter", "x"],
    ])
    func usage(arguments: [String]) throws {
        let result = try CommandProcess.run(arguments + ["--host", "127.0.0.1:1"])
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errorLines.count == 1)
    }

    @Test func modelfilesThatAreNone() throws {
        let directory = try TemporaryDirectory()
        for (text, message) in [
            ("SYSTEM x\n", "line 2: no FROM line"),
            ("FROM ./none.gguf\n", "there is no file \(directory.path)/./none.gguf"),
        ] {
            let path = try directory.file("Modelfile", text)
            let result = try CommandProcess.run(["create", "m", "-f", path])
            #expect(result.status == 2)
            #expect(result.errors == "tokenwire: \(path): \(message)\n")
        }
    }
}

/// Whether this build can compute digests.
private enum SHA256Check {
    #if TLS
    static let works = true
    #else
    static let works = false
    #endif
}
