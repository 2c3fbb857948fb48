import Testing
import WireTime

@testable import WireExchange

/// The table in `ConnectMachine`'s header, line by line; then every run of a few addresses.
@Suite struct ConnectMachineTests {
    typealias Family = ConnectMachine.Family

    private let start = Instant(nanoseconds: 1_000)

    private func machine(
        _ count: Int, delay: Timeout = .milliseconds(250), limit: Int = 8
    ) -> ConnectMachine {
        var options = ConnectOptions()
        options.attemptDelay = delay
        options.attemptLimit = limit
        return ConnectMachine([Family](repeating: .ipv4, count: count), options)
    }

    @Test(arguments: [
        ([Family](), [Int]()),
        ([.ipv4], [0]),
        ([.ipv4, .ipv4], [0, 1]),
        ([.ipv6, .ipv4], [0, 1]),
        ([.ipv6, .ipv6, .ipv6, .ipv4, .ipv4], [0, 3, 1, 4, 2]),
        ([.ipv4, .ipv4, .ipv6], [0, 2, 1]),
        ([.ipv6, .ipv4, .ipv4, .ipv4], [0, 1, 2, 3]),
        ([.unix], [0]),
    ]) func interleaved(_ families: [Family], _ order: [Int]) {
        #expect(ConnectMachine.interleaved(families) == order)
    }

    @Test func noAddress() {
        var machine = machine(0)
        #expect(machine.begin(at: start) == .failed)
        #expect(machine.isOver)
    }

    @Test func oneAddressNeedsNoTimer() {
        var machine = machine(1)
        #expect(machine.begin(at: start) == .open(0))
        #expect(machine.nextAttempt == .distantFuture)
        #expect(machine.connected(0) == [])
        #expect(machine.isOver)
    }

    @Test func theNextBeginsAfterTheDelay() {
        var machine = machine(3)
        #expect(machine.begin(at: start) == .open(0))
        let due = start + .milliseconds(250)
        #expect(machine.nextAttempt == due)
        #expect(machine.timeReached(Instant(nanoseconds: due.nanoseconds - 1)) == .none)
        #expect(machine.timeReached(due) == .open(1))
        #expect(machine.nextAttempt == due + .milliseconds(250))
        #expect(machine.timeReached(due + .seconds(1)) == .open(2))
        #expect(machine.nextAttempt == .distantFuture)
        #expect(machine.timeReached(due + .seconds(9)) == .none)
        #expect(machine.connected(1) == [0, 2])
        #expect(machine.underWay == [])
    }

    @Test func theNextBeginsAtOnceAfterAFailure() {
        var machine = machine(3)
        #expect(machine.begin(at: start) == .open(0))
        let now = start + .milliseconds(3)
        #expect(machine.failed(0, isLocal: false, at: now) == .open(1))
        #expect(machine.nextAttempt == now + .milliseconds(250), "the delay runs anew")
        #expect(machine.failed(1, isLocal: false, at: now) == .open(2))
        #expect(machine.failed(2, isLocal: false, at: now) == .failed)
        #expect(machine.isOver)
    }

    @Test func aFailureWhileOthersAreUnderWay() {
        var machine = machine(2)
        #expect(machine.begin(at: start) == .open(0))
        #expect(machine.timeReached(start + .seconds(1)) == .open(1))
        #expect(machine.failed(0, isLocal: false, at: start + .seconds(1)) == .none)
        #expect(!machine.isOver)
        #expect(machine.failed(1, isLocal: false, at: start + .seconds(1)) == .failed)
    }

    @Test func noMoreThanTheLimitUnderWay() {
        var machine = machine(4, limit: 2)
        #expect(machine.begin(at: start) == .open(0))
        #expect(machine.timeReached(start + .seconds(1)) == .open(1))
        #expect(machine.nextAttempt == .distantFuture)
        #expect(machine.timeReached(start + .seconds(9)) == .none)
        #expect(machine.failed(0, isLocal: false, at: start + .seconds(9)) == .open(2))
        #expect(machine.underWay == [1, 2])
        #expect(machine.failed(1, isLocal: false, at: start + .seconds(9)) == .open(3))
        #expect(machine.abandon() == [2, 3])
    }

    /// No descriptor left: another address would not have one either.
    @Test func aLocalShortageOpensNoMore() {
        var alone = machine(3)
        #expect(alone.begin(at: start) == .open(0))
        #expect(alone.failed(0, isLocal: true, at: start) == .failed)
        var beside = machine(3)
        #expect(beside.begin(at: start) == .open(0))
        #expect(beside.timeReached(start + .seconds(1)) == .open(1))
        #expect(beside.failed(1, isLocal: true, at: start + .seconds(1)) == .none)
        #expect(beside.nextAttempt == .distantFuture)
        #expect(beside.connected(0) == [])
    }

    @Test func valuesThatWouldStormOrStandStill() {
        var machine = machine(3, delay: .zero, limit: 0)
        #expect(machine.begin(at: start) == .open(0))
        #expect(machine.nextAttempt == .distantFuture, "one at a time")
        var hasty = self.machine(3, delay: .zero)
        #expect(hasty.begin(at: start) == .open(0))
        #expect(hasty.nextAttempt == start + .milliseconds(10))
    }

    // MARK: Every run

    /// All sequences of events over up to four addresses, under each limit: what holds after each.
    @Test(arguments: 0...4, 1...4) func everyRun(_ count: Int, _ limit: Int) {
        var runs = 0
        var first = Run(
            machine: machine(count, limit: limit), count: count, limit: limit, now: start)
        let action = first.machine.begin(at: start)
        first.take(action)
        explore(first, &runs)
        #expect(runs > 0)
    }

    private struct Run {
        var machine: ConnectMachine
        let count: Int
        let limit: Int
        var now: Instant
        var opened: [Int] = []
        var failed: Set<Int> = []
        var isShort = false
        var isOver = false

        mutating func take(_ action: ConnectMachine.Action) {
            switch action {
            case .none: #expect(!isOver)
            case .open(let address):
                #expect(!opened.contains(address), "tried twice")
                #expect(!isShort, "opened in spite of the shortage")
                opened.append(address)
            case .failed:
                #expect(failed.count == opened.count, "somebody is under way")
                #expect(isShort || opened.count == count, "somebody was not tried")
                isOver = true
            }
            check()
        }

        func check() {
            let underWay = opened.filter { !failed.contains($0) }
            #expect(machine.isOver == isOver)
            if isOver { return }
            #expect(machine.underWay == underWay)
            #expect(!underWay.isEmpty, "nobody to wait for")
            #expect(underWay.count <= limit)
            #expect(opened == Array(0..<opened.count), "in their order")
            let isDelayRunning = machine.nextAttempt != .distantFuture
            let couldOpen = !isShort && opened.count < count && underWay.count < limit
            #expect(isDelayRunning == couldOpen)
        }
    }

    private func explore(_ run: Run, _ runs: inout Int) {
        if run.isOver {
            runs += 1
            return
        }
        for address in run.machine.underWay {
            var won = run.machine
            #expect(won.connected(address) == run.machine.underWay.filter { $0 != address })
            #expect(won.isOver && won.underWay == [] && won.nextAttempt == .distantFuture)
            runs += 1
            for isLocal in [false, true] {
                var next = run
                next.failed.insert(address)
                next.isShort = run.isShort || isLocal
                let action = next.machine.failed(address, isLocal: isLocal, at: run.now)
                next.take(action)
                explore(next, &runs)
            }
        }
        if run.machine.nextAttempt == .distantFuture {
            var late = run.machine
            #expect(late.timeReached(run.now + .minutes(60)) == .none)
        } else {
            var next = run
            next.now = run.machine.nextAttempt
            let action = next.machine.timeReached(next.now)
            #expect(action != .none)
            next.take(action)
            explore(next, &runs)
        }
    }
}
