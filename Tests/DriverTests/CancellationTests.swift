import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireSockets
import WireTime

/// Cancelling at exact moments, in virtual time: the script cancels as another thread would.
@Suite(.eachDriver) struct CancellationTests {
    /// Where the exchange is when it is cancelled, one second after its last event.
    static let scripts: [(Phase, ConnectionScript)] = {
        let nothing: [ConnectionScript.Input] = []
        return [
            (.request, ConnectionScript(nothing, output: [.accept(20), .blockForEver])),
            (.head, ConnectionScript([.request])),
            (.head, ConnectionScript([.request, .text("HTTP/1.1 20")])),
            (.firstContent, ConnectionScript([.request, .text(chunkedHead)])),
            (.body, ConnectionScript([.request, .text(chunkedHead + chunk("one\ntw"))])),
        ]
    }()

    @Test(arguments: scripts) func whileWaiting(
        _ phase: Phase, _ script: ConnectionScript
    ) throws {
        let cancellation = Cancellation()
        var script = script
        script.input += [.pause(.seconds(1)), .perform { _ in cancellation.cancel() }]
        let system = ScriptedSystem(script, .responses(okResponse))
        var client = makeClient(system)
        let error = client.error(of: get(), cancellation: cancellation)
        #expect(error?.kind == .cancelled)
        #expect(error?.phase == phase)
        #expect(error?.progress.elapsed == .seconds(1))
        #expect(system.events.last?.call == .close)
        #expect(system.closeTime(of: 1) == .seconds(1))
        #expect(client.connections == (0, 0))
        #expect(try client.text(get()) == "ok", "the client goes on")
        #expect(client.error(of: get(), cancellation: cancellation)?.kind == .cancelled)
        system.expectFinished()
    }

    @Test func whileConnecting() {
        let cancellation = Cancellation()
        let system = ScriptedSystem(
            ConnectionScript(
                [.perform { _ in cancellation.cancel() }],
                opening: .fails(SystemError("connect", 111), after: .seconds(1))))
        system.addresses = [.loopback(port: 80), .loopback(port: 81)]
        var client = makeClient(system)
        let error = client.error(of: get(), cancellation: cancellation)
        #expect(error?.kind == .cancelled)
        #expect(error?.phase == .connect)
        #expect(system.connections.count == 1, "the second address is not tried")
        #expect(system.calls.last == .close)
    }

    @Test func beforeTheRequest() {
        let cancellation = Cancellation()
        cancellation.cancel()
        cancellation.cancel()
        #expect(cancellation.isCancelled)
        let system = ScriptedSystem()
        var client = makeClient(system)
        let error = client.error(of: get(), cancellation: cancellation)
        #expect(error?.kind == .cancelled)
        #expect(system.calls == [], "nothing is opened")
        #expect(client.connections == (0, 0))
    }

    /// Records that were received already still come out; then the error.
    @Test func withRecordsInTheBuffer() throws {
        let cancellation = Cancellation()
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("one\n") + chunk("two\n"))]))
        var client = makeClient(system)
        var response = try client.send(get(), cancellation: cancellation)
        cancellation.cancel()
        #expect(try response.nextLine() != nil)
        #expect(try response.nextLine() != nil)
        do throws(TransportError) {
            let more = try response.nextLine() != nil
            fail("\(more)")
        } catch { #expect(error.kind == .cancelled) }
        #expect(system.calls.last == .close)
    }

    /// Closing with bytes unread is what makes the kernel reset a peer that is still sending: a peer
    /// that waits for room in its window would else not hear of the end.
    @Test func aFloodIsNotReadEmpty() throws {
        let cancellation = Cancellation()
        let lines = [UInt8](String(repeating: chunk("line\n"), count: 100_000).utf8)
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead), .bytes(lines)]))
        var client = makeClient(system)
        var response = try client.send(get(), cancellation: cancellation)
        #expect(try response.nextLine() != nil)
        system.clearEvents()
        cancellation.cancel()
        do throws(TransportError) { while try response.nextLine() != nil {} } catch {
            #expect(error.kind == .cancelled)
        }
        #expect(system.calls == [.close])
        #expect(system.problems == [])
    }

    /// A response that turns out to be complete is; its connection was shut down and is not used again.
    @Test func afterTheLastByte() throws {
        let cancellation = Cancellation()
        let system = ScriptedSystem(
            .responses(chunkedHead + chunk("one\n") + lastChunk), .responses(okResponse))
        var client = makeClient(system)
        do {
            var response = try client.send(get(), cancellation: cancellation)
            cancellation.cancel()
            #expect(try response.nextLine() != nil)
            #expect(try response.nextLine() == nil)
        }
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 2)
        #expect(system.calls(on: 1).last == .close)
    }

    @Test func afterTheEndItTouchesNothing() throws {
        let cancellation = Cancellation()
        let system = ScriptedSystem(.responses(okResponse, okResponse))
        var client = makeClient(system)
        #expect(try client.text(get(), cancellation: cancellation) == "ok")
        cancellation.cancel()
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 1, "the connection belongs to others now")
        system.expectFinished()
    }

    @Test func oneForSeveralRequests() throws {
        let cancellation = Cancellation()
        let endless = ConnectionScript([.request, .text(chunkedHead + chunk("one\n"))])
        let system = ScriptedSystem(endless, endless, .responses(okResponse))
        var client = makeClient(system)
        var first = try client.send(get(), cancellation: cancellation)
        var second = try client.send(get(), cancellation: cancellation)
        var third = try client.send(get())
        cancellation.cancel()
        #expect(try first.nextLine() != nil)
        #expect(try second.nextLine() != nil)
        for _ in 0..<2 {
            do throws(TransportError) { _ = try first.nextLine() } catch {
                #expect(error.kind == .cancelled)
            }
        }
        do throws(TransportError) { _ = try second.nextLine() } catch {
            #expect(error.kind == .cancelled)
        }
        #expect(try third.readBody(limit: .kibibytes(1)).count == 2)
        #expect((1...2).allSatisfy { system.calls(on: $0).last == .close })
    }
}
