import TestSupport
import Testing
import WireExchange
import WireTime

let poolA = Origin(scheme: "http", host: "a", port: 80)
let poolB = Origin(scheme: "http", host: "b", port: 80)
let poolC = Origin(scheme: "http", host: "c", port: 80)

private func id(_ value: Int) -> ConnectionID { ConnectionID(value: value) }
private func ticket(_ value: Int) -> TicketID { TicketID(value: value) }

private func pool(
    perOrigin: Int = 8, total: Int = 8, idle: Int = 8, keepAlive: Timeout = .seconds(30),
    age: Timeout = .never
) -> PoolMachine {
    var limits = PoolLimits()
    limits.perOrigin = perOrigin
    limits.total = total
    limits.idle = idle
    limits.keepAliveIdle = keepAlive
    limits.age = age
    return PoolMachine(limits: limits)
}

extension PoolMachine {
    /// Acquires one after another at second 0 (or `now`), and says what came of it.
    fileprivate mutating func take(
        _ origins: Origin..., now: Instant = at(0)
    ) -> [PoolMachine.Assignment] {
        origins.map { acquire($0, at: now) }
    }
}

private func opened(_ value: Int, closing: Int? = nil) -> PoolMachine.Assignment {
    .lease(.connect(id(value)), closing: closing.map(id))
}

private func reused(_ value: Int) -> PoolMachine.Assignment {
    .lease(.reuse(id(value)), closing: nil)
}

/// Connections that are there, and how long they stay.
@Suite struct PoolMachineTests {
    @Test func theLastOneUsedIsTheFirstOneTaken() {
        var pool = pool()
        #expect(pool.take(poolA, poolA, poolA) == [opened(1), opened(2), opened(3)])
        #expect(pool.leasedCount == 3)
        for number in [2, 3, 1] { #expect(pool.release(id(number), at: at(1)).isEmpty) }
        #expect((pool.idleCount, pool.openCount) == (3, 3))
        #expect(
            pool.take(poolA, poolA, poolA, poolA) == [reused(1), reused(3), reused(2), opened(4)])
    }

    @Test func originsDoNotShare() {
        var pool = pool()
        let origins = [
            poolA, poolB, Origin(scheme: "https", host: "a", port: 80),
            Origin(scheme: "http", host: "a", port: 81),
        ]
        for (index, origin) in origins.enumerated() {
            #expect(pool.acquire(origin, at: at(0)) == opened(index + 1))
            #expect(pool.release(id(index + 1), at: at(1)).isEmpty)
        }
        #expect(pool.idleCount == 4)
        #expect(pool.acquire(poolB, at: at(1)) == reused(2))
    }

    @Test func overTheIdleLimitTheOneIdleLongestGoes() {
        var pool = pool(idle: 2)
        _ = pool.take(poolA, poolB, poolA)
        #expect(pool.release(id(2), at: at(1)).isEmpty)
        #expect(pool.release(id(3), at: at(2)).isEmpty)
        #expect(pool.release(id(1), at: at(3)) == [.close(id(2))])
        #expect((pool.idleCount, pool.openCount) == (2, 2))
        #expect(pool.take(poolB, poolA) == [opened(4), reused(1)])
    }

    @Test func anIdleLimitOfZeroKeepsNothing() {
        var pool = pool(idle: 0)
        _ = pool.take(poolA)
        #expect(pool.release(id(1), at: at(1)) == [.close(id(1))])
        #expect((pool.idleCount, pool.leasedCount) == (0, 0))
    }

    @Test func expiryIsExact() {
        var pool = pool()
        _ = pool.take(poolA, poolB, poolA)
        #expect(pool.nextExpiry == nil)
        _ = pool.release(id(1), at: at(0))
        _ = pool.release(id(2), at: at(5))
        _ = pool.release(id(3), at: at(10))
        #expect(pool.nextExpiry == at(30))
        #expect(pool.expire(at: at(29, 999)).isEmpty)
        #expect(pool.expire(at: at(30)) == [id(1)])
        #expect(pool.nextExpiry == at(35))
        #expect(pool.expire(at: at(40)) == [id(2), id(3)])
        #expect(pool.nextExpiry == nil)
        #expect(pool.openCount == 0)
    }

    /// What was used meanwhile idles from its new release.
    @Test func useProlongsExpiry() {
        var pool = pool()
        _ = pool.take(poolA, poolB)
        _ = pool.release(id(1), at: at(0))
        _ = pool.release(id(2), at: at(1))
        _ = pool.take(poolA)
        #expect(pool.nextExpiry == at(31))
        _ = pool.release(id(1), at: at(20))
        #expect(pool.expire(at: at(49)) == [id(2)])
        #expect(pool.expire(at: at(50)) == [id(1)])
    }

    @Test func neverExpires() {
        var pool = pool(keepAlive: .never)
        _ = pool.take(poolA)
        _ = pool.release(id(1), at: at(0))
        #expect(pool.expire(at: Instant(nanoseconds: .max - 1)).isEmpty)
    }

    @Test func tooOldToBeKept() {
        var pool = pool(age: .seconds(60))
        _ = pool.take(poolA, poolA)
        #expect(pool.release(id(1), at: at(59, 999)).isEmpty)
        #expect(pool.release(id(2), at: at(60)) == [.close(id(2))])
        #expect(pool.openCount == 1)
    }

    @Test func strangersAreIgnored() {
        var pool = pool()
        _ = pool.take(poolA)
        #expect(pool.release(id(9), at: at(1)).isEmpty)
        #expect(pool.discard(id(9), at: at(1)).isEmpty)
        #expect(pool.discard(id(1), at: at(1)).isEmpty)
        #expect(pool.release(id(1), at: at(1)).isEmpty, "discarded already")
        #expect((pool.idleCount, pool.leasedCount) == (0, 0))
        _ = pool.take(poolA)
        _ = pool.release(id(2), at: at(1))
        #expect(pool.release(id(2), at: at(1)).isEmpty, "released already")
        #expect(pool.discard(id(2), at: at(1)).isEmpty, "idle")
        #expect((pool.idleCount, pool.leasedCount) == (1, 0))
        pool.withdraw(ticket(7))
        #expect(pool.waitingCount == 0)
    }

    @Test func emptying() {
        var pool = pool()
        _ = pool.take(poolA, poolB, poolB)
        _ = pool.release(id(3), at: at(1))
        _ = pool.release(id(1), at: at(2))
        #expect(pool.removeAllIdle() == [id(3), id(1)])
        #expect((pool.idleCount, pool.leasedCount) == (0, 1))
        #expect(pool.take(poolA) == [opened(4)])
    }
}

/// Who has to wait, and who is served when.
@Suite struct PoolQueueTests {
    @Test func atTheOriginsLimitOnesOwnPlaceIsWaitedFor() {
        var pool = pool(perOrigin: 1)
        #expect(pool.take(poolA, poolA, poolB) == [opened(1), .queued(ticket(1)), opened(2)])
        #expect(pool.waitingCount == 1)
        #expect(pool.release(id(2), at: at(1)).isEmpty, "not of its origin")
        #expect(pool.release(id(1), at: at(2)) == [.grant(ticket(1), .reuse(id(1)))])
        #expect((pool.idleCount, pool.leasedCount, pool.waitingCount) == (1, 1, 0))
    }

    @Test func aClosedConnectionLeavesItsPlace() {
        var pool = pool(perOrigin: 1)
        _ = pool.take(poolA, poolA)
        #expect(pool.discard(id(1), at: at(1)) == [.grant(ticket(1), .connect(id(2)))])
        #expect((pool.openCount, pool.waitingCount) == (1, 0))
    }

    @Test func atTheTotalLimitTheOneIdleLongestMakesRoom() {
        var pool = pool(total: 2)
        _ = pool.take(poolA, poolB)
        _ = pool.release(id(2), at: at(1))
        _ = pool.release(id(1), at: at(2))
        #expect(pool.take(poolC) == [opened(3, closing: 2)])
        #expect((pool.openCount, pool.idleCount) == (2, 1))
    }

    @Test func atTheTotalLimitAnybodysPlaceIsWaitedFor() {
        var pool = pool(total: 2)
        #expect(pool.take(poolA, poolA, poolB).last == .queued(ticket(1)))
        #expect(
            pool.release(id(1), at: at(1)) == [
                .close(id(1)), .grant(ticket(1), .connect(id(3))),
            ])
        #expect(pool.openCount == 2)
    }

    @Test func whoIsTooOldMakesRoomForAnother() {
        var pool = pool(perOrigin: 1, age: .seconds(60))
        _ = pool.take(poolA, poolA)
        #expect(
            pool.release(id(1), at: at(60)) == [
                .close(id(1)), .grant(ticket(1), .connect(id(2))),
            ])
    }

    @Test func inTheOrderOfTheirComingAcrossOrigins() {
        var pool = pool(total: 1)
        _ = pool.take(poolA, poolB, poolA, poolC)
        #expect(pool.waitingCount == 3)
        #expect(
            pool.release(id(1), at: at(1)) == [
                .close(id(1)), .grant(ticket(1), .connect(id(2))),
            ])
        #expect(
            pool.release(id(2), at: at(2)) == [
                .close(id(2)), .grant(ticket(2), .connect(id(3))),
            ])
        #expect(pool.discard(id(3), at: at(3)) == [.grant(ticket(3), .connect(id(4)))])
        #expect(pool.release(id(4), at: at(4)).isEmpty)
        #expect(pool.idleCount == 1)
    }

    /// The one in front cannot be served: its origin is at its limit.
    @Test func anOriginAtItsLimitHoldsUpNobodyElse() {
        var pool = pool(perOrigin: 1, total: 2)
        _ = pool.take(poolA, poolB)
        #expect(pool.take(poolA, poolC) == [.queued(ticket(1)), .queued(ticket(2))])
        #expect(
            pool.release(id(2), at: at(1)) == [
                .close(id(2)), .grant(ticket(2), .connect(id(3))),
            ])
        #expect(pool.waitingCount == 1)
    }

    @Test func nobodyOvertakes() {
        var pool = pool(perOrigin: 1)
        _ = pool.take(poolA, poolA)
        _ = pool.discard(id(1), at: at(1))
        #expect(pool.take(poolA, poolA) == [.queued(ticket(2)), .queued(ticket(3))])
        #expect(pool.release(id(2), at: at(2)) == [.grant(ticket(2), .reuse(id(2)))])
        #expect(pool.take(poolA) == [.queued(ticket(4))])
    }

    @Test func whoGivesUpIsPassedOver() {
        var pool = pool(perOrigin: 1)
        _ = pool.take(poolA, poolA, poolA, poolA)
        pool.withdraw(ticket(1))
        pool.withdraw(ticket(1))
        pool.withdraw(ticket(2))
        #expect(pool.waitingCount == 1)
        #expect(pool.release(id(1), at: at(1)) == [.grant(ticket(3), .reuse(id(1)))])
        pool.withdraw(ticket(3))
        #expect(pool.leasedCount == 1, "it has been served")
        #expect(pool.release(id(1), at: at(2)).isEmpty)
        #expect(pool.idleCount == 1)
    }

    @Test func allGiveUp() {
        var pool = pool(perOrigin: 1)
        _ = pool.take(poolA, poolA, poolA)
        pool.withdraw(ticket(2))
        pool.withdraw(ticket(1))
        #expect(pool.release(id(1), at: at(1)).isEmpty)
        #expect(pool.take(poolA) == [reused(1)])
    }

    @Test func shuttingDown() {
        var pool = pool(perOrigin: 2)
        _ = pool.take(poolA, poolA, poolA, poolB, poolB, poolB, poolA)
        _ = pool.release(id(4), at: at(1))
        _ = pool.take(poolC)
        _ = pool.release(id(5), at: at(2))
        #expect(pool.isShutDown == false)
        let decisions = pool.shutDown()
        #expect(
            decisions == [
                .close(id(5)), .refuse(ticket(1)), .refuse(ticket(3)),
            ])
        #expect(pool.isShutDown == true)
        #expect(pool.take(poolA, poolC) == [.refused, .refused])
        #expect(pool.release(id(1), at: at(3)) == [.close(id(1))])
        #expect(pool.discard(id(2), at: at(3)).isEmpty)
        #expect(pool.shutDown().isEmpty)
        #expect((pool.openCount, pool.idleCount, pool.waitingCount) == (2, 0, 0))
    }

    /// However many come and go while there is always somebody in the queue.
    @Test(
        .enabled(if: AllocationCount.works, "a sanitizer brings its own allocator"),
        arguments: [false, true])
    func aQueueThatIsNeverEmptyTakesNoMemory(_ lastGoes: Bool) {
        var pool = pool(perOrigin: 1)
        _ = pool.take(poolA, poolA, poolA)
        var copies = 0
        for number in 3..<20_000 {
            let count = AllocationCount.during {
                _ = pool.acquire(poolA, at: at(0))
                pool.withdraw(ticket(lastGoes ? number : number - 2))
            }
            if count.bytes > 10_000 { copies += 1 }
        }
        #expect(pool.waitingCount == 2)
        // A queue that grew would be copied at once, at eight bytes each, whenever it has doubled: four
        // times over this size. Once, the runtime may grow a table of its own.
        #expect(copies <= 1)
    }

    /// Origins whose connections have all gone, and pools that have, take no memory. In a process of its
    /// own, where nothing else is allocated.
    @Test func whatIsGoneTakesNoMemory() async {
        await #expect(processExitsWith: .success) {
            func use(_ count: Int) {
                var machine = pool()
                for number in 0..<count {
                    let origin = Origin(scheme: "http", host: "host\(number)", port: 80)
                    let now = at(Int64(number))
                    guard case .lease(.connect(let id), _) = machine.acquire(origin, at: now) else {
                        preconditionFailure("no connection")
                    }
                    _ = machine.release(id, serverLimit: .never, at: now)
                    // The last one stays open, when the pool goes.
                    if number < count - 1 { _ = machine.expire(at: now + .seconds(60)) }
                }
            }
            use(100)
            guard let before = MemoryCheck.bytesInUse() else { return }
            use(10_000)
            for _ in 0..<10_000 { use(1) }
            let after = try #require(MemoryCheck.bytesInUse())
            #expect(after - before < 100_000, "\(after - before) bytes more")
        }
    }
}
