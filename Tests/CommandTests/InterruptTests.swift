import Glibc
import Testing
import WireSockets
import WireSystem
import WireTime

/// SIGINT and SIGTERM: an orderly end with status 130 or 143, wherever they come.
@Suite struct InterruptTests {
    /// Each with what the server has sent by the time of the signal, and what is printed.
    @Test(arguments: [
        ("", "", SIGINT), ("HTTP/1.1 200 OK\r\n\r\nhello", "hello", SIGTERM),
    ])
    func whileWaitingForThePeer(sent: String, printed: String, signal: Int32) throws {
        let isWaiting = try Latch()
        let (result, log) = try TinyServer({ peer in
            peer.readRequest()
            peer.send(sent)
            isWaiting.open()
            peer.noteLeaving()
        }).run { url in
            let process = try CommandProcess(["http", url])
            _ = isWaiting.wait(until: .distantFuture)
            _ = try process.readOutput(until: printed)
            process.send(signal: signal)
            return try process.finish()
        }
        #expect(result == CommandResult(status: 128 + signal, output: printed, errors: ""))
        #expect(log == ["fin"])
    }

    /// The report of a request that was under way is printed.
    @Test func reportOfWhatWasUnderWay() throws {
        let isWaiting = try Latch()
        let (result, _) = try TinyServer({ peer in
            peer.readRequest()
            isWaiting.open()
            peer.noteLeaving()
        }).run { url in
            let process = try CommandProcess(["http", url, "--report", "json", "--then", url])
            _ = isWaiting.wait(until: .distantFuture)
            process.send(signal: SIGINT)
            return try process.finish()
        }
        #expect(result.status == 130)
        let report = try Report(result)
        #expect(report.kind == "cancelled")
        #expect(report.phase == "head")
    }

    @Test func betweenRequests() throws {
        let (result, _) = try TinyServer({
            $0.answer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
        }).run { url in
            let process = try CommandProcess(["http", url, "--then", url, "--then-delay", "1h"])
            #expect(try process.readOutput(until: "hello") == "hello")
            process.send(signal: SIGINT)
            return try process.finish()
        }
        #expect(result == CommandResult(status: 130, output: "hello", errors: ""))
    }

    @Test func whileWaitingForInput() throws {
        let (reading, writing) = try Pipe.make()
        defer { Files.closeDescriptor(writing) }
        let process = try CommandProcess(["parse", "lines"], input: reading)
        try Files.writeAll(Array("one\n".utf8).span, to: writing, name: "pipe")
        let line = #"{"offset":0,"bytes":3}"# + "\n"
        // Printed although more input may come.
        #expect(try process.readOutput(until: line) == line)
        process.send(signal: SIGTERM)
        #expect(try process.finish() == CommandResult(status: 143, output: line, errors: ""))
    }

    /// Nobody takes what is printed: there is nothing to be cancelled, and still an end.
    @Test func whileNobodyReads() throws {
        let (result, log) = try TinyServer({ peer in
            peer.readRequest()
            peer.send("HTTP/1.1 200 OK\r\n\r\n")
            peer.send(String(repeating: "x", count: 32 << 20))
            peer.noteLeaving()
        }).run { url in
            let process = try CommandProcess(["http", url])
            _ = try process.readOutput(until: "x")
            process.send(signal: SIGINT)
            return process.waitWithoutReading()
        }
        #expect(result == 130)
        #expect(log == ["reset"] || log == ["fin"])
    }
}
