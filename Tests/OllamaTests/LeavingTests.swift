import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireTime

/// Every way to leave a stream closes its connection before the next statement, and the client goes
/// on.
@Suite struct LeavingTests {
    private struct Enough: Error {}

    /// Three records at once, and a fourth that never comes; then a connection that works.
    private func system() -> ScriptedSystem {
        let records = ["a", "b", "c"].map { Wire.chunk(Wire.chat($0) + "\n") }.joined()
        return ScriptedSystem(
            ConnectionScript([.request, .text(Wire.streamHead + records)]),
            .responses(Wire.stream([Wire.chat("again"), Wire.chatDone])))
    }

    private func expectLeft(
        _ system: ScriptedSystem, _ client: inout BlockingOllama,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(system.calls.last == .close, sourceLocation: sourceLocation)
        let closes = system.calls(on: 1).count { $0 == .close }
        #expect(closes == 1, sourceLocation: sourceLocation)
        #expect(Reading(&client, anyChat).text == "again", sourceLocation: sourceLocation)
        #expect(system.unfinished() == [], sourceLocation: sourceLocation)
    }

    @Test func byBreak() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        do {
            var stream = try client.chat(anyChat)
            while let record = try stream.next() {
                if record.text == "b" { break }
            }
        }
        expectLeft(system, &client)
    }

    @Test func byReturn() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        func first() throws -> String? {
            var stream = try client.chat(anyChat)
            while let record = try stream.next() { return record.text }
            return nil
        }
        #expect(try first() == "a")
        expectLeft(system, &client)
    }

    @Test func byThrow() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        do {
            var stream = try client.chat(anyChat)
            while let text = try stream.nextText() {
                if text == "b" { throw Enough() }
            }
        } catch is Enough {}
        expectLeft(system, &client)
    }

    @Test func byCancel() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        var stream = try client.chat(anyChat)
        _ = try stream.next()
        stream.cancel()
        #expect(system.calls.last == .close)
        // Idempotent, and the stream says so from now on.
        stream.cancel()
        for _ in 0..<2 {
            do throws(StreamError) {
                _ = try stream.next()
                Issue.record("a record of a cancelled stream")
            } catch { #expect(error == .cancelled(partialText: "a")) }
        }
        expectLeft(system, &client)
    }

    @Test func beforeTheFirstRecord() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        do { _ = try client.chat(anyChat) }
        expectLeft(system, &client)
    }

    @Test func byGivingItAway() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        func take(_ stream: consuming BlockingStream) {}
        let stream = try client.chat(anyChat)
        take(stream)
        expectLeft(system, &client)
    }

    @Test func byAnError() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(Wire.streamHead + Wire.chunk("junk\n"))]),
            .responses(Wire.stream([Wire.chat("again"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        var stream = try client.chat(anyChat)
        do throws(StreamError) {
            _ = try stream.next()
        } catch { #expect(error.malformedRecord != nil) }
        // Although the stream still stands.
        expectLeft(system, &client)
        stream.cancel()
    }

    @Test func whileCollecting() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(Wire.streamHead), .reset]),
            .responses(Wire.stream([Wire.chat("again"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        #expect(throws: StreamError.self) { try client.chat(anyChat).collect() }
        expectLeft(system, &client)
    }

    @Test func byReplacing() throws {
        let system = system()
        var client = try BlockingOllama.scripted(system)
        var stream = try client.chat(anyChat)
        _ = try stream.next()
        stream = try client.chat(anyChat)
        #expect(system.closeTime(of: 1) != nil)
        #expect(try stream.nextText() == "again")
        #expect(try stream.nextText() == nil)
        #expect(system.unfinished() == [])
    }

    // MARK: Not left

    /// Read to its end the connection stays for the next request, although the stream still stands.
    @Test func readToTheEnd() throws {
        let stream = Wire.stream([Wire.chat("a"), Wire.chatDone])
        let system = ScriptedSystem(.responses(stream, stream))
        var client = try BlockingOllama.scripted(system)
        var first = try client.chat(anyChat)
        while try first.next() != nil {}
        var second = try client.chat(anyChat)
        let isReused = (first.isReusedConnection, second.isReusedConnection)
        #expect(isReused == (false, true))
        #expect(try second.nextText() == "a")
        #expect(try second.nextText() == nil)
        first.cancel()
        second.cancel()
        #expect(!system.calls.contains(.close))
        #expect(system.unfinished() == [])
    }

    @Test func twoStreamsAtOnce() throws {
        let system = ScriptedSystem(
            .responses(Wire.stream([Wire.chat("a"), Wire.chat("b"), Wire.chatDone])),
            .responses(Wire.stream([Wire.chat("c"), Wire.chat("d"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        var first = try client.chat(anyChat)
        var second = try client.chat(anyChat)
        #expect(try first.nextText() == "a")
        #expect(try second.nextText() == "c")
        #expect(try first.nextText() == "b")
        first.cancel()
        #expect(system.calls.last == .close)
        #expect(try second.nextText() == "d")
        #expect(try second.nextText() == nil)
    }

    /// The stream does not need its client.
    @Test func theStreamOutlivesTheClient() throws {
        func start(_ system: ScriptedSystem) throws -> BlockingStream {
            var client = try BlockingOllama.scripted(system)
            return try client.chat(anyChat)
        }
        let whole = ScriptedSystem(.responses(Wire.stream([Wire.chat("a"), Wire.chatDone])))
        #expect(try start(whole).collect().text == "a")
        // Nobody is left who could use the connection.
        #expect(whole.calls.last == .close)
        #expect(whole.calls.count { $0 == .close } == 1)
        let left = system()
        do {
            var stream = try start(left)
            #expect(try stream.nextText() == "a")
        }
        #expect(left.calls.last == .close)
    }

    @Test func idleConnectionsCloseWithTheClient() throws {
        let system = ScriptedSystem(.responses(Wire.stream([Wire.chatDone])))
        do {
            var client = try BlockingOllama.scripted(system)
            #expect(Reading(&client, anyChat).error == nil)
            #expect(!system.calls.contains(.close))
        }
        #expect(system.calls.last == .close)
    }

    // MARK: By another's hand

    @Test func cancelledWhileWaitingForTheHead() throws {
        let cancellation = Cancellation()
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .pause(.seconds(1)), .perform { _ in cancellation.cancel() },
            ]),
            .responses(Wire.stream([Wire.chat("again"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        #expect(Reading(&client, anyChat, cancellation).error == .cancelled(partialText: ""))
        #expect(system.elapsed == .seconds(1))
        // It stays used.
        #expect(Reading(&client, anyChat, cancellation).error == .cancelled(partialText: ""))
        expectLeft(system, &client)
    }

    @Test func cancelledInTheStream() throws {
        let cancellation = Cancellation()
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(Wire.streamHead + Wire.chunk(Wire.chat("some") + "\n")),
                .pause(.seconds(1)), .perform { _ in cancellation.cancel() },
            ]),
            .responses(Wire.stream([Wire.chat("again"), Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        #expect(Reading(&client, anyChat, cancellation).error == .cancelled(partialText: "some"))
        #expect(system.elapsed == .seconds(1))
        expectLeft(system, &client)
    }

    @Test func cancelledBeforeAnything() throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        let system = ScriptedSystem()
        var client = try BlockingOllama.scripted(system)
        #expect(Reading(&client, anyChat, cancellation).error == .cancelled(partialText: ""))
        #expect(system.calls == [])
    }

    @Test func cancelledBehindTheEnd() throws {
        let cancellation = Cancellation()
        let stream = Wire.stream([Wire.chat("a"), Wire.chatDone])
        let system = ScriptedSystem(.responses(stream, stream))
        var client = try BlockingOllama.scripted(system)
        #expect(Reading(&client, anyChat, cancellation).text == "a")
        cancellation.cancel()
        // The connection is no longer its business.
        #expect(Reading(&client, anyChat).text == "a")
        #expect(system.connections.count == 1)
    }
}
