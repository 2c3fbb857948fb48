import Synchronization
import Testing
import WireSockets
import WireTime

@testable import WireReactor

/// Tasks and actors on a loop's thread.
@Suite struct ExecutorTests {
    @Test func aTaskRunsOnTheLoopAndStaysThere() async throws {
        let running = try RunningLoop()
        let loop = running.loop
        #expect(!loop.isCurrent)
        let stayed = await running.onLoop {
            var stayed = loop.isCurrent
            for _ in 0..<50 {
                await Task.yield()
                stayed = stayed && loop.isCurrent
            }
            stayed = await ExecutorTests.plain(loop) && stayed
            let waiter = Waiter(on: loop.core)
            _ = await waiter.wait(for: .none, until: MonotonicClock.now + .milliseconds(1))
            return stayed && loop.isCurrent
        }
        #expect(stayed)
        running.stop()
        #expect(loop.statistics.jobs > 0)
    }

    private static func plain(_ loop: EventLoop) async -> Bool { loop.isCurrent }

    /// Woken by another thread, too.
    @Test func itComesBackToTheLoop() async throws {
        let running = try RunningLoop()
        let loop = running.loop
        let signal = Signal()
        let task = Task(executorPreference: loop.taskExecutor) {
            let before = loop.isCurrent
            await signal.wait()
            return before && loop.isCurrent
        }
        signal.open()
        #expect(await task.value)
        running.stop()
    }

    @Test func childTasksFollow() async throws {
        let running = try RunningLoop()
        let loop = running.loop
        let count = await running.onLoop {
            await withTaskGroup(of: Bool.self) { group in
                for _ in 0..<100 {
                    group.addTask {
                        await Task.yield()
                        return loop.isCurrent
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        #expect(count == 100)
        running.stop()
    }

    private actor Counting {
        nonisolated let loop: EventLoop
        private(set) var count = 0

        init(_ loop: EventLoop) { self.loop = loop }

        nonisolated var unownedExecutor: UnownedSerialExecutor {
            unsafe loop.serialExecutor.asUnownedSerialExecutor()
        }

        func add() -> Bool {
            count += 1
            preconditionIsolated()
            return loop.isCurrent
        }
    }

    @Test func anActorOnTheLoop() async throws {
        let running = try RunningLoop()
        let actor = Counting(running.loop)
        let ok = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 { group.addTask { await actor.add() } }
            return await group.reduce(true) { $0 && $1 }
        }
        #expect(ok)
        #expect(await actor.count == 200)
        running.stop()
    }

    /// A task that comes when the loop has ended is not lost.
    @Test func afterTheEnd() async throws {
        let running = try RunningLoop()
        running.stop()
        #expect(await running.onLoop { 7 } == 7)
        #expect(throws: SystemError.self) { try running.reactor.loops() }
    }

    @Test func manyTasksWhileItEnds() async throws {
        for _ in 0..<20 {
            let running = try RunningLoop()
            let executor = running.loop.taskExecutor
            let tasks = (0..<50).map { number in
                Task(executorPreference: executor) {
                    await Task.yield()
                    return number
                }
            }
            running.stop()
            var sum = 0
            for task in tasks { sum += await task.value }
            #expect(sum == 1_225)
        }
    }

    @Test func loopsTakeTurns() throws {
        let reactor = Reactor(loops: 3)
        let loops = try reactor.loops()
        #expect(loops.count == 3)
        #expect(try reactor.loops().map(ObjectIdentifier.init) == loops.map(ObjectIdentifier.init))
        let six = try (0..<6).map { _ in ObjectIdentifier(try reactor.loopForConnection()) }
        #expect(Set(six.prefix(3)) == Set(loops.map(ObjectIdentifier.init)))
        #expect(six.prefix(3) == six.suffix(3))
        reactor.shutDown()
    }

    @Test func aLoopKeepsItsOwnConnections() async throws {
        let reactor = Reactor(loops: 2)
        for loop in try reactor.loops() {
            let kept = await Task(executorPreference: loop.taskExecutor) {
                (0..<4).allSatisfy { _ in (try? reactor.loopForConnection()) === loop }
            }.value
            #expect(kept)
        }
        reactor.shutDown()
    }
}

@Suite struct LoopTests {
    private final class Recorder: LoopTimer {
        let fired: @Sendable (Instant) -> Instant?

        init(_ fired: @escaping @Sendable (Instant) -> Instant?) { self.fired = fired }

        func fire(at now: Instant) -> Instant? { fired(now) }
    }

    /// Set by another thread in any order: each fires, in order, never too early.
    @Test func timersFireInOrder() async throws {
        let running = try RunningLoop()
        let start = MonotonicClock.now
        let fired = Mutex<[(due: Instant, at: Instant)]>([])
        let ended = Signal()
        let times = [7, 3, 9, 1, 5, 3].map { start + .milliseconds($0) }
        for due in times {
            running.loop.core.schedule(
                Recorder { now in
                    let count = fired.withLock { fired in
                        fired.append((due, now))
                        return fired.count
                    }
                    if count == times.count { ended.open() }
                    return nil
                }, at: due)
        }
        await ended.wait()
        running.stop()
        let all = fired.withLock { $0 }
        #expect(all.allSatisfy { $0.at >= $0.due })
        #expect(all.map(\.at) == all.map(\.at).sorted())
        #expect(running.loop.statistics.timers == times.count)
    }

    @Test func aTimerCanAskToBeCalledAgain() async throws {
        let running = try RunningLoop()
        let ended = Signal()
        let calls = Mutex<[Instant]>([])
        running.loop.core.schedule(
            Recorder { now in
                let count = calls.withLock { calls in
                    calls.append(now)
                    return calls.count
                }
                if count == 3 { ended.open() }
                return count == 3 ? nil : now + .milliseconds(2)
            }, at: MonotonicClock.now)
        await ended.wait()
        running.stop()
        let times = calls.withLock { $0 }
        #expect(times.count == 3)
        #expect(zip(times, times.dropFirst()).allSatisfy { $1.since($0) >= .milliseconds(2) })
    }

    /// One job, one message, and time that passed: what the numbers mean.
    @Test func statistics() async throws {
        let running = try RunningLoop()
        await running.onLoop {}
        running.stop()
        let statistics = running.loop.statistics
        #expect(statistics.jobs >= 1)
        #expect(statistics.messages >= 1)
        #expect(statistics.ticks >= 1)
        #expect(statistics.events == 0 && statistics.eventsPerTick == 0)
        #expect(statistics.waited + statistics.worked > .zero)
    }

    private final class Callback: LoopCallback {
        let body: @Sendable () -> Void

        init(_ body: @escaping @Sendable () -> Void) { self.body = body }

        func resumed(_ ready: Readiness) { body() }
    }

    /// A thousand new requests, say, do not keep records waiting: what others bring runs for a slice of
    /// time before the loop looks at its sockets again. In the order in which it came.
    @Test func whatOthersBringDoesNotHoldUpEvents() async throws {
        let running = try RunningLoop()
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        let socket = try StreamSocket.connect(to: listener.localAddress!)
        let peer = try #require(try listener.accept())
        let waiter = Waiter(on: running.loop.core)
        let token = try running.loop.core.register(socket.descriptor, for: waiter)
        let (holding, release) = (Signal(), try Latch())
        let all = Signal()
        let order = Mutex<(jobs: [Int], beforeTheEvent: Int?)>(([], nil))
        running.loop.core.call(
            Callback {
                holding.open()
                _ = release.wait(until: MonotonicClock.now + RunningLoop.patience)
            })
        await holding.wait()
        let record = Callback { order.withLock { $0.beforeTheEvent = $0.jobs.count } }
        #expect(waiter.wait(for: reading, until: nobody, resuming: record) == nil)
        for number in 0..<1_000 {
            running.loop.core.call(
                Callback {
                    let end = MonotonicClock.now + .microseconds(50)
                    while MonotonicClock.now < end {}
                    let count = order.withLock {
                        $0.jobs.append(number)
                        return $0.jobs.count
                    }
                    if count == 1_000 { all.open() }
                })
        }
        #expect(peer.send([1].span, Span()) == .bytes(1))
        release.open()
        await all.wait()
        let (jobs, before) = order.withLock { ($0.jobs, $0.beforeTheEvent) }
        #expect(jobs == Array(0..<1_000))
        #expect((before ?? .max) < 100)
        running.loop.core.deregister(token)
        socket.descriptor.close()
        peer.descriptor.close()
        listener.descriptor.close()
        running.stop()
    }

    /// Readiness of a real connection, and that a deregistered one brings nothing any more.
    @Test func aConnection() async throws {
        let running = try RunningLoop()
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        let transport = try ReactorTransport(
            connectingTo: listener.localAddress!, on: running.loop)
        #expect(running.loop.connectionCount == 1)
        let deadline = MonotonicClock.now + RunningLoop.patience
        #expect(await transport.ready(for: writing, until: deadline) == writing)
        #expect(transport.finishConnecting() == .connected)
        let served = try listener.accept()
        let wait = Task { await transport.ready(for: reading, until: deadline) }
        served?.descriptor.close()
        #expect(await wait.value == reading)
        transport.close()
        #expect(running.loop.connectionCount == 0)
        listener.descriptor.close()
        running.stop()
        #expect(running.loop.statistics.events > 0)
    }

    @Test func cancellingATaskShutsItsConnectionDown() async throws {
        let running = try RunningLoop()
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        let transport = try ReactorTransport(
            connectingTo: listener.localAddress!, on: running.loop)
        let deadline = MonotonicClock.now + RunningLoop.patience
        _ = await transport.ready(for: writing, until: deadline)
        let served = try #require(try listener.accept())
        let wait = Task.immediate { await transport.ready(for: reading, until: deadline) }
        wait.cancel()
        _ = await wait.value
        #expect(MonotonicClock.now < deadline)
        let seen = Poll.wait(served.descriptor, for: reading, until: deadline)
        #expect(seen.read, "the peer sees it though nobody has closed yet")
        transport.close()
        served.descriptor.close()
        listener.descriptor.close()
        running.stop()
    }
}
