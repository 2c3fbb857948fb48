import Glibc
import Testing
import WireBytes
import WireSystem

/// `tokenwire simulate`, used as by its user.
@Suite struct SimulateTests {
    /// A server on a free port until `body` has returned; how it ended.
    private func serving(
        _ options: [String] = [], signal: Int32 = SIGTERM, _ body: (String) throws -> Void
    ) throws -> CommandResult {
        let process = try CommandProcess(["simulate", "--listen", ":0"] + options)
        let line = try process.readOutput(until: "\n")
        let url = try #require(line.split(separator: " ").last).trimmed
        try body(url)
        process.send(signal: signal)
        return try process.finish()
    }

    @Test func aChatWithIt() throws {
        let result = try serving(["--rate", "1000", "--output", "5"]) { url in
            let chat = try CommandProcess.run(["chat", "--host", url, "sim", "hello"])
            #expect(chat.status == 0)
            #expect(chat.output.split(separator: " ").count == 5)
            #expect(try CommandProcess.run(["list", "--host", url]).output.contains("sim:latest"))
            #expect(try CommandProcess.run(["version", "--host", url]).output == "0.33.0\n")
        }
        #expect(result.status == 143)
        #expect(result.errors == "")
    }

    /// By the base URL, or by the option.
    @Test(arguments: [["/v1"], ["", "--api", "openai"]])
    func theOtherDialect(ways: [String]) throws {
        let way = Array(ways.dropFirst())
        _ = try serving(["--rate", "1000", "--output", "5"]) { url in
            let host = ["--host", url + ways[0]] + way
            let list = try CommandProcess.run(["list"] + host)
            #expect(list.status == 0)
            #expect(list.output.contains("sim:latest"))
            let embed = try CommandProcess.run(["embed", "sim-embed", "one", "two"] + host)
            #expect(embed.status == 0, "\(embed.errors)")
            #expect(embed.outputLines.count == 2)
            let refused = try CommandProcess.run(
                ["embed", "sim-embed", "one", "--keep-alive", "5m"] + host)
            #expect(refused.status == 2)
            #expect(refused.errors.contains("keep_alive"))
        }
    }

    @Test func faultsAreExitStatuses() throws {
        let rules = ["--rate", "1000", "--fault", "status:500,path=/api/ps"]
        _ = try serving(rules, signal: SIGINT) { url in
            let cases: [(String, Int32)] = [
                ("reset:after=3records", 6), ("truncate", 6), ("status:503", 1), ("error", 1),
                ("silent", 5), ("one-byte", 0),
            ]
            for (fault, status) in cases {
                let chat = try CommandProcess.run([
                    "chat", "--host", url, "sim+\(fault)", "hello", "--head-timeout", "2s",
                ])
                #expect(chat.status == status, "\(fault)")
            }
            #expect(try CommandProcess.run(["ps", "--host", url]).status == 1)
        }
    }

    @Test func theTruthIsWrittenWhenItIsStopped() throws {
        let path = "/tmp/tokenwire-truth-\(Environment.processID)"
        defer { Files.remove(path) }
        _ = try serving(["--truth", path, "--rate", "1000"]) { url in
            _ = try CommandProcess.run(["chat", "--host", url, "sim", "hello"])
        }
        let bytes = try Files.read(path, limit: 1 << 20)
        #expect(bytes.starts(with: Array("TWTRUTH1".utf8)))
        #expect((bytes.count - 8) % 40 == 0)
        #expect(bytes.count > 8 + 40 * 100)
    }

    @Test func aUnixSocketIsRemoved() throws {
        let path = "/tmp/tokenwire-simulate-\(Environment.processID)"
        let process = try CommandProcess(["simulate", "--listen", "unix:\(path)"])
        #expect(try process.readOutput(until: "\n") == "listening unix:\(path)\n")
        let version = try CommandProcess.run(["version", "--host", "unix:\(path)"])
        #expect(version.output == "0.33.0\n")
        process.send(signal: SIGTERM)
        #expect(try process.finish().status == 143)
        #expect(!Files.exists(path))
    }

    @Test(arguments: [
        ["--listen", "nowhere"], ["--listen", ":99999"], ["--model", "x,speed=3"],
        ["--model", ",rate=3"], ["--model", "x,rate=0"], ["--jitter", "poisson"],
        ["--jitter", "gamma(x)"], ["--output", "uniform(5,1)"], ["--slots", "0"],
        ["--fault", "nothing"], ["--fault", "stall:after=x"], ["--queue", "-1"],
        ["--spin", "never"], ["--tools", "yes"], ["--text", "/does/not/exist"],
        ["--truth", "/does/not/exist"], ["--jitter", "trace(/does/not/exist)"], ["surplus"],
    ])
    func usageErrorsAreOneLine(_ options: [String]) throws {
        let listen = options[0] == "--listen" ? [] : ["--listen", ":0"]
        let result = try CommandProcess.run(["simulate"] + listen + options)
        #expect(result.status == 2)
        #expect(result.output == "")
        #expect(result.errors.split(separator: "\n").count == 1)
        #expect(result.errors.hasPrefix("tokenwire: "))
    }

    @Test func aPortInUse() throws {
        _ = try serving { url in
            let port = try #require(url.split(separator: ":").last)
            let second = try CommandProcess.run(["simulate", "--listen", ":\(port)"])
            #expect(second.status == 3)
            #expect(second.errors.contains("cannot listen on 127.0.0.1:\(port)"))
        }
    }

    @Test func helpHasExamples() throws {
        let result = try CommandProcess.run(["simulate", "--help"])
        #expect(result.status == 0)
        #expect(result.output.contains("Examples:"))
        for line in result.output.split(separator: "\n") where !line.hasPrefix("  tokenwire") {
            #expect(line.count <= 90)
        }
    }
}

extension Substring {
    fileprivate var trimmed: String { String(filter { $0 != "\n" }) }
}
