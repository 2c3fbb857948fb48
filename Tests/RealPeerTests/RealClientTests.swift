import TestSupport
import Testing
import WireSockets
import WireSystem
import WireTime

/// Programs that others have written, against `tokenwire replay`, and through `tokenwire record`.
@Suite(.saysWhichClientsAreMissing) struct RealClientTests {
    /// What they ask for, as a real server answered it.
    private static let recordings = [
        "chat-stream", "chat-nonstream", "chat-tools-stream", "generate-stream",
        "generate-nonstream", "embed-single", "tags", "show", "show-unknown-model", "ps-loaded",
        "version", "root-head", "v1-chat-stream", "v1-chat-nonstream", "v1-chat-tools-stream",
        "v1-embeddings", "v1-model-one", "v1-chat-bad-model",
    ].map { Fixtures.path("recordings/\($0)") }

    @Test(arguments: RealClient.available) func againstReplay(_ client: RealClient) throws {
        let server = try ServingCommand(
            ["replay", "--match", "loose", "--speed", "max"] + RealClientTests.recordings)
        defer { server.stop() }
        let said = try client.run(server.url)
        for line in client.expected { #expect(said.contains(line), "\(client): \(said)") }
    }

    /// The same calls to a server without a model; what it says is its own.
    @Test(arguments: RealClient.available) func againstSimulate(_ client: RealClient) throws {
        let server = try ServingCommand(
            ["simulate", "--rate", "500"]
                + ["tiny", "tiny-tools", "tiny-bert,embedding=32"].flatMap {
                    ["--model", $0]
                })
        defer { server.stop() }
        let said = try client.run(server.url)
        #expect(said.contains("error: "), "\(client): \(said)")
    }

    /// At the recorded pace, through the recorder; then what was recorded is replayed, to requests that
    /// have to be the same as JSON, and says the same.
    @Test(arguments: RealClient.available) func recordedAndReplayed(_ client: RealClient) throws {
        let directory = try TemporaryDirectory()
        let server = try ServingCommand(
            ["replay", "--match", "loose"] + RealClientTests.recordings)
        defer { server.stop() }
        let recorder = try ServingCommand(
            ["record", "--upstream", server.url, "-o", directory.path])
        let said = try client.run(recorder.url)
        for line in client.expected { #expect(said.contains(line), "\(client): \(said)") }
        recorder.stop()
        let names = try Files.names(in: directory.path)
        #expect(names.allSatisfy { !$0.hasPrefix(".") })
        #expect(names.count { $0.hasSuffix(".response") } >= 6)
        for name in names where name.hasSuffix(".request") {
            #expect(!(try directory.content(name)).contains("secret-key"))
        }
        let replay = try ServingCommand(["replay", "--speed", "10x", directory.path])
        defer { replay.stop() }
        #expect(try client.run(replay.url) == said)
    }
}

/// A client that others have written.
enum RealClient: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case ollamaPython, openaiPython, httpx, fetch, curl

    var testDescription: String { rawValue }

    private static let clients =
        "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Clients"

    private var program: String {
        switch self {
        case .ollamaPython, .openaiPython, .httpx:
            "\(Fixtures.repository)/.build/real-clients/bin/python"
        case .fetch: "/usr/bin/node"
        case .curl: "/bin/sh"
        }
    }

    private var script: String {
        switch self {
        case .ollamaPython: "ollama_client.py"
        case .openaiPython: "openai_client.py"
        case .httpx: "httpx_client.py"
        case .fetch: "fetch.mjs"
        case .curl: "curl.sh"
        }
    }

    var isThere: Bool {
        if self == .curl { return Files.exists("/usr/bin/curl") }
        guard Files.exists(program) else { return false }
        let module = [.ollamaPython: "ollama", .openaiPython: "openai", .httpx: "httpx"][self]
        guard let module else { return true }
        let trial = try? ChildProcess(program, ["-c", "import \(module)"])
        return trial?.wait() == 0
    }

    static let available = allCases.filter(\.isThere)

    /// Some of what it has to say of the recordings.
    var expected: [String] {
        switch self {
        case .ollamaPython:
            [
                "chat whole: ", "tools: ['city'", "embed: 1 32", "show: llama",
                "error: model 'nope-xyz:latest' not found",
            ]
        case .openaiPython:
            [
                "chat stream:  land.", "chat whole:  land.", "tools: ['get_weather']",
                "embed: 1 32", "model: tiny", "error: model 'nope-xyz' not found",
            ]
        case .httpx, .fetch:
            ["embed: 32", "version: 0.33.0-rc2", "error: model 'nope-xyz:latest' not found"]
        case .curl:
            [
                "chat stream: 12 records", "chat whole: 1",
                #"error: {"error":"model 'nope-xyz:latest' not found"}"#,
            ]
        }
    }

    /// What it printed.
    func run(_ url: String) throws -> String {
        let process = try ChildProcess(program, ["\(RealClient.clients)/\(script)", url])
        let said = try Files.read(descriptor: process.output, limit: 1 << 20, name: rawValue)
        let status = process.wait()
        let text = String(decoding: said, as: UTF8.self)
        if status != 0 { throw PeerError(description: "\(rawValue) ended with \(status): \(text)") }
        return text
    }
}

/// A subcommand of `tokenwire` that serves until it is told to stop.
final class ServingCommand {
    let url: String
    private let process: ChildProcess

    init(_ arguments: [String]) throws {
        // Tests and executables are built into one directory.
        let tests = Environment.executablePath
        let directory = tests[..<(tests.lastIndex(of: "/") ?? tests.startIndex)]
        process = try ChildProcess("\(directory)/tokenwire", arguments + ["--listen", ":0"])
        var said: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 256)
        while !said.contains(UInt8(ascii: "\n")) {
            let count = try Files.readSome(descriptor: process.output, into: &piece)
            if count == 0 { throw PeerError(description: "\(arguments[0]) did not start") }
            said += piece[..<count]
        }
        let line = String(decoding: said.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
        guard let word = line.split(separator: " ").last, line.hasPrefix("listening http") else {
            throw PeerError(description: "\(arguments[0]) said: \(line)")
        }
        url = String(word)
    }

    deinit { stop() }

    /// Returns when it has ended: its files are whole then.
    func stop() { process.stop() }
}

/// Says which clients the tests have to do without.
struct SaysWhichClientsAreMissing: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for client in RealClient.allCases where !RealClient.available.contains(client) {
            let line = "SKIPPED: tests with \(client.rawValue): not installed (make peers)\n"
            try? Files.writeAll(line.utf8.span, to: 2, name: "standard error")
        }
        try await function()
    }
}

extension Trait where Self == SaysWhichClientsAreMissing {
    static var saysWhichClientsAreMissing: Self { Self() }
}
