import OllamaProtocol
import Testing
import WireBlocking
import WireExchange
import WireTime

/// The machine alone: what it asks, and when.
@Suite struct ReadinessMachineTests {
    private func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    private func machine(
        loading: Bool = true, within limit: Timeout = .seconds(60),
        _ deadlines: Deadlines = .standard
    ) -> ReadinessMachine {
        ReadinessMachine(
            loading ? LoadRequest(model: "m") : nil, within: limit, deadlines: deadlines, at: at(0))
    }

    private static let timeout: StreamError = .init(
        .timeout(.responseHead, waited: .seconds(5), Progress()))
    private static let refused = StreamError.connect([])

    private func isFailed(_ machine: ReadinessMachine) -> Bool {
        if case .failed = machine.step { true } else { false }
    }

    private func pause(_ machine: ReadinessMachine) -> Instant? {
        if case .pause(let until) = machine.step { until } else { nil }
    }

    @Test func probesWithLittlePatience() throws {
        guard case .probe(let deadlines) = machine(within: .seconds(3)).step else {
            Issue.record("no probe")
            return
        }
        #expect(deadlines.responseHead == .seconds(5))
        #expect(deadlines.connect == .seconds(5))
        #expect(deadlines.total == .seconds(3))
    }

    @Test func loadsInTheTimeThatIsLeft() throws {
        var machine = machine(within: .seconds(100))
        machine.answered(at: at(30_000))
        guard case .load(let request, let deadlines) = machine.step else {
            Issue.record("no load")
            return
        }
        #expect(request == LoadRequest(model: "m"))
        #expect(deadlines.total == .seconds(70))
        #expect(deadlines.responseHead == Deadlines.standard.responseHead)
        machine.answered(Summary(), at: at(40_000))
        guard case .ready(let summary) = machine.step else {
            Issue.record("not ready")
            return
        }
        #expect(summary == Summary())
    }

    @Test func forEver() {
        guard case .probe(let deadlines) = machine(within: .never).step else {
            Issue.record("no probe")
            return
        }
        #expect(deadlines.total == .never)
    }

    @Test func pausesGrow() {
        var machine = machine(within: .minutes(10))
        var pauses: [Int64] = []
        var now = Int64(0)
        for _ in 0..<8 {
            machine.failed(ReadinessMachineTests.timeout, at: at(now))
            guard let until = pause(machine) else { break }
            pauses.append(until.since(at(now)).wholeMilliseconds)
            now = until.nanoseconds / 1_000_000
            machine.resumed(at: at(now))
        }
        #expect(pauses == [100, 200, 400, 800, 1600, 2000, 2000, 2000])
    }

    /// Giving up a load and asking again begins it anew: it would never end.
    @Test func aLoadIsNotAskedForAgain() {
        for error in [
            ReadinessMachineTests.timeout,
            .incomplete(.init(transport: nil, recordCount: 0, partialText: "")),
            .server(.init(status: 500, message: "timed out waiting for llama-server to start")),
            .server(.init(status: 404, message: "not found")),
            .init(.reset(Progress())),
        ] {
            var machine = machine()
            machine.answered(at: at(0))
            machine.failed(error, at: at(1))
            #expect(isFailed(machine), "\(error)")
        }
    }

    /// Whatever was refused before anything was done.
    @Test func whatIsAskedAgain() {
        for error in [
            ReadinessMachineTests.refused, .server(.init(status: 503, message: "busy")),
            .server(.init(status: 429, message: "")),
            .init(.resolve(host: "h", message: "", Progress())),
        ] {
            var machine = machine()
            machine.failed(error, at: at(0))
            #expect(pause(machine) == at(100), "\(error)")
            machine.resumed(at: at(100))
            machine.answered(at: at(100))
            machine.failed(error, at: at(200))
            #expect(pause(machine) == at(300), "\(error)")
        }
    }

    @Test func whatIsNeverAskedAgain() {
        for error: StreamError in [
            .cancelled(partialText: ""), .request(.invalidURL("x")),
            .server(.init(status: 401, message: "")), .init(.unsupported("x")),
        ] {
            var machine = machine(loading: false)
            machine.failed(error, at: at(0))
            #expect(isFailed(machine), "\(error)")
        }
    }

    @Test func noPauseBeyondTheEnd() {
        var machine = machine(within: .milliseconds(250))
        machine.failed(ReadinessMachineTests.refused, at: at(0))
        machine.resumed(at: at(100))
        machine.failed(ReadinessMachineTests.refused, at: at(100))
        #expect(isFailed(machine))
    }
}
