import TestSupport
import Testing
import WireSockets
import WireSystem
import WireTime

@testable import WireReactor

/// A waiter's table, without a loop's thread: events and times come from the test. The loop is there
/// to take what the waiter schedules, and never runs.
@Suite struct WaiterTests {
    private let waiter: Waiter

    init() throws { waiter = Waiter(on: try LoopCore()) }

    private func event(
        read: Bool = false, write: Bool = false, final: Bool = false
    ) -> Epoll.Event {
        Epoll.Event(token: 0, readable: read, writable: write, isFinal: final)
    }

    /// A wait under way: the task has suspended when this returns.
    private func suspended(
        _ interest: Readiness, until deadline: Instant = nobody
    ) -> Task<Readiness, Never> {
        Task.immediate { [waiter] in await waiter.wait(for: interest, until: deadline) }
    }

    private func now(_ seconds: Int64) -> Instant { Instant(nanoseconds: 5) + .seconds(seconds) }

    @Test func anEventBeforeTheWaitIsRemembered() async {
        waiter.signal(event(read: true))
        #expect(await waiter.wait(for: reading, until: nobody) == reading)
    }

    @Test func andTakenOnce() async {
        waiter.signal(event(read: true, write: true))
        #expect(await waiter.wait(for: reading, until: nobody) == reading)
        #expect(await waiter.wait(for: writing, until: nobody) == writing)
        let wait = suspended(reading, until: now(1))
        #expect(waiter.fire(at: now(1)) == nil)
        #expect(await wait.value == Readiness.none)
    }

    @Test func anEventDuringTheWait() async {
        let wait = suspended(reading)
        waiter.signal(event(read: true))
        #expect(await wait.value == reading)
    }

    @Test func otherEventsDoNotEndIt() async {
        let wait = suspended(writing, until: now(3))
        waiter.signal(event(read: true))
        waiter.signal(event(write: true))
        #expect(await wait.value == writing)
        #expect(await waiter.wait(for: reading, until: nobody) == reading, "remembered")
    }

    @Test func ofBothTheOneThatCame() async {
        let wait = suspended(Readiness(read: true, write: true))
        waiter.signal(event(write: true))
        #expect(await wait.value == writing)
    }

    @Test func theEndOfAConnectionEndsEveryWait() async {
        let wait = suspended(writing)
        waiter.signal(event(final: true))
        #expect(await wait.value == writing)
        for _ in 0..<3 { #expect(await waiter.wait(for: reading, until: nobody) == reading) }
    }

    // MARK: wake

    @Test func wokenDuringTheWait() async {
        let wait = suspended(reading)
        waiter.wake()
        #expect(await wait.value == Readiness.none)
    }

    @Test func wokenBeforeTheWait() async {
        waiter.wake()
        waiter.wake()
        #expect(await waiter.wait(for: reading, until: nobody) == Readiness.none)
        let wait = suspended(reading, until: now(1))
        _ = waiter.fire(at: now(1))
        #expect(await wait.value == Readiness.none, "a wake is for one wait")
    }

    /// The event is not lost with the wait that the wake ended.
    @Test func wokenThoughThereIsAnEvent() async {
        waiter.wake()
        waiter.signal(event(read: true))
        #expect(await waiter.wait(for: reading, until: nobody) == Readiness.none)
        #expect(await waiter.wait(for: reading, until: nobody) == reading)
    }

    @Test func wokenAndSignalled() async {
        let wait = suspended(reading)
        waiter.wake()
        waiter.signal(event(read: true))
        #expect(await wait.value == Readiness.none)
        #expect(await waiter.wait(for: reading, until: nobody) == reading)
    }

    // MARK: Time

    @Test func theDeadlineComes() async {
        let wait = suspended(reading, until: now(10))
        #expect(waiter.fire(at: now(10)) == nil)
        #expect(await wait.value == Readiness.none)
    }

    @Test func calledTooEarlyItAsksForItsDeadline() async {
        let wait = suspended(reading, until: now(10))
        #expect(waiter.fire(at: now(9)) == now(10))
        #expect(waiter.fire(at: now(10)) == nil)
        #expect(await wait.value == Readiness.none)
    }

    @Test func calledForNobody() async {
        #expect(waiter.fire(at: now(1)) == nil)
        let wait = suspended(reading, until: now(10))
        waiter.signal(event(read: true))
        #expect(await wait.value == reading)
        #expect(waiter.fire(at: now(10)) == nil)
    }

}

/// How often a waiter's deadlines reach its loop.
@Suite struct WaiterScheduleTests {
    /// Waits that an event ends, one after another, each until so many minutes from now; returns how
    /// many times the loop was asked to call.
    private func schedulings(_ deadlines: [Int64?]) async throws -> Int {
        let running = try RunningLoop()
        let waiter = Waiter(on: running.loop.core)
        let start = MonotonicClock.now
        for minutes in deadlines {
            let wait = Task.immediate {
                await waiter.wait(
                    for: reading, until: minutes.map { start + .minutes($0) } ?? nobody)
            }
            waiter.signal(
                Epoll.Event(token: 0, readable: true, writable: false, isFinal: false))
            #expect(await wait.value == reading)
        }
        // One more message, behind all others.
        await running.onLoop {}
        running.stop()
        return running.loop.statistics.messages - 1
    }

    /// What a stream does for each read: its deadline moves, the loop's timer stays.
    @Test func aLaterDeadlineCostsNothing() async throws {
        #expect(try await schedulings([100, 101, 102, 100, 150, nil]) == 1)
    }

    @Test func anEarlierOneDoes() async throws {
        #expect(try await schedulings([200, 100, 150]) == 2)
    }

    @Test func noneAtAll() async throws {
        #expect(try await schedulings([nil, nil]) == 0)
    }
}

/// Races of a wait with everything that ends it, on a running loop.
@Suite struct WaiterRaceTests {
    /// Each wait is ended by exactly one of an event, a wake and the deadline; none is forgotten.
    @Test func noneIsForgotten() async throws {
        let running = try RunningLoop()
        let waiter = Waiter(on: running.loop.core)
        var random = SeededGenerator(seed: 20_261_120)
        for round in 0..<2_000 {
            let deadline = MonotonicClock.now + .microseconds(Int64(random.below(60)))
            let waker = PlainThread {
                if round % 2 == 0 {
                    waiter.wake()
                } else {
                    waiter.signal(
                        Epoll.Event(token: 0, readable: true, writable: false, isFinal: false))
                }
            }
            _ = await waiter.wait(for: reading, until: deadline)
            waker.join()
            // Whatever came too late is still there; the deadline ends this one otherwise.
            _ = await waiter.wait(
                for: reading, until: MonotonicClock.now + .microseconds(10))
        }
        running.stop()
        #expect(running.loop.statistics.timers > 0)
    }
}
