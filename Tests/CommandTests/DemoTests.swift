import Glibc
import TestSupport
import Testing
import WireServer
import WireTime

/// `tokenwire demo`: no network, no model, and everything shown.
@Suite struct DemoTests {
    @Test func theDemo() throws {
        let result = try CommandProcess.run(["demo"])
        #expect(result.status == 0)
        #expect(result.errors == "")
        // The recorded chat, token by token; the start of the stream that is left.
        let chat = try RecordedOutput.text("chat-eos-stop").text
        #expect(result.output.contains(chat))
        let left = try RecordedOutput.text("generate-slow-200").text
        let words = left.split(separator: " ").prefix(12).joined(separator: " ")
        #expect(result.output.contains(words))
        #expect(!result.output.contains(left))
        let summary = /63 records, 78 tokens, done: stop\n/
        #expect(result.output.contains(summary))
        #expect(result.output.contains(/connection closed +[\d.]+ [mu]s after the loop was left\n/))
        let seen = try #require(
            result.output.firstMatch(
                of:
                    /server saw it +[\d.]+ [mu]s after [a-z ]+ \((FIN|RESET)\), having sent (\d+) of 200/
            ))
        // The server goes on with its next token at most.
        #expect((12...14).contains(Int(seen.2)!))
        #expect(result.output.hasSuffix("the server says it is 0.33.0-rc2.\n"))
    }

    /// Nothing comes before its time.
    @Test func atTheRecordedPace() throws {
        let output = try CommandProcess.run(["demo"]).output
        let last = try #require(output.firstMatch(of: /last byte +([\d.]+) ms/)).1
        let recording = try Recording(path: "\(ManifestRecording.directory)/chat-eos-stop")
        let recorded = try #require(recording.reads.last).at
        #expect(Double(last)! >= recorded.inSeconds * 1000 - 0.1)
    }

    @Test func interrupted() throws {
        let process = try CommandProcess(["demo"])
        _ = try process.readOutput(until: "\n\n")
        process.send(signal: SIGINT)
        #expect(try process.finish().status == 130)
    }

    @Test func theServerAlone() throws {
        let process = try CommandProcess(["demo", "--serve"])
        let line = try process.readOutput(until: "\n")
        let address = try #require(line.wholeMatch(of: /listening (127\.0\.0\.1:\d+)\n/)).1
        let answer = try CommandProcess.run([
            "chat", "tiny", "hello there", "--option", "seed=3", "--host", String(address),
        ])
        #expect(answer.status == 0)
        #expect(answer.output == (try RecordedOutput.text("chat-eos-stop").text) + "\n")
        let version = try CommandProcess.run(["version", "--host", String(address)])
        #expect(version.output == "0.33.0-rc2\n")
        process.send(signal: SIGTERM)
        let result = try process.finish()
        #expect(result.status == 143)
        #expect(result.output.contains(/\nleft (fin|reset) \d+ \d+\n/))
    }

    @Test func usage() throws {
        let result = try CommandProcess.run(["demo", "--server"])
        #expect(result.status == 2)
        #expect(result.errors.contains("did you mean --serve?"))
    }
}
