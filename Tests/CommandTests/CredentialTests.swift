import Glibc
import TestSupport
import Testing
import WireSystem

/// What the command prints and writes down, with credentials of every kind given to it, against a server
/// that fails in every way: none of them.
@Suite struct CredentialTests {
    private static let secrets = [
        "k-Secret1", "k-Secret2", "k-Secret3", "k-Secret4",
        // user:k-Secret... in Base64.
        "dXNlcjprLVNlY3Jld",
    ]

    private func expectNone(
        in text: String, _ what: String, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        for secret in CredentialTests.secrets {
            #expect(!text.contains(secret), "\(what): \(text)", sourceLocation: sourceLocation)
        }
    }

    private static let faults = [
        "none", "silent", "stall:after=head", "reset:after=start", "fin", "truncate", "garbage",
        "garbage:after=start", "bad-record", "error", "status:401", "status:503",
        "pings:every=5ms", "endless-head", "informational", "chunk-extension",
    ]

    private func fields(_ fault: String) -> [String] {
        [
            "--header", "Cookie: k-Secret2", "--header", "X-Api-Key: k-Secret3",
            "--head-timeout", "100ms", "--first-content-timeout", "100ms", "--idle-timeout",
            "100ms",
            "--content-idle-timeout", "100ms",
        ] + (fault == "none" ? [] : ["--header", "X-Simulate: \(fault)"])
    }

    /// Through a recorder, so that what it writes is looked at as well.
    @Test func noneIsPrintedOrRecorded() throws {
        let server = try ServingProcess(["simulate", "--rate", "1000", "--output", "5"])
        let directory = try TemporaryDirectory()
        let recorder = try ServingProcess([
            "record", "--upstream", "http://127.0.0.1:\(server.port)", "-o", directory.path,
        ])
        let body = #"{"model":"sim","messages":[{"role":"user","content":"x"}]}"#
        for fault in CredentialTests.faults {
            for host in ["127.0.0.1:\(recorder.port)", "127.0.0.1:\(recorder.port)/v1"] {
                let result = try CommandProcess.run(
                    ["chat", "sim", "x", "--host", host, "--api-key", "k-Secret1", "--json"]
                        + fields(fault))
                #expect((result.status == 0) == (fault == "none"), "\(fault): \(result.errors)")
                expectNone(in: result.output + result.errors, "chat, \(fault)")
            }
            let http = try CommandProcess.run(
                [
                    "http", "http://user:k-Secret4@127.0.0.1:\(recorder.port)/api/chat", "--data",
                    body, "--report", "json", "--timeout", "500ms",
                ] + fields(fault))
            #expect(http.outputLines.count == 1)
            expectNone(in: http.output + http.errors, "http, \(fault)")
        }
        recorder.process.send(signal: SIGTERM)
        let said = try recorder.process.finish()
        expectNone(in: said.output + said.errors, "record")
        server.process.send(signal: SIGTERM)
        let simulated = try server.process.finish()
        expectNone(in: simulated.output + simulated.errors, "simulate")
        var files = 0
        var redacted = 0
        for name in try Files.names(in: directory.path) {
            let bytes = try Files.read("\(directory.path)/\(name)", limit: 1 << 24)
            let text = String(decoding: bytes, as: UTF8.self)
            expectNone(in: text, name)
            files += 1
            if text.contains("REDACTED") { redacted += 1 }
        }
        #expect(redacted >= 3 * 4, "\(redacted) of \(files) files name a field that was left out")
    }

    /// Where nothing is sent at all.
    @Test func noneIsInARefusal() throws {
        let cases: [[String]] = [
            ["chat", "m", "x", "--host", "http://example.com", "--api-key", "k-Secret1"],
            ["chat", "m", "x", "--host", "127.0.0.1:9", "--api-key", "k-Secret1\r\nX: y"],
            ["chat", "m", "x", "--host", "http://user:k-Secret4@127.0.0.1:9"],
            ["list", "--host", "https://127.0.0.1:9", "--api-key", "k-Secret1"],
            ["http", "http://user:k-Secret4@127.0.0.1:9/"],
            ["http", "http://user:k-Secret4@exa mple/"], ["http", "ftp://user:k-Secret4@h/"],
            ["http", "http://127.0.0.1:9/", "--header", "Cookie: k-Secret2\r\nX: y"],
            ["http", "http://127.0.0.1:9/", "--header", "Authorization k-Secret3"],
        ]
        for arguments in cases {
            let result = try CommandProcess.run(arguments)
            #expect(result.status > 0, "\(arguments)")
            #expect(!result.errors.isEmpty, "\(arguments)")
            expectNone(in: result.output + result.errors, "\(arguments)")
        }
    }
}
