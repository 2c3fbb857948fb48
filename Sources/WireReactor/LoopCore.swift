internal import Glibc
internal import Synchronization
package import WireSockets
package import WireTime

/// One thread, one epoll instance: brings events to those who wait, keeps deadlines, and runs the jobs
/// of tasks that prefer it.
///
/// A tick: take what other threads have asked; wait; read the clock; run the jobs that they brought, for
/// a fair part of a tick, because ten thousand new requests must not keep records waiting; bring each
/// event and run the jobs that it has made, so that no record waits for others to be read and what is
/// touched is still in the processor's caches; then let timers fire, so that bytes which are there beat
/// a deadline that has passed.
///
/// `@unchecked Sendable`: what is under "The loop's own" is touched by the loop's thread only, the rest
/// is atomic or behind a lock.
package final class LoopCore: @unchecked Sendable {
    enum Message {
        case job(LoopJob)
        case timer(any LoopTimer, Instant)
        case wake(Waiter)
    }

    // Shared
    private let epoll: Epoll
    private let wakeEvent: WakeEvent
    private let inbox = Inbox<Message>()
    private let table = Lock(RegistrationTable())
    private let isAsleep = Atomic<Bool>(false)
    /// When the loop wakes by itself.
    private let sleepsUntil = Atomic<Int64>(.max)
    private let threadID = Atomic<UInt>(0)
    private let isStopping = Atomic<Bool>(false)
    private let hasEnded = Atomic<Bool>(false)
    /// Timers in the heap that nobody waits for any more, about.
    private let retiredTimers = Atomic<Int>(0)
    private let published = Lock(LoopStatistics())
    private static let wakeToken = UInt64.max

    // The loop's own
    /// Unchecked, because the check would cost more than most accesses. Safe because the loop's thread
    /// alone comes here, and by `fresh`, where no access lasts longer than a statement.
    @exclusivity(unchecked) private var freshWork = Fresh()
    private let events = EventBuffer()
    /// Jobs between two looks at the sockets.
    private static let jobsPerTick = 1024

    /// What its own thread has brought since it looked last.
    private struct Fresh {
        var jobs: [LoopJob] = []
        var timers: [(any LoopTimer, Instant)] = []

        /// - Returns: whether there are jobs.
        mutating func hand(to heap: inout TimerHeap) -> Bool {
            if !timers.isEmpty {
                for (timer, due) in timers { heap.insert(timer, due: due) }
                timers.removeAll(keepingCapacity: true)
            }
            return !jobs.isEmpty
        }
    }

    @inline(__always) private var fresh: Fresh {
        _read { yield unsafe freshWork }
        _modify { yield unsafe &freshWork }
    }

    /// First in, first out; holds nothing that was taken out.
    private struct JobQueue {
        private var newer: [LoopJob] = []
        /// The last of these comes next.
        private var older: [LoopJob] = []

        var isEmpty: Bool { newer.isEmpty && older.isEmpty }

        mutating func append(_ job: LoopJob) { newer.append(job) }

        mutating func next() -> LoopJob? {
            if older.isEmpty {
                if newer.isEmpty { return nil }
                newer.reverse()
                swap(&newer, &older)
            }
            return older.popLast()
        }
    }

    /// What only `run` needs: a local of it, because an object's properties are checked at each use for
    /// overlapping ones.
    private struct Work {
        var timers = TimerHeap()
        var running: [LoopJob] = []
        /// By other threads.
        var brought = JobQueue()
        /// Whom the events of a wait are for, each in its event's place while the events are brought.
        /// Taken out one by one: to remove all of an array's at once costs more than to bring an event.
        var addressees = [Waiter?](repeating: nil, count: Epoll.batch)
        /// Of this tick.
        var jobsRun = 0
        /// For the jobs that others bring, between two looks at the sockets.
        var slice = Work.shortestSlice
        var statistics = LoopStatistics()

        /// Time for two or three requests to begin: to connect takes 40 us.
        private static let shortestSlice = Timeout.microseconds(100)

        /// A quarter of what the rest of a tick took, so that those who are new do not starve where
        /// ticks are long. Not all of it: they make such work, and slices would grow without end.
        mutating func grantSlice(behind rest: Timeout) {
            slice = max(Work.shortestSlice, Timeout(nanoseconds: rest.nanoseconds / 4))
        }
    }

    init() throws(SystemError) {
        epoll = try Epoll()
        wakeEvent = try WakeEvent()
        try epoll.addReadable(wakeEvent.descriptor, token: LoopCore.wakeToken)
    }

    /// Whether the caller runs on this loop's thread.
    package var isCurrent: Bool { threadID.load(ordering: .relaxed) == LoopCore.currentThread }

    private static var currentThread: UInt { UInt(pthread_self()) }

    /// Connections that the loop watches now, idle ones included.
    package var registrationCount: Int { table.withLock { $0.count } }

    package var statisticsSoFar: LoopStatistics { published.withLock { $0 } }

    // MARK: For all threads

    /// Watches a descriptor for a waiter. From any thread.
    ///
    /// - Returns: the token for `deregister`, which has to come before the descriptor is closed.
    package func register(
        _ descriptor: Descriptor, for waiter: Waiter
    ) throws(SystemError) -> UInt64 {
        let token = table.withLock { $0.insert(waiter) }
        do throws(SystemError) {
            try epoll.add(descriptor, token: token)
        } catch {
            deregister(token)
            throw error
        }
        return token
    }

    package func deregister(_ token: UInt64) { table.withLock { $0.remove(token) } }

    /// Has a timer fire. From any thread; wakes the loop only if it would sleep past that.
    package func schedule(_ timer: any LoopTimer, at due: Instant) {
        if due == .distantFuture { return }
        if isCurrent { return fresh.timers.append((timer, due)) }
        inbox.push(.timer(timer, due))
        if due.nanoseconds < sleepsUntil.load(ordering: .sequentiallyConsistent) { wakeUp() }
    }

    /// A connection that closes early leaves its timer in the heap.
    func noteRetiredTimer() { retiredTimers.wrappingAdd(1, ordering: .relaxed) }

    /// Wakes a waiter without running anybody's code in the calling thread.
    func wake(_ waiter: Waiter) {
        inbox.push(.wake(waiter))
        wakeUp()
    }

    /// Calls `callback` with `.none` on the loop's thread, but not before this returns. From any thread.
    package func call(_ callback: any LoopCallback) { enqueue(.callback(callback)) }

    func enqueue(_ job: LoopJob) {
        if isCurrent { return fresh.jobs.append(job) }
        inbox.push(.job(job))
        wakeUp()
        if hasEnded.load(ordering: .sequentiallyConsistent) { runLate() }
    }

    private func wakeUp() {
        if isAsleep.exchange(false, ordering: .sequentiallyConsistent) { wakeEvent.signal() }
    }

    /// The thread ends with its current tick. Jobs that come later run on the threads that bring them.
    func stop() {
        isStopping.store(true, ordering: .sequentiallyConsistent)
        wakeEvent.signal()
    }

    // MARK: The thread

    func run() {
        threadID.store(LoopCore.currentThread, ordering: .sequentiallyConsistent)
        var work = Work()
        var before = MonotonicClock.now
        while !isStopping.load(ordering: .relaxed) {
            work.statistics.messages += takeInbox(&work.brought)
            let count = waitForEvents(from: before, &work)
            let now = MonotonicClock.now
            work.statistics.waited = work.statistics.waited + now.since(before)
            work.jobsRun = 0
            let rest = runBroughtJobs(since: now, &work)
            runFreshJobs(&work)
            bring(count, &work)
            while work.jobsRun < LoopCore.jobsPerTick, !fresh.jobs.isEmpty { runFreshJobs(&work) }
            work.statistics.jobs += work.jobsRun
            work.statistics.timers += fireTimers(at: now, &work.timers)
            before = MonotonicClock.now
            if let rest { work.grantSlice(behind: before.since(rest)) }
            work.statistics.worked = work.statistics.worked + before.since(now)
            work.statistics.ticks += 1
            published.withLock { $0 = work.statistics }
        }
        threadID.store(0, ordering: .sequentiallyConsistent)
        hasEnded.store(true, ordering: .sequentiallyConsistent)
        let left = fresh.jobs
        fresh = Fresh()
        for job in left { job.run() }
        while let job = work.brought.next() { job.run() }
        runLate()
    }

    /// What comes after the thread's end runs on the thread that brings it: a task must not be lost.
    private func runLate() {
        _ = inbox.takeAll { message in
            switch message {
            case .job(let job): job.run()
            case .timer: break
            case .wake(let waiter): waiter.wake()
            }
        }
    }

    private func takeInbox(_ brought: inout JobQueue) -> Int {
        inbox.takeAll { message in
            switch message {
            case .job(let job): brought.append(job)
            case .timer(let timer, let due): fresh.timers.append((timer, due))
            case .wake(let waiter): waiter.wake()
            }
        }
    }

    private func waitForEvents(from now: Instant, _ work: inout Work) -> Int {
        let hasJobs = fresh.hand(to: &work.timers) || !work.brought.isEmpty
        if hasJobs { return epoll.wait(events, for: .zero) }
        let next = work.timers.next
        sleepsUntil.store(next.nanoseconds, ordering: .sequentiallyConsistent)
        isAsleep.store(true, ordering: .sequentiallyConsistent)
        // What was pushed before this look is seen by it; who pushes after it sees `isAsleep`.
        let limit: Timeout? =
            !inbox.isEmpty ? .zero : next == .distantFuture ? nil : next.since(now)
        let count = epoll.wait(events, for: limit)
        isAsleep.store(false, ordering: .sequentiallyConsistent)
        sleepsUntil.store(.min, ordering: .sequentiallyConsistent)
        return count
    }

    private func bring(_ count: Int, _ work: inout Work) {
        if count == 0 { return }
        // All at once: who leaves meanwhile is a waiter for whom nobody waits any more.
        table.withLock { table in
            for index in 0..<count { work.addressees[index] = table.find(events.token(at: index)) }
        }
        for index in 0..<count {
            guard let waiter = work.addressees[index].take() else { continue }
            work.statistics.events += 1
            waiter.signal(events[index])
            if work.jobsRun < LoopCore.jobsPerTick { runFreshJobs(&work) }
        }
    }

    /// The jobs that are there; what they bring is left for the next time.
    private func runFreshJobs(_ work: inout Work) {
        if fresh.jobs.isEmpty { return }
        swap(&fresh.jobs, &work.running)
        work.jobsRun += work.running.count
        work.running.reverse()
        while let job = work.running.popLast() { job.run() }
    }

    /// - Returns: when the slice was over, if it was too short for all.
    private func runBroughtJobs(since start: Instant, _ work: inout Work) -> Instant? {
        while let job = work.brought.next() {
            job.run()
            work.jobsRun += 1
            if work.brought.isEmpty { return nil }
            let now = MonotonicClock.now
            if now.since(start) > work.slice { return now }
        }
        return nil
    }

    /// - Returns: how many fired.
    private func fireTimers(at now: Instant, _ timers: inout TimerHeap) -> Int {
        var count = 0
        while let timer = timers.popDue(at: now) {
            count += 1
            if let next = timer.fire(at: now) { timers.insert(timer, due: max(next, now)) }
        }
        // At constant cost for each: no more of them than of the others.
        if retiredTimers.load(ordering: .relaxed) > 64 + timers.count / 2 {
            retiredTimers.store(0, ordering: .relaxed)
            timers.sweep()
        }
        return count
    }
}
