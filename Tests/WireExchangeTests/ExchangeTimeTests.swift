import Testing
import WireExchange
import WireTime

@Suite struct ExchangeTimeTests {
    /// Which deadline runs out first in each situation, after how long, in which phase.
    static let first: [(Situation, Deadline, Timeout)] = [
        (.resolving, .resolve, .seconds(1)), (.connecting, .connect, .seconds(2)),
        (.sending, .requestWrite, .seconds(3)), (.sendingPart, .requestWrite, .seconds(3)),
        (.sendingReused, .requestWrite, .seconds(3)), (.awaiting, .responseHead, .seconds(4)),
        (.awaitingReused, .responseHead, .seconds(4)),
        (.awaitingCut, .responseHead, .seconds(4)),
        (.awaitingWithBytes, .responseHead, .seconds(4)),
        (.headSeen, .firstContent, .seconds(5)), (.headSeenEarly, .firstContent, .seconds(5)),
        (.content, .bodyIdle, .seconds(6)),
    ]

    @Test(arguments: first) func firesAtItsInstant(
        _ situation: Situation, _ deadline: Deadline, _ after: Timeout
    ) throws {
        var machine = situation.machine()
        let due = at(10) + after
        #expect(machine.nextDeadline == due)
        #expect(machine.timeReached(Instant(nanoseconds: due.nanoseconds - 1)).isEmpty)
        #expect(machine.isEnded == false)
        let actions = machine.timeReached(due)
        #expect(letters(actions) == "CF")
        guard case .timeout(deadline, let waited, let progress) = try #require(actions.error) else {
            Issue.record("\(actions.error!)")
            return
        }
        #expect(waited == after)
        #expect(progress.elapsed == due.since(at(0)))
        #expect(actions.error?.phase == deadline.phase)
        #expect(machine.timings.end == due)
        #expect(machine.timeReached(due).isEmpty)
    }

    @Test func aDeadlineNoticedLateSaysHowLongItRan() {
        var machine = Situation.awaiting.machine()
        guard case .timeout(.responseHead, let waited, _) = machine.timeReached(at(19)).error
        else { return fail("no timeout") }
        #expect(waited == .seconds(9))
    }

    @Test func contentIdleRunsFromTheLastContent() {
        var machine = Situation.content.machine()
        for second in Int64(11)...16 { machine.received(1, at: at(second)) }
        #expect(machine.nextDeadline == at(17))
        #expect(machine.timeReached(at(16, 999)).isEmpty)
        guard
            case .timeout(.contentIdle, .seconds(7), let progress) =
                machine.timeReached(at(17)).error
        else { return fail("no timeout") }
        #expect(progress.phase == .body)
        #expect(progress.sinceLastByte == .seconds(1))
    }

    @Test func contentStartsContentIdleAnewAndEndsFirstContent() {
        var machine = Situation.headSeen.machine()
        machine.received(3, at: at(14))
        machine.contentReceived(at: at(14))
        #expect(machine.nextDeadline == at(20))
        machine.received(3, at: at(19))
        machine.contentReceived(at: at(19))
        #expect(machine.nextDeadline == at(25))
    }

    @Test func writingStartsRequestWriteAnew() {
        var machine = Situation.sending.machine()
        machine.wrote(1, at: at(12))
        #expect(machine.nextDeadline == at(15))
        machine.wrote(98, at: at(14))
        #expect(machine.nextDeadline == at(17))
        machine.wrote(1, at: at(16))
        #expect(machine.nextDeadline == at(20))
    }

    @Test func bytesOfTheHeadDoNotProlongIt() {
        var machine = Situation.awaiting.machine()
        for millisecond in Int64(1)...3_999 { machine.received(1, at: at(10, millisecond)) }
        #expect(machine.nextDeadline == at(14))
        #expect(letters(machine.timeReached(at(14))) == "CF")
    }

    @Test(arguments: Situation.allCases) func totalEndsEveryPhase(_ situation: Situation) {
        if situation == .ended { return }
        var machine = situation.machine(.standard.with(\.total, .seconds(10)))
        guard case .timeout(.total, .seconds(10), _) = machine.timeReached(at(10)).error else {
            return fail("no timeout")
        }
    }

    /// At one instant the first in the order of declaration is reported.
    @Test(arguments: [
        (Situation.resolving, Deadline.resolve), (.connecting, .connect),
        (.sending, .requestWrite), (.awaiting, .responseHead), (.headSeen, .firstContent),
        (.content, .bodyIdle),
    ]) func orderAtOneInstant(_ situation: Situation, _ first: Deadline) {
        let five = Timeout.seconds(5)
        var deadlines = Deadlines.standard.with(\.total, .seconds(15))
        for field in [
            \Deadlines.resolve, \.connect, \.requestWrite, \.responseHead, \.firstContent,
            \.bodyIdle, \.contentIdle,
        ] { deadlines[keyPath: field] = five }
        var machine = situation.machine(deadlines)
        guard case .timeout(let deadline, _, _) = machine.timeReached(at(15)).error else {
            return fail("no timeout")
        }
        #expect(deadline == first)
    }

    @Test func neverIsNever() {
        var deadlines = Deadlines.standard
        for field in [
            \Deadlines.resolve, \.connect, \.requestWrite, \.responseHead, \.firstContent,
            \.bodyIdle, \.contentIdle, \.total,
        ] { deadlines[keyPath: field] = .never }
        for situation in Situation.allCases {
            var machine = situation.machine(deadlines)
            #expect(machine.nextDeadline == .distantFuture)
            #expect(machine.timeReached(Instant(nanoseconds: .max - 1)).isEmpty)
        }
    }

    // MARK: The caller's own time

    @Test func aPauseOfTheCallerPostponesTheBodysDeadlines() {
        var machine = Situation.headSeen.machine()
        machine.resumed(after: .seconds(50))
        #expect(machine.nextDeadline == at(65))
        guard case .timeout(.firstContent, .seconds(5), _) = machine.timeReached(at(65)).error
        else { return fail("no timeout") }

        machine = Situation.content.machine(distinctDeadlines.with(\.bodyIdle, .never))
        machine.resumed(after: .seconds(50))
        guard case .timeout(.contentIdle, .seconds(7), _) = machine.timeReached(at(67)).error
        else { return fail("no timeout") }
    }

    /// Passing over blank lines is no pause of the caller's for the deadlines that want content.
    @Test func aPauseWithoutContentPostponesBytesAlone() {
        var machine = Situation.headSeen.machine(distinctDeadlines.with(\.bodyIdle, .never))
        let due = machine.nextDeadline
        machine.resumed(after: .seconds(50), hadContent: false)
        #expect(machine.nextDeadline == due)
        guard case .timeout(.firstContent, _, _) = machine.timeReached(due).error
        else { return fail("no timeout") }

        machine = Situation.content.machine(distinctDeadlines.with(\.bodyIdle, .never))
        let next = machine.nextDeadline
        machine.resumed(after: .seconds(50), hadContent: false)
        #expect(machine.nextDeadline == next)
    }

    @Test func aPausePostponesNothingElse() {
        for situation in [Situation.resolving, .connecting, .sending, .awaiting] {
            var machine = situation.machine()
            let due = machine.nextDeadline
            machine.resumed(after: .seconds(50))
            #expect(machine.nextDeadline == due)
        }
        var machine = Situation.content.machine()
        machine.resumed(after: .seconds(1_000))
        #expect(machine.nextDeadline == at(100), "total")
    }

    // MARK: Timings

    @Test func timingsOfAnExchange() {
        var machine = ExchangeMachine(
            deadlines: .standard, request: RequestForm(bytes: 10),
            retry: RetryRule(mayRepeat: true), at: at(0))
        machine.beginResolve(at: at(1))
        machine.beginConnect(at: at(2))
        machine.beginRequest(reused: false, at: at(3))
        machine.wrote(4, at: at(4))
        machine.wrote(6, at: at(5))
        machine.received(20, at: at(6))
        machine.received(30, at: at(7))
        _ = machine.headReceived(at: at(7))
        machine.received(1, at: at(8))
        machine.contentReceived(at: at(8))
        machine.received(1, at: at(9))
        machine.contentReceived(at: at(9))
        _ = machine.messageEnded(reusable: true, at: at(10))
        let timings = machine.timings
        #expect(timings.start == at(0))
        #expect(timings.sinceStart(\.resolved) == .seconds(2))
        #expect(timings.sinceStart(\.connected) == .seconds(3))
        #expect(timings.sinceStart(\.requestSent) == .seconds(5))
        #expect(timings.sinceStart(\.firstByte) == .seconds(6))
        #expect(timings.sinceStart(\.head) == .seconds(7))
        #expect(timings.sinceStart(\.firstContent) == .seconds(8))
        #expect(timings.sinceStart(\.lastByte) == .seconds(9))
        #expect(timings.sinceStart(\.end) == .seconds(10))
        #expect(machine.progress.contentCount == 2)
        #expect(machine.progress.bytesReceived == 52)
    }

    @Test func whatDidNotHappenHasNoTime() {
        var machine = Situation.awaitingReused.machine()
        _ = machine.cancelled(at: at(20))
        let timings = machine.timings
        #expect(timings.resolved == nil)
        #expect(timings.connected == nil)
        #expect(timings.firstByte == nil)
        #expect(timings.head == nil)
        #expect(timings.firstContent == nil)
        #expect(timings.lastByte == nil)
        #expect(timings.sinceStart(\.end) == .seconds(20))
    }
}

@Suite struct RetryTests {
    @Test func rule() {
        for reused in [false, true] {
            for received in [0, 1] {
                for written in [0, 1] {
                    for mayRepeat in [false, true] {
                        let allowed = RetryRule(mayRepeat: mayRepeat).allows(
                            reused: reused, bytesWritten: written, bytesReceived: received)
                        let expected =
                            switch (reused, received, written, mayRepeat) {
                            case (true, 0, _, true), (true, 0, 0, false): true
                            default: false
                            }
                        #expect(allowed == expected)
                    }
                }
            }
        }
    }

    @Test func theSecondAttemptStartsFromNothingExceptTotal() throws {
        var machine = Situation.awaitingReused.machine()
        #expect(letters(machine.wasReset(at: at(11))) == "CT")
        #expect(machine.nextDeadline == at(100), "only total runs on")
        #expect(machine.progress == Progress())
        #expect(machine.unwrittenBytes == 100)
        #expect(machine.timings.requestSent == nil, "the first attempt's is forgotten")
        machine.beginResolve(at: at(11))
        machine.beginConnect(at: at(12))
        machine.beginRequest(reused: false, at: at(13))
        machine.wrote(100, at: at(13))
        #expect(machine.interest == ExchangeMachine.Interest(read: true, write: false))
        #expect(machine.timings.start == at(0))
        // The second is not reused: it fails for good.
        let actions = machine.wasReset(at: at(14))
        #expect(letters(actions) == "CF")
        #expect(try #require(actions.error).progress.elapsed == .seconds(14))
    }

    @Test func aWriteThatFailedLeavesTheRetryToTheRead() {
        var machine = Situation.sendingReused.machine(mayRepeat: false)
        machine.writeFailed(at: at(11))
        #expect(machine.isSending == false)
        #expect(letters(machine.inputEnded(earlyClose, at: at(11))) == "CT")
        #expect(machine.isSending == false)
        machine.beginResolve(at: at(11))
        machine.beginConnect(at: at(11))
        machine.beginRequest(reused: false, at: at(11))
        #expect(machine.isSending == true, "the second attempt may write again")
    }

    /// A reset is told once: the write gets EPIPE, the read behind it an end of the input.
    @Test func anEndBehindAWriteThatFailedIsTheReset() throws {
        var machine = Situation.sending.machine()
        machine.writeFailed(at: at(11))
        let actions = machine.inputEnded(earlyClose, at: at(11))
        #expect(letters(actions) == "CF")
        guard case .reset = try #require(actions.error) else {
            Issue.record("\(String(describing: actions.error))")
            return
        }
    }
}
