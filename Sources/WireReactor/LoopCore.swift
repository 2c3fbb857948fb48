internal import Glibc
internal import Synchronization
package import WireSockets
package import WireTime

/// One thread, one epoll instance: brings events to those who wait, keeps deadlines, and runs the jobs
/// of tasks that prefer it.
///
/// A tick: take what other threads have asked; wait; read the clock once; bring events; run jobs; then
/// let timers fire, so that bytes which are there beat a deadline that has passed.
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
    private var jobs: [LoopJob] = []
    private var timers = TimerHeap()
    private let events = EventBuffer()
    /// Jobs between two looks at the sockets.
    private static let jobsPerTick = 1024

    /// What only `run` needs: a local of it, because an object's properties are checked at each use for
    /// overlapping ones.
    private struct Work {
        var running: [LoopJob] = []
        var signalled: [(Waiter, Epoll.Event)] = []
        var statistics = LoopStatistics()
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
        if isCurrent { return timers.insert(timer, due: due) }
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

    func enqueue(_ job: LoopJob) {
        if isCurrent { return jobs.append(job) }
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
            work.statistics.messages += takeInbox()
            let count = waitForEvents(from: before)
            let now = MonotonicClock.now
            work.statistics.waited = work.statistics.waited + now.since(before)
            bring(count, &work)
            runJobs(&work)
            work.statistics.timers += fireTimers(at: now)
            before = MonotonicClock.now
            work.statistics.worked = work.statistics.worked + before.since(now)
            work.statistics.ticks += 1
            published.withLock { $0 = work.statistics }
        }
        threadID.store(0, ordering: .sequentiallyConsistent)
        hasEnded.store(true, ordering: .sequentiallyConsistent)
        let left = jobs
        jobs = []
        for job in left { job.run() }
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

    private func takeInbox() -> Int {
        inbox.takeAll { message in
            switch message {
            case .job(let job): jobs.append(job)
            case .timer(let timer, let due): timers.insert(timer, due: due)
            case .wake(let waiter): waiter.wake()
            }
        }
    }

    private func waitForEvents(from now: Instant) -> Int {
        if !jobs.isEmpty { return epoll.wait(events, for: .zero) }
        let next = timers.next
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
        table.withLock { table in
            for index in 0..<count {
                let event = events[index]
                if let waiter = table.find(event.token) {
                    work.signalled.append((waiter, event))
                }
            }
        }
        for (waiter, event) in work.signalled { waiter.signal(event) }
        work.statistics.events += work.signalled.count
        work.signalled.removeAll(keepingCapacity: true)
    }

    private func runJobs(_ work: inout Work) {
        var left = LoopCore.jobsPerTick
        while left > 0 {
            swap(&jobs, &work.running)
            if work.running.isEmpty { return }
            for job in work.running { job.run() }
            left -= work.running.count
            work.statistics.jobs += work.running.count
            work.running.removeAll(keepingCapacity: true)
        }
    }

    /// - Returns: how many fired.
    private func fireTimers(at now: Instant) -> Int {
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
