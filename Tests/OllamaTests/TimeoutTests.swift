import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireTime

/// Deadlines as a caller of the blocking client meets them, in virtual time.
@Suite struct TimeoutTests {
    private let record = Wire.chunk(Wire.chat("some ") + "\n")

    private func options(
        _ field: WritableKeyPath<Deadlines, Timeout>, _ seconds: Int64
    ) -> BlockingOllama.Options {
        BlockingOllama.Options(deadlines: .standard.with(field, .seconds(seconds)))
    }

    /// `unit` once a second, for as long as anybody could wait.
    private func dripping(_ unit: String, _ seconds: Int = 1000) -> [ConnectionScript.Input] {
        (0..<seconds).flatMap { _ in [.pause(.seconds(1)), .text(unit)] }
    }

    private func expect(
        _ input: [ConnectionScript.Input], _ options: BlockingOllama.Options, _ deadline: Deadline,
        after seconds: Int64, partialText: String = "some ",
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let (reading, system) = try read(input, options)
        guard let timeout = reading.error?.timedOut else {
            Issue.record("\(String(describing: reading.error))", sourceLocation: sourceLocation)
            return
        }
        #expect(timeout.deadline == deadline, sourceLocation: sourceLocation)
        #expect(timeout.phase == deadline.phase, sourceLocation: sourceLocation)
        #expect(timeout.partialText == partialText, sourceLocation: sourceLocation)
        #expect(reading.text == partialText, sourceLocation: sourceLocation)
        #expect(system.elapsed == .seconds(seconds), sourceLocation: sourceLocation)
        #expect(system.closeTime(of: 1) == system.elapsed, sourceLocation: sourceLocation)
        #expect(system.problems == [], sourceLocation: sourceLocation)
    }

    // MARK: Before the stream

    @Test func connecting() throws {
        let system = ScriptedSystem(ConnectionScript(opening: .never))
        var client = try BlockingOllama.scripted(system, options(\.connect, 2))
        let timeout = Reading(&client, anyChat).error?.timedOut
        #expect(timeout?.deadline == .connect)
        #expect(system.elapsed == .seconds(2))
        #expect(system.calls.last == .close)
    }

    @Test func theHead() throws {
        try expect([], options(\.responseHead, 7), .responseHead, after: 7, partialText: "")
    }

    /// Bytes of a head do not put it off, informational responses neither.
    @Test func aDrippingHead() throws {
        let field = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 100)
        let slow =
            field.map { $0 }.flatMap { [.pause(.seconds(1)), .text(String($0))] }
            as [ConnectionScript.Input]
        try expect(slow, options(\.responseHead, 7), .responseHead, after: 7, partialText: "")
        let more = dripping("HTTP/1.1 102 Processing\r\n\r\n", 30)
        try expect(more, options(\.responseHead, 7), .responseHead, after: 7, partialText: "")
    }

    @Test func aRequestThatIsNotTaken() throws {
        let system = ScriptedSystem(ConnectionScript(output: [.accept(10), .blockForEver]))
        var client = try BlockingOllama.scripted(system, options(\.requestWrite, 4))
        let timeout = Reading(&client, anyChat).error?.timedOut
        #expect(timeout?.deadline == .requestWrite)
        #expect(timeout?.progress.bytesWritten == 10)
        #expect(system.elapsed == .seconds(4))
    }

    // MARK: In the stream

    @Test(arguments: ["", "\n", "   \n", #"{"message":{"content":""},"done":false}"# + "\n"])
    func nothingAfterAnEarlyHead(unit: String) throws {
        let rest = unit.isEmpty ? [] : dripping(Wire.chunk(unit))
        try expect(
            [.text(Wire.streamHead)] + rest, options(\.firstContent, 9), .firstContent, after: 9,
            partialText: "")
    }

    @Test func silence() throws {
        try expect(
            [.text(Wire.streamHead + record)], options(\.bodyIdle, 3), .bodyIdle, after: 3)
    }

    /// Bytes that carry nothing do not keep a caller.
    @Test(arguments: [
        // Half a record, byte by byte; records without content; blank lines; framing alone.
        Wire.chunk("{"), Wire.chunk(#"{"message":{"content":""},"done":false}"# + "\n"),
        Wire.chunk(#"{"created_at":"x","error":null,"tool_calls":[],"logprobs":null}"# + "\n"),
        Wire.chunk("\n"), "0",
    ])
    func dripsWithoutContent(unit: String) throws {
        try expect(
            [.text(Wire.streamHead + record)] + dripping(unit), options(\.contentIdle, 5),
            .contentIdle, after: 5)
    }

    /// Text, thinking, tool calls and log probabilities are content.
    @Test(arguments: [
        Wire.chat("x"), #"{"message":{"content":"","thinking":"x"},"done":false}"#,
        #"{"message":{"content":"","tool_calls":[{}]},"done":false}"#,
        #"{"response":"","logprobs":[{"token":"x"}],"done":false}"#,
    ])
    func contentKeepsTheStream(line: String) throws {
        let ending: [ConnectionScript.Input] = [.text(Wire.chunk(Wire.chatDone + "\n") + Wire.end)]
        let input =
            [.text(Wire.streamHead + record)] + dripping(Wire.chunk(line + "\n"), 60) + ending
        let (reading, system) = try read(input, options(\.contentIdle, 5))
        #expect(reading.error == nil)
        #expect(system.elapsed == .seconds(60))
    }

    @Test func totalEndsAStreamThatFlows() throws {
        let (reading, system) = try read(
            [.text(Wire.streamHead)] + dripping(record), options(\.total, 10))
        let timeout = try #require(reading.error?.timedOut)
        #expect(timeout.deadline == .total)
        #expect(timeout.waited == .seconds(10))
        #expect(system.elapsed == .seconds(10))
        // What came at the last moment still counts.
        #expect(timeout.partialText == String(repeating: "some ", count: 10))
        #expect(timeout.progress.contentCount == 10)
        #expect(timeout.bytesReceived == Wire.streamHead.utf8.count + 10 * record.utf8.count)
    }

    /// The end of the body behind the terminal record is for the connection alone: whatever else the
    /// server sends or does not, the answer ends well.
    @Test(arguments: ["", "\n", "X"])
    func aBodyThatDoesNotEnd(unit: String) throws {
        let done = Wire.chunk(Wire.chatDone + "\n")
        let rest = unit.isEmpty ? [] : dripping(unit == "X" ? "1" : Wire.chunk(unit), 3)
        let (reading, system) = try read(
            [.text(Wire.streamHead + record + done)] + rest, options(\.bodyEnd, 2))
        #expect(reading.error == nil)
        #expect(reading.text == "some ")
        #expect(system.elapsed == .seconds(2))
        #expect(system.closeTime(of: 1) == system.elapsed)
        #expect(system.problems == [])
    }

    /// Time that the caller takes over the terminal record is not the server's.
    @Test func aBodyThatEndsWhileTheCallerIsBusy() throws {
        let system = ScriptedSystem(
            .responses(
                Wire.stream([Wire.chat("one"), Wire.chatDone]),
                Wire.stream([Wire.chat("two"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system, options(\.bodyEnd, 2))
        for text in ["one", "two"] {
            var stream = try client.chat(anyChat)
            var told = ""
            while let record = try stream.next() {
                told += String(decoding: record.content)
                system.advance(by: .seconds(60 / 4))
            }
            #expect(told == text)
        }
        // Both over one connection.
        #expect(system.unfinished() == [])
    }

    @Test func totalOfAWholeAnswer() throws {
        var request = anyChat
        request.stream = false
        let system = ScriptedSystem(ConnectionScript([.request]))
        var client = try BlockingOllama.scripted(system, options(\.total, 30))
        #expect(Reading(&client, request).error?.timedOut?.deadline == .total)
        #expect(system.elapsed == .seconds(30))
    }

    /// A caller that takes its time does not use up the server's.
    @Test func aSlowCaller() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(Wire.streamHead + record), .pause(.seconds(4)), .text(record),
                .text(Wire.chunk(Wire.chatDone + "\n") + Wire.end),
            ]))
        let deadlines = Deadlines.standard.with(\.contentIdle, .seconds(5)).with(
            \.bodyIdle, .seconds(5))
        var client = try BlockingOllama.scripted(system, .init(deadlines: deadlines))
        var stream = try client.chat(anyChat)
        var count = 0
        while try stream.next() != nil {
            system.advance(by: .seconds(60))
            count += 1
        }
        #expect(count == 3)
    }

    @Test func theClientGoesOnBehindATimeout() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request]),
            .responses(Wire.stream([Wire.chat("better"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system, options(\.responseHead, 1))
        #expect(Reading(&client, anyChat).error?.timedOut != nil)
        #expect(Reading(&client, anyChat).text == "better")
        #expect(system.unfinished() == [])
    }

    @Test func modelsThatAreNotListed() throws {
        let system = ScriptedSystem(ConnectionScript([.request]))
        var client = try BlockingOllama.scripted(system, options(\.responseHead, 2))
        do throws(StreamError) {
            _ = try client.ps()
            Issue.record("answered")
        } catch { #expect(error.timedOut?.deadline == .responseHead) }
        #expect(system.elapsed == .seconds(2))
    }
}
