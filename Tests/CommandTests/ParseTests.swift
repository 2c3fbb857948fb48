import TestSupport
import Testing
import WireSockets
import WireSystem

/// `tokenwire parse`: the output of each codec, and the exit status.
@Suite struct ParseTests {
    @Test func lines() throws {
        let result = try CommandProcess.run(["parse", "lines"], input: "a\r\n\n\r\nb c\nd")
        #expect(
            result
                == CommandResult(
                    status: 0,
                    output: """
                        {"offset":0,"bytes":1}
                        {"offset":3,"bytes":0}
                        {"offset":4,"bytes":0}
                        {"offset":6,"bytes":3}
                        {"offset":10,"bytes":1}

                        """, errors: ""))
    }

    @Test func records() throws {
        let result = try CommandProcess.run(
            ["parse", "ndjson", "-"], input: "{\"a\":1}\n\n \t\r\n[1,]\r\n\"x\"")
        #expect(
            result
                == CommandResult(
                    status: 6,
                    output: """
                        {"offset":0,"bytes":7,"json":"valid"}
                        {"offset":13,"bytes":4,"json":"invalid","error":"expected a value","at":3}
                        {"offset":19,"bytes":3,"json":"valid"}

                        """, errors: ""))
        #expect(try CommandProcess.run(["parse", "ndjson"], input: "1\n2\n").status == 0)
    }

    @Test func events() throws {
        let result = try CommandProcess.run(
            ["parse", "sse"],
            input: ": ping\nid: 7\nretry: 20\n\nevent: e\ndata: a\ndata:b\n\ndata\n\ndata: cut")
        #expect(
            result
                == CommandResult(
                    status: 0,
                    output: """
                        {"retry":20}
                        {"event":"e","data":"a\\nb","id":"7"}
                        {"event":"message","data":"","id":"7"}

                        """, errors: ""))
    }

    @Test(arguments: [
        ("{}", #"{"valid":true,"type":"object"}"#, Int32(0)),
        (" true\n", #"{"valid":true,"type":"boolean"}"#, 0),
        ("[1", #"{"valid":false,"error":"JSON text ends too early","at":2}"#, 6),
        ("", #"{"valid":false,"error":"JSON text ends too early","at":0}"#, 6),
        ("1 2", #"{"valid":false,"error":"bytes after the value","at":2}"#, 6),
    ])
    func text(input: String, output: String, status: Int32) throws {
        for cut in [[], ["--chunk", "1"], ["--split", "1,2"]] {
            let result = try CommandProcess.run(["parse", "json"] + cut, input: input)
            #expect(result == CommandResult(status: status, output: output + "\n", errors: ""))
        }
    }

    @Test func tooLong() throws {
        for (mode, input, output) in [
            ("lines", "ab\nabc\na\n", "{\"offset\":0,\"bytes\":2}\n"),
            ("sse", "data: abcdefgh\n\n", ""),
        ] {
            let result = try CommandProcess.run(["parse", mode, "--max-line", "2"], input: input)
            #expect(result.status == 6)
            #expect(result.output == output)
            #expect(result.errorLines.count == 1)
            #expect(result.errors.contains("longer than the limit of 2 bytes"))
        }
    }

    @Test func offsetsMayComeInAnyOrderAndLieBehindTheEnd() throws {
        let whole = try CommandProcess.run(["parse", "lines"], input: "one\r\ntwo\n")
        for offsets in ["4", "3,4,5", "5,4,4,0,3", "1000,4", "0,1,2,3,4,5,6,7,8,9"] {
            let split = ["parse", "lines", "--split", offsets]
            #expect(try CommandProcess.run(split, input: "one\r\ntwo\n") == whole)
        }
    }

    /// Each thing is printed before more input is waited for.
    @Test func followsAPipe() throws {
        let (reading, writing) = try Pipe.make()
        let process = try CommandProcess(["parse", "ndjson"], input: reading)
        var printed = ""
        for (offset, input) in [(0, "[1]\n"), (4, "[2]\n[3]"), (8, "\n")] {
            try Files.writeAll(Array(input.utf8).span, to: writing, name: "pipe")
            if input.hasSuffix("]") { continue }
            if offset == 8 { printed += #"{"offset":4,"bytes":3,"json":"valid"}"# + "\n" }
            printed += #"{"offset":\#(offset),"bytes":3,"json":"valid"}"# + "\n"
            #expect(try process.readOutput(until: printed) == printed)
        }
        Files.closeDescriptor(writing)
        #expect(try process.finish() == CommandResult(status: 0, output: printed, errors: ""))
    }

    @Test func readerThatLeavesEarly() throws {
        let input = String(repeating: "line\n", count: 1 << 20)
        let directory = try TemporaryDirectory()
        let path = try directory.file("lines", input)
        let process = try CommandProcess(["parse", "lines", path])
        _ = try process.readOutput(until: "\n")
        process.closeOutput()
        let result = try process.finish()
        #expect(result.status == 0)
        #expect(result.errors == "")
    }

    /// Bytes that are no text are lines, and no JSON; nothing traps.
    @Test func rubbish() throws {
        let bytes = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }
        let directory = try TemporaryDirectory()
        let path = try directory.file("rubbish", bytes)
        for (mode, status) in [("lines", 0), ("ndjson", 6), ("sse", 0), ("json", 6)] {
            let whole = try CommandProcess.run(["parse", mode, path])
            #expect(whole.status == Int32(status))
            #expect(whole.errors == "")
            #expect(try CommandProcess.run(["parse", mode, path, "--chunk", "7"]) == whole)
        }
    }
}
