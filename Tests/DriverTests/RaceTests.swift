import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireDriver
import WireExchange
import WireHTTP1
import WireSockets
import WireTime

/// Several addresses at once, in virtual time: which are opened when, and which are closed.
@Suite(.eachDriver) struct RaceTests {
    private let refused = SystemError("connect", 111)
    private let addresses: [SocketAddress] = [
        .loopback6(port: 80), .loopback6(port: 81), .loopback(port: 80),
    ]

    private func system(_ scripts: ConnectionScript...) -> ScriptedSystem {
        let system = ScriptedSystem(scripts)
        system.addresses = addresses
        return system
    }

    private func established(_ delay: Timeout) -> ConnectionScript {
        var script = ConnectionScript.responses(okResponse)
        script.opening = .established(after: delay)
        return script
    }

    private let never = ConnectionScript(opening: .never)

    /// Rule (7): families in turn, 250 ms apart, the first that stands wins, the others are closed before
    /// the request begins.
    @Test func theFirstThatStandsWins() throws {
        let system = system(never, established(.milliseconds(100)))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        let sent = system.connections[1].sent.count
        #expect(
            system.events.prefix(11).map(\.description) == [
                "0s #0 resolve(\"peer\")", "0s #1 open(\"[::1]:80\")",
                "250ms #1 wait(read: false, write: true, until: 250ms)",
                "250ms #2 open(\"127.0.0.1:80\")",
                "350ms #0 waitForAny([1, 2], until: 500ms)",
                "350ms #1 finishConnecting(errorNumber: 115)",
                "350ms #2 finishConnecting(errorNumber: 0)", "350ms #1 close",
                "350ms #2 send(\(sent))",
                "350ms #2 wait(read: true, write: false, until: 4350ms)",
                "350ms #2 receive(\(okResponse.utf8.count))",
            ])
        #expect(client.connections == (1, 0))
        #expect(system.problems == [])
    }

    /// The one that began first may still win.
    @Test func aSlowOneWins() throws {
        let system = system(established(.milliseconds(400)), never, never)
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(response.timings.sinceStart(\.connected) == .milliseconds(400))
        #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
        #expect(system.connections.count == 2, "400 ms are too short for the third")
        #expect(system.closeTime(of: 2) == .milliseconds(400))
        #expect(system.closeTime(of: 1) == nil)
        #expect(response.progress.attempts == [], "the loser did not fail")
    }

    /// Rule (7): at once on failure, also while others are under way.
    @Test func afterAFailureTheNextBeginsAtOnce() throws {
        let failing = ConnectionScript(opening: .fails(refused, after: .milliseconds(10)))
        let system = system(never, failing, established(.zero))
        var client = makeClient(system)
        var response = try client.send(get())
        #expect(response.timings.sinceStart(\.connected) == .milliseconds(260))
        #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
        #expect(response.progress.attempts.map(\.address) == ["127.0.0.1:80"])
        #expect(system.problems == [])
    }

    /// One fails in the moment in which another stands: no third is opened.
    @Test func aFailureBesideTheWinner() throws {
        let failing = ConnectionScript(opening: .fails(refused, after: .milliseconds(300)))
        let system = system(failing, established(.milliseconds(50)))
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        #expect(system.connections.count == 2)
        system.expectFinished()
    }

    /// Rule (7): all errors are reported, with their addresses, in the order of their coming.
    @Test func everyErrorIsKept() {
        let system = system(
            ConnectionScript(opening: .fails(SystemError("connect", 113), after: .seconds(1))),
            ConnectionScript(opening: .fails(refused, after: .milliseconds(10))),
            ConnectionScript(opening: .failsAtOnce(SystemError("connect", 99))))
        var client = makeClient(system)
        let error = client.error(of: get())
        guard case .connect(let attempts, let progress) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.address) == ["127.0.0.1:80", "[::1]:81", "[::1]:80"])
        #expect(attempts.map(\.cause) == [.refused, .noLocalAddress, .unreachable])
        #expect(progress.elapsed == .seconds(1))
        #expect(error?.kind == .connectRefused)
        for attempt in attempts { #expect("\(error!)".contains(attempt.description)) }
        #expect(client.connections == (0, 0))
        #expect(system.problems == [])
    }

    /// The deadline's error tells what had failed and who had not answered.
    @Test func theDeadlineNamesThem() {
        let failing = ConnectionScript(opening: .fails(refused, after: .milliseconds(10)))
        let system = system(failing, never, never)
        var client = makeClient(system)
        let error = client.error(of: get())
        #expect(error?.timeout?.deadline == .connect)
        #expect(error?.progress.elapsed == .seconds(2))
        let attempts = error?.progress.attempts ?? []
        #expect(attempts.map(\.address) == ["[::1]:80", "127.0.0.1:80", "[::1]:81"])
        #expect(attempts.map(\.cause) == [.refused, .unanswered, .unanswered])
        for attempt in attempts { #expect("\(error!)".contains(attempt.address)) }
        #expect((1...3).allSatisfy { system.calls(on: $0).last == .close })
        #expect(system.problems == [])
    }

    /// No descriptor left: no other address is tried, and the text says what to do.
    @Test(arguments: [23, 24] as [Int32]) func noDescriptors(_ number: Int32) {
        let system = system(ConnectionScript(opening: .failsAtOnce(SystemError("socket", number))))
        var client = makeClient(system)
        let error = client.error(of: get())
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.cause) == [.noDescriptors])
        #expect("\(error!)".contains("ulimit -n"))
        #expect(client.connections == (0, 0))
        system.expectFinished()
    }

    @Test func cancelledWithSeveralUnderWay() {
        let cancellation = Cancellation()
        let cancelling = ConnectionScript(
            [.perform { _ in cancellation.cancel() }],
            opening: .established(after: .milliseconds(300)))
        let system = system(never, cancelling, never)
        var client = makeClient(system)
        let error = client.error(of: get(), cancellation: cancellation)
        #expect(error?.kind == .cancelled)
        #expect(error?.phase == .connect)
        for connection in system.connections {
            #expect(system.calls(on: connection.number).last == .close)
        }
        #expect(system.connections.count == 3)
        #expect(client.connections == (0, 0))
        #expect(system.problems == [])
    }

    /// After the race only the winner can be interrupted, and it can.
    @Test func theWinnerCanBeCancelled() throws {
        let cancellation = Cancellation()
        var winner = ConnectionScript([
            .request, .text(chunkedHead), .pause(.seconds(1)),
            .perform { _ in cancellation.cancel() },
        ])
        winner.opening = .established(after: .milliseconds(50))
        let system = system(never, winner)
        var client = makeClient(system)
        let error = client.error(of: get(), cancellation: cancellation)
        #expect(error?.kind == .cancelled)
        #expect(error?.phase == .firstContent)
        #expect(system.problems == [])
    }

    /// A wait that ends for no reason asks, and goes on.
    @Test func aSignalInTheRace() throws {
        var second = ConnectionScript([.interruptedWait, .request, .text(okResponse)])
        second.opening = .established(after: .milliseconds(10))
        let system = system(never, second)
        var client = makeClient(system)
        #expect(try client.text(get()) == "ok")
        system.expectFinished()
    }

    @Test func theLimitOfAttempts() {
        let system = system(never, never)
        var client = makeClient(system) { $0.connecting.attemptLimit = 2 }
        #expect(client.error(of: get())?.timeout?.deadline == .connect)
        #expect(system.connections.count == 2)
        #expect(system.problems == [])
    }
}
