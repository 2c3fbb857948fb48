internal import Glibc

/// A value behind a lock that threads can wait on (pthread_mutex, pthread_cond): for servers and
/// tests that watch them.
///
/// `@unchecked Sendable`: the value is touched only by the thread that holds the lock.
@safe public final class Monitor<Value: Sendable>: @unchecked Sendable {
    private var value: Value
    /// Allocated once, freed in `deinit`: both have to keep their addresses.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>

    public init(_ value: Value) {
        self.value = value
        unsafe lock = .allocate(capacity: 1)
        unsafe changed = .allocate(capacity: 1)
        // Safe because both are initialized before anybody else can see them.
        unsafe lock.initialize(to: pthread_mutex_t())
        unsafe changed.initialize(to: pthread_cond_t())
        unsafe pthread_mutex_init(lock, nil)
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        unsafe pthread_cond_init(changed, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
    }

    deinit {
        // Safe because nobody refers to them any more.
        unsafe pthread_cond_destroy(changed)
        unsafe pthread_mutex_destroy(lock)
        unsafe changed.deallocate()
        unsafe lock.deallocate()
    }

    /// Reads the value.
    public func read<Result>(_ body: (Value) throws -> Result) rethrows -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return try body(value)
    }

    /// Changes the value and wakes every waiter, to look again.
    public func update<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        unsafe pthread_mutex_lock(lock)
        defer {
            unsafe pthread_cond_broadcast(changed)
            unsafe pthread_mutex_unlock(lock)
        }
        return try body(&value)
    }

    /// Waits until `body` finds something in the value, at most until an instant of
    /// CLOCK_MONOTONIC in nanoseconds (`.max`: without a limit).
    ///
    /// - Returns: what it found; nil when the time has come first.
    public func wait<Result>(
        untilNanoseconds limit: Int64, for body: (Value) -> Result?
    ) -> Result? {
        var instant = timespec(
            tv_sec: Int(limit / 1_000_000_000), tv_nsec: Int(limit % 1_000_000_000))
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        while true {
            if let found = body(value) { return found }
            // Any error counts as the limit, so that a wait always ends.
            if unsafe pthread_cond_timedwait(changed, lock, &instant) != 0 { return body(value) }
        }
    }
}
