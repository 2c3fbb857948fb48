import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireExchange
import WireTime

/// Streams of progress: their shapes, their ends, and leaving them.
@Suite(.eachDriver) struct ProgressTests {
    private static let digest = "sha256:" + String(repeating: "ab", count: 32)
    private let manifest = #"{"status":"pulling manifest"}"#
    private let layer =
        #"{"status":"pulling abab","digest":"\#(digest)","total":100,"completed":40}"#
    private let success = #"{"status":"success"}"#

    private func records(
        _ input: [ConnectionScript.Input], _ options: OllamaClientOptions = .init()
    ) async throws -> (records: [ModelProgress], error: StreamError?, system: ScriptedSystem) {
        let system = ScriptedSystem(ConnectionScript([.request] + input))
        var client = try NativeClient(system, options)
        let (records, error) = await client.records(of: .pull("m"))
        return (records, error, system)
    }

    private func records(_ text: String) async throws -> (
        records: [ModelProgress], error: StreamError?
    ) {
        let (records, error, _) = try await records([.text(text)])
        return (records, error)
    }

    @Test func shapes() async throws {
        let lines = [manifest, layer, success]
        let body = lines.joined(separator: "\n")
        let shapes = [
            Wire.stream(lines), Wire.stream(lines.map { $0 + "\r" }),
            Wire.stream(["", lines[0], " ", lines[1], lines[2], ""]),
            Wire.streamHead + Wire.chunk(body) + Wire.end, Wire.response("200 OK", body),
        ]
        for shape in shapes {
            let (records, error) = try await records(shape)
            #expect(error == nil)
            #expect(records.map(\.status) == ["pulling manifest", "pulling abab", "success"])
            #expect(records[1].digest == ProgressTests.digest)
            #expect(records[1].total == 100)
            #expect(records[1].completed == 40)
        }
        let stream = Wire.stream(lines)
        let (byByte, error, _) = try await records(ConnectionScript.Input.byteByByte(stream))
        #expect(byByte.count == 3)
        #expect(error == nil)
    }

    @Test func fields() async throws {
        let line = #"{"status":"x\u00e9","completed":1,"new":{"a":[1]},"digest":"d","other":null}"#
        let record = try #require(try await records(Wire.stream([line, success])).records.first)
        #expect(record.status == "x\u{E9}")
        #expect(record.digest == "d")
        #expect((record.total, record.completed) == (0, 1))
        #expect(record.extra.map(\.key) == ["new", "other"])
        #expect(record.extra[0].value["a"] == [1])
    }

    // MARK: Ends

    @Test func errorsInside() async throws {
        let twice = #"{"error":"{\"error\":{\"code\":400,\"message\":\"inner\",\"type\":\"x\"}}"}"#
        for (line, message) in [
            (#"{"error":"file does not exist"}"#, "file does not exist"), (twice, "inner"),
            (#"{"status":"failing","error":"late"}"#, "late"),
        ] {
            let (records, error, system) = try await records([.text(Wire.stream([manifest, line]))])
            #expect(records.map(\.status) == ["pulling manifest"])
            #expect(
                error?.serverFailure
                    == .init(status: 200, message: message, isInsideStream: true))
            #expect(system.calls.last == .close)
        }
    }

    @Test func endsWithoutSuccess() async throws {
        let (records, error) = try await records(Wire.stream([manifest, layer]))
        #expect(records.count == 2)
        #expect(
            error?.incompleteStream == .init(transport: nil, recordCount: 2, partialText: ""))
        #expect(try await self.records(Wire.stream([])).error?.incompleteStream?.recordCount == 0)
        let cut = Wire.streamHead + Wire.chunk(manifest + "\n")
        let (_, broken, _) = try await self.records([.text(cut), .end])
        #expect(broken?.incompleteStream?.transport?.kind == .closedEarly)
    }

    @Test(arguments: [
        "{\"status\":", "[]", "\"success\"", #"{"status":5}"#, #"{"status":"x","total":"1"}"#,
        "not JSON",
    ])
    func malformed(line: String) async throws {
        let (records, error, system) = try await records([.text(Wire.stream([manifest, line]))])
        #expect(records.count == 1)
        let record = try #require(error?.malformedRecord)
        #expect(record.excerpt == line)
        #expect(record.offset == manifest.utf8.count + 1)
        #expect(system.calls.last == .close)
    }

    /// All is done with the terminal record, whatever becomes of the connection behind it.
    @Test func finishing() async throws {
        let open = Wire.streamHead + Wire.chunk(manifest + "\n" + success + "\n")
        for input in [[.text(Wire.stream([manifest, success]))], [.text(open), .reset]]
            as [[ConnectionScript.Input]]
        {
            var client = try NativeClient(ScriptedSystem(ConnectionScript([.request] + input)))
            try await client.finish(.pull("m"))
        }
        var client = try NativeClient(
            ScriptedSystem(.responses(Wire.stream([manifest, #"{"error":"no"}"#]))))
        await #expect(throws: StreamError.self) { try await client.finish(.pull("m")) }
    }

    /// The refusal of a request without a stream: one value, status 500.
    @Test func refusedWhole() async throws {
        let refusal = Wire.response(
            "500 Internal Server Error", #"{"error":"pull model manifest"}"#)
        let (records, error) = try await records(refusal)
        #expect(records == [])
        #expect(error?.serverFailure == .init(status: 500, message: "pull model manifest"))
    }

    // MARK: Leaving

    @Test(arguments: [1, 2])
    func leaving(after count: Int) async throws {
        let records = [manifest, layer].map { Wire.chunk($0 + "\n") }.joined()
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(Wire.streamHead + records)]),
            .responses(Wire.stream([success])))
        var client = try NativeClient(system)
        try await client.leave(.pull("m"), after: count) {
            #expect(system.calls.last == .close)
        }
        #expect(await client.records(of: .push("m")).records.map(\.isSuccess) == [true])
        #expect(system.unfinished() == [])
    }

    /// Read to its end, the connection is kept.
    @Test func theNextCallOnTheSameConnection() async throws {
        let system = ScriptedSystem(
            .responses(
                Wire.stream([manifest, success]), Wire.response("200 OK", #"{"version":"1"}"#)))
        var client = try NativeClient(system)
        #expect(await client.records(of: .pull("m")).error == nil)
        #expect(try await client.answer(to: .version) == "1")
        #expect(system.unfinished() == [])
    }

    // MARK: Time

    /// A server verifies for minutes without a word: that is no stall, unless the caller says so.
    @Test func silence() async throws {
        let script: [ConnectionScript.Input] = [
            .text(Wire.streamHead + Wire.chunk(manifest + "\n")), .pause(.minutes(20)),
            .text(Wire.chunk(success + "\n") + Wire.end),
        ]
        let (records, error, system) = try await records(script)
        #expect(error == nil)
        #expect(records.count == 2)
        #expect(system.elapsed == .minutes(20))
        let options = OllamaClientOptions(
            deadlines: .standard.with(\.contentIdle, .seconds(60)))
        let (_, stalled, _) = try await self.records(script, options)
        #expect(stalled?.timedOut?.deadline == .contentIdle)
    }

    /// Blank lines are no sign of life.
    @Test func blankLines() async throws {
        let drip = (0..<100).flatMap { _ -> [ConnectionScript.Input] in
            [.pause(.seconds(1)), .text(Wire.chunk("\n"))]
        }
        let options = OllamaClientOptions(
            deadlines: .standard.with(\.contentIdle, .seconds(10)))
        let head = ConnectionScript.Input.text(Wire.streamHead + Wire.chunk(manifest + "\n"))
        let (records, error, system) = try await records([head] + drip, options)
        #expect(records.count == 1)
        #expect(error?.timedOut?.phase == .content)
        #expect(system.elapsed == .seconds(10))
    }
}
