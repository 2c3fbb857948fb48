import Synchronization
import Testing
import WireSockets
import WireSystem
import WireTime

@testable import WireReactor

/// A reactor of one loop for one test; its thread has ended when `stop` returns.
struct RunningLoop {
    /// How long anything waits before a test counts as failed. Long, because tests that compute for a
    /// while may keep all threads from others.
    static let patience = Timeout.minutes(20)

    let reactor = Reactor(loops: 1)
    let loop: EventLoop

    init() throws { loop = try reactor.loops()[0] }

    func stop() { reactor.shutDown() }

    /// On the loop's thread, where nothing moves meanwhile but what `body` itself does.
    @discardableResult
    func onLoop<Value: Sendable>(_ body: @escaping @Sendable () async -> Value) async -> Value {
        await Task(executorPreference: loop.taskExecutor) { await body() }.value
    }
}

/// Opened by one thread or task, awaited by a task: without blocking a thread that tests share.
final class Signal: Sendable {
    private struct State {
        var isOpen = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}

let reading = Readiness(read: true, write: false)
let writing = Readiness(read: false, write: true)
let nobody = Instant.distantFuture
