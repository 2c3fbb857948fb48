/// Runs tasks on a loop: `withTaskExecutorPreference(loop.taskExecutor) { ... }`.
///
/// Not the same object as the actors' executor: one that is both kinds could not tell as which it was
/// given a job, and every resumption would be queued twice.
public final class LoopTaskExecutor: TaskExecutor {
    private let core: LoopCore

    init(_ core: LoopCore) { self.core = core }

    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(LoopJob(job: UnownedJob(job), executor: .task(self)))
    }
}

/// Runs actors on a loop: their `unownedExecutor` is `loop.serialExecutor.asUnownedSerialExecutor()`.
/// The actor has to keep the loop.
public final class LoopSerialExecutor: SerialExecutor {
    private let core: LoopCore

    init(_ core: LoopCore) { self.core = core }

    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(LoopJob(job: UnownedJob(job), executor: .serial(self)))
    }

    public func checkIsolated() {
        precondition(core.isCurrent, "not on the loop's thread")
    }
}

/// A piece of a task, and as what kind of executor the loop was given it.
struct LoopJob: Sendable {
    enum Executor: Sendable {
        case task(LoopTaskExecutor)
        case serial(LoopSerialExecutor)
    }

    let job: UnownedJob
    let executor: Executor

    func run() {
        switch executor {
        case .task(let executor): unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor())
        case .serial(let executor):
            unsafe job.runSynchronously(on: executor.asUnownedSerialExecutor())
        }
    }
}
