import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireSockets
import WireTime

/// Each way in which a peer can fail to get on, and the deadline that ends it: which one, in which
/// phase, after how long to the nanosecond, and that the connection is closed at that moment.
@Suite(.eachDriver) struct DeadlineTests {
    private func expectTimeout(
        _ deadline: Deadline, after waited: Timeout, at elapsed: Timeout,
        _ system: ScriptedSystem, _ request: HTTPRequest = get(),
        deadlines: Deadlines = shortDeadlines, sourceLocation: SourceLocation = #_sourceLocation
    ) {
        var client = makeClient(system, deadlines: deadlines)
        let error = client.error(of: request)
        guard let timeout = error?.timeout else {
            return fail("\(error as Any)", sourceLocation: sourceLocation)
        }
        #expect(timeout.deadline == deadline, sourceLocation: sourceLocation)
        #expect(timeout.waited == waited, sourceLocation: sourceLocation)
        #expect(error?.phase == deadline.phase, sourceLocation: sourceLocation)
        #expect(error?.progress.elapsed == elapsed, sourceLocation: sourceLocation)
        #expect(system.elapsed == elapsed, sourceLocation: sourceLocation)
        if let last = system.connections.last {
            #expect(
                system.closeTime(of: last.number) == elapsed, sourceLocation: sourceLocation)
        }
        #expect(client.connections == (0, 0), sourceLocation: sourceLocation)
        #expect(system.problems == [], sourceLocation: sourceLocation)
    }

    @Test func lookingUpTakesTooLong() {
        let system = ScriptedSystem()
        system.resolveTime = .milliseconds(1_500)
        expectTimeout(.resolve, after: .seconds(1), at: .seconds(1), system)
        #expect(system.calls == [.resolve("peer")])
    }

    @Test func neverConnects() {
        let system = ScriptedSystem(ConnectionScript(opening: .never))
        expectTimeout(.connect, after: .seconds(2), at: .seconds(2), system)
        #expect(
            system.calls == [
                .resolve("peer"), .open("127.0.0.1:80"),
                .wait(read: false, write: true, until: .seconds(2)), .close,
            ])
    }

    /// One budget for all addresses.
    @Test func theSecondAddressNeverConnects() {
        let refused = SystemError("connect", 111)
        let system = ScriptedSystem(
            ConnectionScript(opening: .fails(refused, after: .milliseconds(1_200))),
            ConnectionScript(opening: .never))
        system.addresses = [.loopback(port: 80), .loopback6(port: 80)]
        expectTimeout(.connect, after: .seconds(2), at: .seconds(2), system)
    }

    @Test func takesNoneOfTheRequest() {
        let system = ScriptedSystem(ConnectionScript(output: [.blockForEver]))
        expectTimeout(.requestWrite, after: .seconds(3), at: .seconds(3), system)
    }

    @Test func stopsTakingTheRequest() {
        let system = ScriptedSystem(
            ConnectionScript(
                output: [
                    .accept(100), .block(.seconds(2)), .accept(900), .block(.seconds(2)),
                    .accept(1), .blockForEver,
                ]))
        expectTimeout(
            .requestWrite, after: .seconds(3), at: .seconds(7), system,
            post([UInt8](repeating: 32, count: 5_000)))
        #expect(system.connections[0].sent.count == 1_001)
    }

    @Test func saysNothing() {
        let system = ScriptedSystem(ConnectionScript())
        expectTimeout(.responseHead, after: .seconds(4), at: .seconds(4), system)
    }

    @Test func stopsInsideTheHead() {
        let system = ScriptedSystem(
            ConnectionScript([.request, .pause(.seconds(3)), .text("HTTP/1.1 200 OK\r\nA: b")]))
        expectTimeout(.responseHead, after: .seconds(4), at: .seconds(4), system)
    }

    @Test func dripsTheHead() {
        let head = [ConnectionScript.Input](
            (0..<100).flatMap { [.pause(.milliseconds(100)), .text("A: \($0)\r\n")] })
        let system = ScriptedSystem(
            ConnectionScript([.request, .text("HTTP/1.1 200 OK\r\n")] + head))
        expectTimeout(.responseHead, after: .seconds(4), at: .seconds(4), system)
    }

    @Test func informationalResponsesDoNotProlongTheHead() {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .pause(.seconds(3)), .text("HTTP/1.1 102 Processing\r\n\r\n"),
            ]))
        expectTimeout(.responseHead, after: .seconds(4), at: .seconds(4), system)
    }

    @Test func stopsBehindTheHead() {
        let system = ScriptedSystem(
            ConnectionScript([.request, .pause(.seconds(1)), .text(chunkedHead)]))
        expectTimeout(.firstContent, after: .seconds(5), at: .seconds(6), system)
    }

    @Test(arguments: [
        "1", "1\r", "5\r\n", "5\r\nab", "5\r\nabcd\n", "5\r\nabcd\n\r", "5\r\nabcd\n\r\n",
        "5\r\nabcd\n\r\n0", "5\r\nabcd\n\r\n0\r\n", "5\r\nabcd\n\r\n0\r\nA: b\r\n",
    ]) func stopsInsideTheBody(_ body: String) {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead + chunk("line\n")), .pause(.milliseconds(500)),
                .text(body),
            ]))
        expectTimeout(.bodyIdle, after: .seconds(6), at: .milliseconds(6_500), system)
    }

    /// Half a record is not content.
    @Test(arguments: ["\n", "x", "\r\n"]) func dripsNothingOfUse(_ piece: String) {
        let drip = [ConnectionScript.Input](
            (0..<50).flatMap { _ in [.pause(.milliseconds(300)), .text(chunk(piece))] })
        let system = ScriptedSystem(
            ConnectionScript(
                [.request, .text(chunkedHead), .pause(.seconds(1)), .text(chunk("line\n"))] + drip))
        expectTimeout(.contentIdle, after: .seconds(7), at: .seconds(8), system)
    }

    /// What passing over blank lines takes is not the caller's pause, or a peer that sends nothing else,
    /// faster than they are passed over, would have all the time in the world.
    @Test func floodsWithNothingOfUse() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead + chunk("line\n")),
                .repeated([UInt8](chunk("\n").utf8), count: 50),
            ]))
        var client = makeClient(system)
        var response = try client.send(get())
        do throws(TransportError) {
            while try response.nextLine() != nil { system.advance(by: .seconds(1)) }
            fail("no timeout")
        } catch { #expect(error.timeout?.deadline == .contentIdle) }
    }

    @Test func dripsBeforeAnyContent() {
        let drip = [ConnectionScript.Input](
            (0..<50).flatMap { _ in [.pause(.milliseconds(300)), .text(chunk("\n"))] })
        let system = ScriptedSystem(ConnectionScript([.request, .text(chunkedHead)] + drip))
        expectTimeout(.firstContent, after: .seconds(5), at: .seconds(5), system)
    }

    @Test func dripsCommentsIntoEvents() throws {
        let drip = [ConnectionScript.Input](
            (0..<50).flatMap { _ in [.pause(.milliseconds(300)), .text(chunk(": ping\n\n"))] })
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("data: x\n\n"))] + drip))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(try response.nextEvent() != nil)
        do throws(TransportError) {
            let more = try response.nextEvent() != nil
            fail("\(more)")
        } catch {
            #expect(error.timeout?.deadline == .contentIdle)
            #expect(error.timeout?.waited == .seconds(7))
        }
        #expect(system.closeTime(of: 1) == .seconds(7))
        #expect(system.problems == [])
    }

    // MARK: Peers that always have more

    @Test func floodsWithBlankLines() {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead + chunk("line\n")),
                .repeated([UInt8](chunk("\n").utf8), count: .max),
            ]))
        system.receiveTime = .milliseconds(1)
        system.callLimit = 100_000
        expectTimeout(.contentIdle, after: .seconds(7), at: .milliseconds(7_001), system)
    }

    @Test func floodsWithContentPastTheTotal() {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead), .repeated([UInt8](chunk("line\n").utf8), count: .max),
            ]))
        system.receiveTime = .milliseconds(3)
        system.callLimit = 100_000
        expectTimeout(
            .total, after: .milliseconds(10_002), at: .milliseconds(10_002), system,
            deadlines: shortDeadlines.with(\.total, .seconds(10)))
    }

    /// Reads that fill their room are followed by the next without a wait: they go on past the
    /// deadline only for what the kernel may have held then.
    @Test func floodsWithoutAWaitBetweenReads() {
        let line = chunk(String(repeating: "x", count: 4_091) + "\n")
        let piece = [UInt8](String(repeating: line, count: 4_000).utf8)
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead), .repeated(piece, count: .max)]))
        system.receiveTime = .milliseconds(30)
        system.callLimit = 1_000
        var client = makeClient(system, deadlines: shortDeadlines.with(\.total, .seconds(1)))
        let error = client.error(of: get())
        #expect(error?.timeout?.deadline == .total)
        #expect(system.elapsed > .seconds(1))
        #expect(system.elapsed < .seconds(5))
        #expect(system.problems == [])
    }

    @Test func takesTheRequestForEver() {
        let system = ScriptedSystem(
            ConnectionScript(output: [ConnectionScript.Output](repeating: .accept(1), count: 4_000))
        )
        system.sendTime = .milliseconds(3)
        expectTimeout(
            .total, after: .milliseconds(1_002), at: .milliseconds(1_002), system,
            post([UInt8](repeating: 32, count: 5_000)),
            deadlines: shortDeadlines.with(\.total, .seconds(1)))
    }

    // MARK: total

    @Test(arguments: [
        ConnectionScript(opening: .never), ConnectionScript(output: [.blockForEver]),
        ConnectionScript(), ConnectionScript([.request, .text(chunkedHead)]),
        ConnectionScript([.request, .text(chunkedHead + chunk("line\n"))]),
    ]) func totalEndsEveryPhase(_ script: ConnectionScript) {
        expectTimeout(
            .total, after: .milliseconds(1_500), at: .milliseconds(1_500), ScriptedSystem(script),
            deadlines: shortDeadlines.with(\.total, .milliseconds(1_500)))
    }

    @Test func totalRunsThroughTheCallersPauses() throws {
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(chunkedHead + chunk("line\n"))]))
        var client = makeClient(system, deadlines: shortDeadlines.with(\.total, .seconds(9)))
        var response = try client.send(get())
        system.advance(by: .seconds(8))
        #expect(try response.nextLine() != nil)
        do throws(TransportError) { while try response.nextLine() != nil {} } catch {
            #expect(error.timeout?.deadline == .total)
        }
        #expect(system.elapsed == .seconds(9))
    }

    @Test func deadlinesOfOneRequest() {
        let system = ScriptedSystem(ConnectionScript())
        var client = makeClient(system)
        let error = client.error(
            of: get(), deadlines: shortDeadlines.with(\.responseHead, .milliseconds(77)))
        #expect(error?.timeout?.waited == .milliseconds(77))
    }
}

/// What does not count as the peer's idleness.
@Suite(.eachDriver) struct DeadlineMercyTests {
    /// In time to the nanosecond, in every phase.
    @Test func comesAtTheLastMoment() throws {
        let system = ScriptedSystem(
            ConnectionScript(
                [
                    .request, .pause(.seconds(4)), .text(chunkedHead), .pause(.seconds(5)),
                    .text(chunk("one\n")), .pause(.seconds(6)), .text(chunk("tw")),
                    .pause(.seconds(1)), .text(chunk("o\n")), .pause(.seconds(6)), .text(lastChunk),
                ], output: [.block(.seconds(3))], opening: .established(after: .seconds(2))))
        var client = makeClient(system)
        #expect(client.error(of: get()) == nil)
        #expect(system.elapsed == .seconds(27))
        system.expectFinished()
    }

    /// The process was stopped and runs again, long after the deadline: what has come meanwhile
    /// counts, and only what is behind it is missed.
    @Test(arguments: ["", chunkedHead, chunkedHead + chunk("one\n"), chunkedHead + chunk("on")])
    func bytesInTheKernelBeatTheTimeout(_ before: String) throws {
        let whole = chunkedHead + chunk("on") + chunk("e\ntwo\n") + lastChunk
        let text =
            before == chunkedHead + chunk("one\n")
            ? before + chunk("two\n") + lastChunk : whole
        let system = ScriptedSystem()
        system.addConnection(
            ConnectionScript([
                .request, .text(before.isEmpty ? "H" : before), .pause(.seconds(1)),
                .perform { $0.advance(by: .seconds(1_000)) },
                .text(String(text.dropFirst(before.isEmpty ? 1 : before.count))),
            ]))
        var client = makeClient(system)
        #expect(try client.text(get()) == "one\ntwo\n")
        #expect(system.elapsed == .seconds(1_001))
        system.expectFinished()
    }

    @Test func aPauseOfTheCallerIsNotThePeersIdleness() throws {
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(chunkedHead), .at(.seconds(501)), .text(chunk("one\n")),
                .at(.seconds(1_002)), .text(chunk("two\n")),
            ]))
        var client = makeClient(system)
        var response = try client.send(get())
        system.advance(by: .seconds(500))
        #expect(try response.nextLine() != nil)
        #expect(system.elapsed == .seconds(501))
        system.advance(by: .seconds(500))
        #expect(try response.nextLine() != nil)
        #expect(system.elapsed == .seconds(1_002))
        system.advance(by: .seconds(500))
        do throws(TransportError) { while try response.nextLine() != nil {} } catch {
            #expect(error.timeout?.deadline == .bodyIdle)
        }
        #expect(system.elapsed == .seconds(1_508), "six seconds of the peer's own")
    }

    /// A read that filled its room makes the driver read on without a wait.
    @Test(arguments: [0, 1, -1]) func aPauseBehindAReadThatFilledItsRoom(_ more: Int) throws {
        let room = 16 << 10
        let rest = room + more - chunkedHead.utf8.count - 8
        let line = String(repeating: "x", count: rest - 1) + "\n"
        let first = chunkedHead + chunk(line)
        #expect(first.utf8.count == room + more)
        let system = ScriptedSystem(
            ConnectionScript([
                .request, .text(first), .at(.seconds(502)), .text(chunk("two\n") + lastChunk),
            ]))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(try response.nextLine() != nil)
        system.advance(by: .seconds(500))
        #expect(try response.nextLine() != nil)
        #expect(try response.nextLine() == nil)
        #expect(system.elapsed == .seconds(502))
    }

    @Test func wakingForNothingChangesNothing() {
        let naps: [ConnectionScript.Input] = (0..<30).flatMap { _ -> [ConnectionScript.Input] in
            [.pause(.milliseconds(70)), .spuriousWake, .pause(.milliseconds(50)), .interruptedWait]
        }
        let system = ScriptedSystem(ConnectionScript([.request] + naps))
        var client = makeClient(system)
        let error = client.error(of: get())
        #expect(error?.timeout?.deadline == .responseHead)
        #expect(error?.timeout?.waited == .seconds(4))
    }

    @Test func aRequestThatMovesOnIsNotCutShort() throws {
        let output = (0..<50).flatMap { _ -> [ConnectionScript.Output] in
            [.accept(100), .block(.milliseconds(2_900))]
        }
        let system = ScriptedSystem(
            ConnectionScript([.request, .text(okResponse)], output: output))
        var client = makeClient(system)
        #expect(try client.text(post([UInt8](repeating: 32, count: 5_500))) == "ok")
        #expect(system.elapsed == .milliseconds(2_900 * 50))
    }
}
