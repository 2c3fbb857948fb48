import TestSupport
import Testing
import WireServer
import WireSockets
import WireSystem
import WireTime

/// A server for the commands, and what it was asked.
final class ChatServer: Sendable {
    let server: ReplayServer
    private let seen: Monitor<[ServedRequest]>

    /// Answers every request by the same script.
    init(_ script: Script) throws(SystemError) {
        let seen = Monitor<[ServedRequest]>([])
        self.seen = seen
        server = try .answering { request in
            seen.update { $0.append(request) }
            return script
        }
    }

    /// Answers as recorded, what was recorded alone.
    init(recordings: String...) throws {
        seen = Monitor([])
        server = try .replaying(
            recordings.map { try Recording(path: "\(ManifestRecording.directory)/\($0)") },
            pace: .full)
    }

    deinit { server.stop() }

    var requests: [ServedRequest] { seen.read { $0 } }

    /// The body of the only request.
    func body() throws -> ManifestJSON {
        #expect(requests.count == 1)
        return ManifestJSON(parsing: try #require(requests.first).body)
    }

    /// Runs the command with this server as its host.
    func run(_ arguments: [String], input: String? = nil) throws -> CommandResult {
        try CommandProcess.run(arguments + ["--host", server.url], input: input)
    }

    func start(_ arguments: [String], input: Int32? = nil) throws -> CommandProcess {
        try CommandProcess(arguments + ["--host", server.url], input: input)
    }

    /// How the client of a connection left; nil when it did not within any sensible time.
    func leaving(of connection: Int = 0) -> ConnectionRecord.ClientClose? {
        server.log.waitForClose(of: connection, until: MonotonicClock.now + .seconds(60))
    }

    static func record(_ content: String) -> String {
        #"{"model":"m","message":{"role":"assistant","content":"\#(content)"},"done":false}"#
    }

    static let done =
        #"{"model":"m","message":{"role":"assistant","content":""},"done":true,"#
        + #""done_reason":"stop","total_duration":4000000000,"load_duration":1500000000,"#
        + #""prompt_eval_count":7,"prompt_eval_duration":20000000,"eval_count":30,"#
        + #""eval_duration":2000000000}"#

    static func stream(_ contents: String...) -> Script {
        .ndjson(contents.map(record) + [done])
    }

    /// The records, and then nothing, for longer than anybody waits.
    static func stalling(_ contents: String...) -> Script {
        var script = Script.ndjson(contents.map(record))
        script.steps.removeLast()
        return script.then(.stall)
    }
}

/// Texts that were recorded.
enum RecordedOutput {
    /// What the manifest says of a recording's text.
    static func text(_ name: String) throws -> (text: String, thinking: String) {
        let path = "\(ManifestRecording.directory)/manifest.json"
        let manifest = ManifestJSON(parsing: try Files.read(path, limit: 64 << 20))
        let entry = try #require(manifest["recordings"].array?.first { $0["name"].string == name })
        let outcome = try #require(entry["responses"].array?.first?["outcome"])
        return (try #require(outcome["text"].string), try #require(outcome["thinking_text"].string))
    }
}
