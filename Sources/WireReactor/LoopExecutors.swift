internal import WireSockets

/// Runs tasks on a loop: `withTaskExecutorPreference(loop.taskExecutor) { ... }`.
///
/// Not the same object as the actors' executor: one that is both kinds could not tell as which it was
/// given a job, and every resumption would be queued twice.
public final class LoopTaskExecutor: TaskExecutor {
    private let core: LoopCore

    init(_ core: LoopCore) { self.core = core }

    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(.task(UnownedJob(job), self))
    }
}

/// Runs actors on a loop: their `unownedExecutor` is `loop.serialExecutor.asUnownedSerialExecutor()`.
/// The actor has to keep the loop.
public final class LoopSerialExecutor: SerialExecutor {
    private let core: LoopCore

    init(_ core: LoopCore) { self.core = core }

    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(.serial(UnownedJob(job), self))
    }

    public func checkIsolated() {
        precondition(core.isCurrent, "not on the loop's thread")
    }
}

/// What a loop runs between its looks at the sockets: a piece of a task, and as what kind of executor
/// the loop was given it, or a callback.
enum LoopJob: Sendable {
    case task(UnownedJob, LoopTaskExecutor)
    case serial(UnownedJob, LoopSerialExecutor)
    case callback(any LoopCallback)

    func run() {
        switch self {
        case .task(let job, let executor):
            unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor())
        case .serial(let job, let executor):
            unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
        case .callback(let callback): callback.resumed(.none)
        }
    }
}
