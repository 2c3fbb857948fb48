import Testing
import WireTime

@Suite struct TimeTests {
    @Test(arguments: [
        (Timeout.zero, "0s"), (.microseconds(1), "0.001ms"), (.microseconds(1_500), "1.5ms"),
        (.milliseconds(1), "1ms"), (.milliseconds(250), "250ms"), (.milliseconds(1_500), "1500ms"),
        (.seconds(1), "1s"), (.seconds(90), "90s"), (.seconds(120), "2m"), (.minutes(5), "5m"),
        (Timeout(nanoseconds: 1_500_000_001), "1.5s"), (Timeout(nanoseconds: 1), "1e-06ms"),
        (.seconds(-3), "-3s"), (.never, "never"),
    ])
    func description(_ timeout: Timeout, _ text: String) {
        #expect("\(timeout)" == text)
    }

    @Test func units() {
        #expect(Timeout.microseconds(3).nanoseconds == 3_000)
        #expect(Timeout.milliseconds(3).nanoseconds == 3_000_000)
        #expect(Timeout.seconds(3).nanoseconds == 3_000_000_000)
        #expect(Timeout.minutes(3).nanoseconds == 180_000_000_000)
        #expect(Timeout.milliseconds(1_999).wholeMilliseconds == 1_999)
        #expect(Timeout(nanoseconds: 1_999_999).wholeMilliseconds == 1)
        #expect(Timeout(nanoseconds: 1_999).wholeMicroseconds == 1)
        #expect(Timeout.milliseconds(1_500).inSeconds == 1.5)
        #expect(Timeout.seconds(1) < .milliseconds(1_001))
        #expect(Timeout.minutes(1_000_000) < .never)
        #expect(Timeout.never.isNever && !Timeout.zero.isNever)
    }

    /// Out of range is as far as it goes, in the direction that was meant.
    @Test func saturation() {
        #expect(Timeout.seconds(.max) == .never)
        #expect(Timeout.minutes(Int64.max / 60_000_000_000 + 1) == .never)
        #expect(Timeout.seconds(.min) < .zero)
        #expect(!Timeout.minutes(.min).isNever)
        let late = Instant(nanoseconds: .max - 5)
        #expect(late + .seconds(1) == .distantFuture)
        #expect(Instant(nanoseconds: 0) + .never == .distantFuture)
        #expect(Instant(nanoseconds: 7) + .never == .distantFuture)
        // Also on a clock whose epoch lies ahead.
        #expect(Instant(nanoseconds: -7) + .never == .distantFuture)
        #expect(Instant(nanoseconds: .min) + .seconds(-1) == Instant(nanoseconds: .min))
        #expect(Instant.distantFuture.since(Instant(nanoseconds: -1)) == .never)
        #expect(Instant(nanoseconds: .min).since(Instant(nanoseconds: 1)) < .zero)
    }

    @Test func arithmetic() {
        let start = Instant(nanoseconds: 1_000)
        #expect(start + .microseconds(1) == Instant(nanoseconds: 2_000))
        #expect((start + .seconds(1)).since(start) == .seconds(1))
        #expect(start.since(start + .seconds(1)) == .seconds(-1))
        #expect(start < start + Timeout(nanoseconds: 1))
        #expect(start < .distantFuture)
    }

    @Test func standardDeadlines() {
        let standard = Deadlines.standard
        // Finite, all but the whole exchange's.
        for value in [
            standard.resolve, standard.connect, standard.tlsHandshake, standard.requestWrite,
            standard.responseHead, standard.firstContent, standard.bodyIdle, standard.contentIdle,
            standard.keepAliveIdle, standard.poolWait, standard.expectContinue, standard.bodyEnd,
        ] { #expect(value > .zero && !value.isNever) }
        #expect(standard.total == .never)
        let changed = standard.with(\.bodyIdle, .seconds(3))
        #expect(changed.bodyIdle == .seconds(3))
        #expect(changed.with(\.bodyIdle, standard.bodyIdle) == standard)
        // Waiting for a connection and keeping one share a phase, writing and waiting to write another,
        // bytes of a body and its end a third.
        #expect(Set(Deadline.allCases.map { $0.phase }).count == Deadline.allCases.count - 3)
    }
}
