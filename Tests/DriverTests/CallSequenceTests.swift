import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireTime

/// Exactly which system calls an exchange makes, in which order.
@Suite(.eachDriver) struct CallSequenceTests {
    @Test func oneExchange() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [
                    .request, .pause(.seconds(1)), .text(chunkedHead), .pause(.seconds(1)),
                    .text(chunk("one\n")), .text(chunk("two\n") + lastChunk),
                ], opening: .established(after: .milliseconds(500))))
        var client = makeClient(system)
        let request = get("/x")
        #expect(try client.text(request) == "one\ntwo\n")
        let sent = system.connections[0].sent
        #expect(String(decoding: sent, as: UTF8.self) == "GET /x HTTP/1.1\r\nHost: peer\r\n\r\n")
        let events = system.events.map(\.description)
        #expect(
            events == [
                "0s #0 resolve(\"peer\")", "0s #1 open(\"127.0.0.1:80\")",
                "500ms #1 wait(read: false, write: true, until: 2s)",
                "500ms #1 finishConnecting(errorNumber: 0)", "500ms #1 send(\(sent.count))",
                "1500ms #1 wait(read: true, write: false, until: 4500ms)",
                "1500ms #1 receive(\(chunkedHead.utf8.count))",
                "2500ms #1 wait(read: true, write: false, until: 6500ms)", "2500ms #1 receive(9)",
                "2500ms #1 wait(read: true, write: false, until: 8500ms)", "2500ms #1 receive(14)",
            ])
        #expect(client.connections == (1, 0))
        system.expectFinished()
    }

    @Test func theSecondExchangeOnlyPeeks() throws {
        let system = ScriptedSystem(.responses(okResponse, okResponse))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        system.clearEvents()
        #expect(try client.text(get()) == "ok")
        #expect(
            system.calls == [
                .peek(false), .send(30),
                .wait(read: true, write: false, until: .seconds(4)),
                .receive(okResponse.utf8.count),
            ])
        system.expectFinished()
    }

    @Test func aLargeRequestWaitsForBoth() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [.request, .text(okResponse)],
                output: [.accept(50), .accept(100), .block(.seconds(1))]))
        var client = makeClient(system)
        #expect(try client.text(post([UInt8](repeating: 32, count: 200))) == "ok")
        let head = "POST /api/chat HTTP/1.1\r\nHost: peer\r\nContent-Length: 200\r\n\r\n"
        let all = head.utf8.count + 200
        #expect(
            system.calls(on: 1).dropFirst(3) == [
                .send(50), .send(100), .sendBlocked,
                .wait(read: true, write: true, until: .seconds(3)), .send(all - 150),
                .wait(read: true, write: false, until: .seconds(5)),
                .receive(okResponse.utf8.count),
            ])
        #expect(system.connections[0].sent.count == all)
        system.expectFinished()
    }

    /// Reads follow each other without a wait only while they fill their room.
    @Test func readsThatFillTheirRoom() throws {
        let body = 32 << 10
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(body)\r\n\r\n"
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(head + String(repeating: "x", count: body)),
            ]))
        var client = makeClient(system)
        #expect(try client.text(get()).utf8.count == body)
        let calls = system.calls(on: 1).dropFirst(5)
        #expect(calls.first == .receive(4 << 10))
        let waits = calls.count { if case .wait = $0 { true } else { false } }
        #expect(waits == 0, "the response ended before a read was short")
        system.expectFinished()
    }

    // MARK: Connecting

    private let refused = SystemError("connect", 111)

    @Test func refused1() {
        let system = ScriptedSystem(
            ConnectionScript(opening: .fails(refused, after: .milliseconds(1))))
        var client = makeClient(system)
        let error = client.error(of: get())
        guard case .connect(let attempts, let progress) = error else { return fail("\(error!)") }
        #expect(error?.kind == .connectRefused)
        #expect(attempts.map(\.address) == ["127.0.0.1:80"])
        #expect(attempts.map(\.errorNumber) == [111])
        #expect(progress.phase == .connect)
        #expect(system.calls(on: 1).suffix(2) == [.finishConnecting(errorNumber: 111), .close])
        system.expectFinished()
    }

    @Test func eachAddressInTurn() throws {
        let unreachable = SystemError("connect", 101)
        let system = ScriptedSystem(
            ConnectionScript(opening: .failsAtOnce(unreachable)),
            ConnectionScript(opening: .fails(refused, after: .milliseconds(1))),
            .responses(okResponse))
        system.addresses = [.loopback6(port: 80), .loopback(port: 80), .loopback(port: 81)]
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(
            system.calls.prefix(9) == [
                .resolve("peer"), .open("[::1]:80"), .open("127.0.0.1:80"),
                .wait(read: false, write: true, until: .milliseconds(250)),
                .finishConnecting(errorNumber: 111), .close, .open("127.0.0.1:81"),
                .wait(read: false, write: true, until: .seconds(2)),
                .finishConnecting(errorNumber: 0),
            ])
        system.expectFinished()
    }

    @Test func allAddressesFail() {
        let system = ScriptedSystem(
            ConnectionScript(opening: .failsAtOnce(SystemError("connect", 101))),
            ConnectionScript(opening: .fails(SystemError("connect", 113), after: .zero)))
        system.addresses = [.loopback6(port: 80), .loopback(port: 80)]
        var client = makeClient(system)
        let error = client.error(of: get())
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(error?.kind == .connectFailed)
        #expect(attempts.map(\.errorNumber) == [101, 113])
        #expect(client.connections == (0, 0))
        system.expectFinished()
    }

    @Test func noAddress() {
        let system = ScriptedSystem()
        system.resolveFailure = ResolveFailure(host: "peer", message: "nobody knows")
        var client = makeClient(system)
        let error = client.error(of: get())
        guard case .resolve("peer", "nobody knows", let progress) = error else {
            return fail("\(error!)")
        }
        #expect(progress.phase == .resolve)
        #expect(client.connections == (0, 0))
    }

    @Test func noAddressesAtAll() {
        let system = ScriptedSystem()
        system.addresses = []
        var client = makeClient(system)
        #expect(client.error(of: get())?.kind == .connectFailed)
    }

    @Test func nothingHappensForARequestThatCannotBeSent() {
        let system = ScriptedSystem()
        var client = makeClient(system)
        var request = get()
        request.fields = [("A", "b\r\nC: d")]
        #expect(client.error(of: request)?.kind == .invalidRequest)
        #expect(system.calls == [])
    }

    // MARK: Failures of the connection

    @Test(arguments: [
        (ConnectionScript.Input.end, TransportError.Kind.closedEarly), (.reset, .reset),
        (.fail(SystemError("recv", 110)), .reset),
    ]) func inEachPhase(_ last: ConnectionScript.Input, _ kind: TransportError.Kind) {
        for (before, phase, received) in [
            ("", Phase.head, 0), ("HTTP/1.1 20", .head, 11),
            (chunkedHead, .firstContent, chunkedHead.utf8.count),
            (chunkedHead + chunk("one\n"), .body, chunkedHead.utf8.count + 9),
        ] {
            let bytes: [ConnectionScript.Input] = before.isEmpty ? [] : [.text(before)]
            let system = ScriptedSystem(
                ConnectionScript([.request] + bytes + [.pause(.milliseconds(5)), last]))
            var client = makeClient(system)
            let error = client.error(of: get())
            #expect(error?.kind == kind)
            #expect(error?.phase == phase)
            #expect(error?.progress.bytesReceived == received)
            #expect(system.calls(on: 1).last == .close)
            #expect(client.connections == (0, 0))
            system.expectFinished()
        }
    }

    @Test func aFailureIsThrownAgain() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("one\n")), .end]))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(try response.nextLine() != nil)
        var errors: [TransportError] = []
        for _ in 0..<3 {
            do throws(TransportError) { _ = try response.nextLine() } catch { errors.append(error) }
        }
        #expect(errors.map(\.kind) == [.closedEarly, .closedEarly, .closedEarly])
        #expect(errors[0] == errors[2])
        system.expectFinished()
    }

    @Test func theEndIsSaidAgain() throws {
        let system = ScriptedSystem(.responses(okResponse))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(try response.nextBytes() != nil)
        for _ in 0..<3 { #expect(try response.nextBytes() == nil) }
        response.cancel()
        #expect(try response.nextBytes() == nil, "it had ended")
        #expect(response.wasConnectionKept == true)
        #expect(client.connections == (1, 0))
    }
}
