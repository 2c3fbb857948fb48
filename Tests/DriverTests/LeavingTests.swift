import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireFraming
import WireTime

/// However a response is left, its connection is closed before the next statement runs.
@Suite(.eachDriver) struct LeavingTests {
    /// Each leaves three lines into an endless response, which is where it came from.
    private func system() -> ScriptedSystem {
        ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead), .text(chunk("one\n") + chunk("two\nthree\nfo")),
                .pause(.seconds(1)), .text("never read"),
            ]), .responses(okResponse))
    }

    private func expectClosed(
        _ system: ScriptedSystem, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(system.events.last?.call == .close, sourceLocation: sourceLocation)
        #expect(system.events.last?.connection == 1, sourceLocation: sourceLocation)
        #expect(system.events.count { $0.call == .close } == 1, sourceLocation: sourceLocation)
        #expect(system.problems == [], sourceLocation: sourceLocation)
    }

    private func expectUsable(
        _ client: inout TestClient, _ system: ScriptedSystem,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        #expect(client.connections == (0, 0), sourceLocation: sourceLocation)
        #expect(try client.text(get()) == "ok", sourceLocation: sourceLocation)
        #expect(system.connections.count == 2, sourceLocation: sourceLocation)
        #expect(client.connections == (1, 0), sourceLocation: sourceLocation)
    }

    @Test func theScopeEnds() throws {
        let system = system()
        var client = makeClient(system)
        do {
            var response = try client.send(get())
            _ = try response.nextLine()
            #expect(system.closeTime(of: 1) == nil)
            #expect(client.connections == (0, 1))
        }
        expectClosed(system)
        try expectUsable(&client, system)
    }

    @Test func theLoopIsBroken() throws {
        let system = system()
        var client = makeClient(system)
        while true {
            var response = try client.send(get())
            var count = 0
            while let line = try response.nextLine() {
                count += 1
                if line.bytes.count == 5 { break }
            }
            #expect(count == 3)
            break
        }
        expectClosed(system)
        try expectUsable(&client, system)
    }

    struct Stop: Error {}

    private func throwInTheMiddle(_ client: inout TestClient) throws {
        var response = try client.send(get())
        while let line = try response.nextLine() { if line.offset > 0 { throw Stop() } }
    }

    @Test func theFunctionThrows() throws {
        let system = system()
        var client = makeClient(system)
        do {
            try throwInTheMiddle(&client)
            fail("nothing thrown")
        } catch is Stop {
            expectClosed(system)
        }
        try expectUsable(&client, system)
    }

    private func firstLine(_ client: inout TestClient) throws -> String? {
        var response = try client.send(get())
        guard let line = try response.nextLine() else { return nil }
        return String(decoding: line.bytes, as: UTF8.self)
    }

    @Test func theFunctionReturns() throws {
        let system = system()
        var client = makeClient(system)
        #expect(try firstLine(&client) == "one")
        expectClosed(system)
        try expectUsable(&client, system)
    }

    private func take(_ response: consuming TestResponse) { _ = consume response }

    @Test func theResponseIsGivenAway() throws {
        let system = system()
        var client = makeClient(system)
        take(try client.send(get()))
        expectClosed(system)
        try expectUsable(&client, system)
    }

    @Test func theResultIsIgnored() throws {
        let system = system()
        var client = makeClient(system)
        _ = try client.send(get())
        expectClosed(system)
        try expectUsable(&client, system)
    }

    @Test func anOptionalIsEmptied() throws {
        let system = system()
        var client = makeClient(system)
        var held: TestResponse? = try client.send(get())
        #expect(system.closeTime(of: 1) == nil)
        held = nil
        expectClosed(system)
        _ = held
        try expectUsable(&client, system)
    }

    @Test(arguments: 0...4) func cancelled(_ lines: Int) throws {
        let system = system()
        var client = makeClient(system)
        var response = try client.send(get())
        for _ in 0..<min(lines, 3) { #expect(try response.nextLine() != nil) }
        response.cancel()
        expectClosed(system)
        do throws(TransportError) {
            let more = try response.nextLine() != nil
            fail("\(more)")
        } catch {
            #expect(error.kind == .cancelled)
            #expect(error.progress.contentCount == min(lines, 3))
        }
        response.cancel()
        expectClosed(system)
        try expectUsable(&client, system)
    }

    @Test func aBodyTooLargeIsLeft() throws {
        let system = system()
        var client = makeClient(system)
        do {
            var response = try client.send(get())
            do throws(TransportError) {
                fail("\(try response.readBody(limit: .bytes(5)).count) bytes")
            } catch {
                #expect(error.kind == .tooLarge)
                expectClosed(system)
            }
        }
        try expectUsable(&client, system)
    }

    @Test func aLineTooLongIsLeft() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead),
                .repeated([UInt8](chunk("abcdefgh").utf8), count: .max),
            ]), .responses(okResponse))
        var client = makeClient(system) { $0.recordLimit = .kibibytes(1) }
        let error = client.error(of: get())
        #expect(error?.kind == .tooLarge)
        #expect(error?.offset == 0)
        expectClosed(system)
        try expectUsable(&client, system)
    }

    @Test func readToTheEndItIsKept() throws {
        let system = ScriptedSystem(
            .responses(chunkedHead + chunk("one\n") + lastChunk, okResponse))
        var client = makeClient(system)
        do {
            var response = try client.send(get())
            while try response.nextLine() != nil {}
            #expect(response.wasConnectionKept == true)
            #expect(client.connections == (1, 0))
        }
        #expect(system.closeTime(of: 1) == nil)
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 1)
        system.expectFinished()
    }

    /// All content has been read, the end has not been asked for.
    @Test func leftJustBeforeTheEnd() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead + chunk("one\n")), .pause(.seconds(1)),
                .text(lastChunk),
            ]), .responses(okResponse))
        var client = makeClient(system)
        #expect(try firstLine(&client) == "one")
        expectClosed(system)
        try expectUsable(&client, system)
    }

    /// Nothing follows these heads, so there is nothing to read to the end.
    @Test(arguments: [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n"), ("GET", "HTTP/1.1 304 Not Modified\r\n\r\n"),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ]) func withoutABodyItIsKeptAtOnce(_ method: String, _ head: String) throws {
        let system = ScriptedSystem(.responses(head, okResponse))
        var client = makeClient(system)
        var request = get()
        request.method = method
        _ = try client.send(request)
        #expect(client.connections == (1, 0))
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 1)
        system.expectFinished()
    }

    @Test func theClientGoesToo() throws {
        let system = ScriptedSystem(.responses(okResponse))
        do {
            var client = makeClient(system)
            #expect(try client.text(get()) == "ok")
            #expect(system.closeTime(of: 1) == nil)
        }
        #expect(system.calls(on: 1).last == .close, "idle connections close with their client")
    }

    @Test func twoResponsesAtOnce() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("one\n"))]),
            .responses(okResponse))
        var client = makeClient(system)
        var first = try client.send(get())
        #expect(try client.text(get()) == "ok")
        #expect(client.connections == (1, 1))
        #expect(try first.nextLine() != nil)
        first.cancel()
        #expect(client.connections == (1, 0))
        #expect(system.closeTime(of: 2) == nil)
    }
}
