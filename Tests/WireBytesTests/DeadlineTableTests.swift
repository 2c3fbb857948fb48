import TestSupport
import Testing
import WireTime

@Suite struct DeadlineTableTests {
    private struct Passed: Equatable {
        let deadline: Deadline
        let waited: Int64

        init(_ deadline: Deadline, _ waited: Int64) {
            self.deadline = deadline
            self.waited = waited
        }
    }

    private func passed(_ table: DeadlineTable, _ now: Instant) -> Passed? {
        table.expired(at: now).map { Passed($0.deadline, $0.waited.nanoseconds) }
    }

    private static func at(_ nanoseconds: Int64) -> Instant { Instant(nanoseconds: nanoseconds) }

    @Test func emptyTable() {
        let table = DeadlineTable()
        #expect(table.next == .distantFuture)
        #expect(table.expired(at: .distantFuture) == nil)
        for deadline in Deadline.allCases { #expect(!table.isArmed(deadline)) }
    }

    /// Each deadline passes at its instant, not a nanosecond before.
    @Test(arguments: Deadline.allCases)
    func passesExactly(_ deadline: Deadline) {
        var table = DeadlineTable()
        table.arm(deadline, at: Self.at(100), for: Timeout(nanoseconds: 50))
        #expect(table.isArmed(deadline))
        #expect(table.next == Self.at(150))
        #expect(table.expired(at: Self.at(149)) == nil)
        #expect(passed(table, Self.at(150)) == Passed(deadline, 50))
        // Asked late, it tells how long it really was.
        #expect(passed(table, Self.at(180)) == Passed(deadline, 80))
        // It stays until somebody disarms it.
        #expect(table.isArmed(deadline))
        table.disarm(deadline)
        #expect(table.expired(at: .distantFuture) == nil)
        #expect(table.next == .distantFuture)
    }

    @Test(arguments: Deadline.allCases)
    func neverIsNotArmed(_ deadline: Deadline) {
        var table = DeadlineTable()
        for now in [Self.at(-5), Self.at(0), Self.at(5), Self.at(.max - 1)] {
            table.arm(deadline, at: now, for: .never)
            #expect(!table.isArmed(deadline))
            #expect(table.next == .distantFuture)
        }
        // An armed one is disarmed by it.
        table.arm(deadline, at: Self.at(0), for: .seconds(1))
        table.arm(deadline, at: Self.at(0), for: .never)
        #expect(!table.isArmed(deadline))
    }

    @Test func equalInstantsGoInOrder() {
        var table = DeadlineTable()
        for deadline in Deadline.allCases.reversed() {
            table.arm(deadline, at: Self.at(0), for: .seconds(1))
        }
        for deadline in Deadline.allCases {
            #expect(table.expired(at: Self.at(2_000_000_000))?.deadline == deadline)
            table.disarm(deadline)
        }
        #expect(table.expired(at: .distantFuture) == nil)
    }

    @Test func theEarliestGoesFirst() {
        var table = DeadlineTable()
        table.arm(.total, at: Self.at(0), for: Timeout(nanoseconds: 10))
        table.arm(.resolve, at: Self.at(0), for: Timeout(nanoseconds: 20))
        #expect(passed(table, Self.at(30)) == Passed(.total, 30))
        table.disarmAll()
        #expect(table.next == .distantFuture)
    }

    @Test func postponing() {
        var table = DeadlineTable()
        table.postpone(.bodyIdle, by: .seconds(1))
        #expect(!table.isArmed(.bodyIdle))
        table.arm(.bodyIdle, at: Self.at(100), for: Timeout(nanoseconds: 50))
        table.postpone(.bodyIdle, by: Timeout(nanoseconds: 30))
        #expect(table.expired(at: Self.at(179)) == nil)
        // The time that was not the peer's is not counted as waited.
        #expect(passed(table, Self.at(180)) == Passed(.bodyIdle, 50))
        // Arming again forgets it.
        table.arm(.bodyIdle, at: Self.at(200), for: Timeout(nanoseconds: 50))
        #expect(passed(table, Self.at(250)) == Passed(.bodyIdle, 50))
        table.postpone(.bodyIdle, by: .never)
        #expect(table.expired(at: Self.at(.max - 1)) == nil)
    }

    /// Random use against a dictionary.
    @Test func againstADictionary() throws {
        var random = SeededGenerator(seed: 8)
        var table = DeadlineTable()
        var model: [Deadline: (due: Int64, started: Int64)] = [:]
        for step in 0..<20_000 {
            let deadline = random.pick(Deadline.allCases)
            let now = Int64(random.below(1_000))
            let time = Int64(random.below(300))
            switch random.below(5) {
            case 0...2:
                table.arm(deadline, at: Self.at(now), for: Timeout(nanoseconds: time))
                model[deadline] = (now + time, now)
            case 3:
                table.disarm(deadline)
                model[deadline] = nil
            default:
                table.postpone(deadline, by: Timeout(nanoseconds: time))
                if let old = model[deadline] {
                    model[deadline] = (old.due + time, old.started + time)
                }
            }
            try #require(table.isArmed(deadline) == (model[deadline] != nil), "step \(step)")
            let earliest = model.values.map { $0.due }.min()
            try #require(table.next == earliest.map(Self.at) ?? .distantFuture, "step \(step)")
            let asked = Int64(random.below(1_500))
            let due = Deadline.allCases.first { model[$0] != nil && model[$0]?.due == earliest }
            let expired = passed(table, Self.at(asked))
            if let due, let entry = model[due], entry.due <= asked {
                try #require(expired == Passed(due, asked - entry.started), "step \(step)")
            } else {
                try #require(expired == nil, "step \(step)")
            }
        }
    }
}
