import Synchronization
import TestSupport
import Testing
import WireSockets
import WireSystem
import WireTime

@testable import WireReactor

/// A resolver that answers when it is told to, and counts who is in it.
private final class HeldResolver: Sendable {
    private struct State {
        var inside = 0
        var most = 0
        var isOpen = false
    }

    private let state = Mutex(State())
    private let gate: Latch
    let entered = Signal()

    init() throws { gate = try Latch() }

    var most: Int { state.withLock { $0.most } }

    func open() { gate.open() }

    func resolve(_ host: String, _ port: UInt16) -> Result<[SocketAddress], ResolveFailure> {
        state.withLock { state in
            state.inside += 1
            state.most = max(state.most, state.inside)
        }
        entered.open()
        _ = gate.wait(until: MonotonicClock.now + RunningLoop.patience)
        state.withLock { $0.inside -= 1 }
        if host == "nobody" { return .failure(ResolveFailure(host: host, message: "unknown")) }
        return .success([.loopback(port: port)])
    }
}

@Suite struct NameLookUpTests {
    private var patience: Instant { MonotonicClock.now + RunningLoop.patience }

    @Test func theSystemsOwn() async throws {
        let running = try RunningLoop()
        let found = await running.reactor.nameLookUps.addresses(
            of: "127.0.0.1", port: 81, until: patience, for: Waiter(on: running.loop.core))
        #expect(try found?.get() == [.loopback(port: 81)])
        running.stop()
    }

    @Test func answers() async throws {
        let running = try RunningLoop()
        let resolver = try HeldResolver()
        resolver.open()
        let lookUps = NameLookUps(resolver.resolve)
        for host in ["somebody", "nobody"] {
            let found = await lookUps.addresses(
                of: host, port: 9, until: patience, for: Waiter(on: running.loop.core))
            switch found {
            case .success(let addresses): #expect(addresses == [.loopback(port: 9)])
            case .failure(let failure): #expect(host == "nobody" && failure.message == "unknown")
            case nil: Issue.record("no answer for \(host)")
            }
        }
        running.stop()
    }

    @Test func theDeadlineComesFirst() async throws {
        let running = try RunningLoop()
        let resolver = try HeldResolver()
        let lookUps = NameLookUps(resolver.resolve)
        let deadline = MonotonicClock.now + .milliseconds(5)
        let core = running.loop.core
        let hasAnswer = await running.onLoop {
            await lookUps.addresses(of: "a", port: 1, until: deadline, for: Waiter(on: core)) != nil
        }
        #expect(!hasAnswer)
        #expect(MonotonicClock.now >= deadline)
        resolver.open()
        running.stop()
    }

    @Test func theTaskIsCancelledFirst() async throws {
        let running = try RunningLoop()
        let resolver = try HeldResolver()
        let lookUps = NameLookUps(resolver.resolve)
        let (patience, core) = (patience, running.loop.core)
        let task = Task(executorPreference: running.loop.taskExecutor) {
            await lookUps.addresses(of: "a", port: 1, until: patience, for: Waiter(on: core))
        }
        await resolver.entered.wait()
        task.cancel()
        #expect(await task.value == nil)
        resolver.open()
        running.stop()
    }

    /// Many names, few threads; all are answered.
    @Test func noMoreThreadsThanItsLimit() async throws {
        let running = try RunningLoop()
        let resolver = try HeldResolver()
        let lookUps = NameLookUps(resolver.resolve)
        let (patience, core) = (patience, running.loop.core)
        let answered = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<50 {
                group.addTask {
                    let found = await lookUps.addresses(
                        of: "a", port: UInt16(number), until: patience, for: Waiter(on: core))
                    guard case .success(let addresses) = found else { return false }
                    return addresses == [.loopback(port: UInt16(number))]
                }
            }
            await resolver.entered.wait()
            resolver.open()
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(answered == 50)
        #expect(resolver.most <= NameLookUps.most)
        running.stop()
    }
}
