internal import Synchronization
public import WireSockets
internal import WireSystem

/// One loop: a thread that watches connections and runs the tasks that prefer it.
public final class EventLoop: Sendable {
    package let core: LoopCore
    public let taskExecutor: LoopTaskExecutor
    public let serialExecutor: LoopSerialExecutor

    init() throws(SystemError) {
        core = try LoopCore()
        taskExecutor = LoopTaskExecutor(core)
        serialExecutor = LoopSerialExecutor(core)
    }

    /// Whether the caller runs on this loop's thread.
    public var isCurrent: Bool { core.isCurrent }

    /// Connections that the loop watches now, idle ones included.
    public var connectionCount: Int { core.registrationCount }

    /// As of its last tick.
    public var statistics: LoopStatistics { core.statisticsSoFar }
}

/// The loops that clients put their connections on. A connection stays on its loop.
///
/// Its threads start with the first connection.
public final class Reactor: Sendable {
    /// The one that clients use unless told otherwise: one loop, for as long as the process lives.
    public static let shared = Reactor(loops: 1)

    private struct State {
        var loops: [EventLoop] = []
        var threads: [PlainThread] = []
        var next = 0
        var isShutDown = false
    }

    /// How many loops there are (or will be, once a connection needs one).
    public let loopCount: Int
    private let state = Lock(State())

    /// - Parameter loops: how many threads. One serves thousands of streams; a second pays when one is
    ///   busy all the time (`EventLoop.statistics`).
    public init(loops: Int = 1) {
        precondition(loops > 0, "a reactor without a loop")
        loopCount = loops
    }

    deinit { stop(joining: false) }

    /// The loops; starts them.
    ///
    /// - Throws: `SystemError` when there is no descriptor left for one, or the reactor is shut down.
    public func loops() throws(SystemError) -> [EventLoop] {
        try started { $0.loops }
    }

    /// A loop for a connection: the one that the caller runs on, else each in turn.
    package func loopForConnection() throws(SystemError) -> EventLoop {
        try started { state in
            if let current = state.loops.first(where: { $0.isCurrent }) { return current }
            state.next = (state.next + 1) % state.loops.count
            return state.loops[state.next]
        }
    }

    /// Ends the threads, when the work of their current tick is done, and waits for that (unless called
    /// from one of them). Close what uses them first: a stream of a reactor that has been shut down
    /// waits for nothing any more but its task's cancellation.
    public func shutDown() { stop(joining: true) }

    private func started<Result>(
        _ body: (inout State) -> Result
    ) throws(SystemError) -> Result {
        try state.withLock { state throws(SystemError) in
            // ESHUTDOWN
            if state.isShutDown { throw SystemError("reactor", 108) }
            while state.loops.count < loopCount {
                let loop = try EventLoop()
                let core = loop.core
                state.loops.append(loop)
                state.threads.append(PlainThread { core.run() })
            }
            return body(&state)
        }
    }

    private func stop(joining: Bool) {
        let (loops, threads) = state.withLock { state in
            state.isShutDown = true
            defer { state.threads = [] }
            return (state.loops, state.threads)
        }
        for loop in loops { loop.core.stop() }
        for (loop, thread) in zip(loops, threads) {
            if joining, !loop.isCurrent { thread.join() } else { thread.detach() }
        }
    }
}
