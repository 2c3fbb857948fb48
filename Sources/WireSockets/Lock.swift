#if !THREAD_SANITIZER
public import Synchronization

/// A value behind a lock.
///
/// The standard library's; the thread sanitizer does not see that one wait, and reports races that are
/// none, so builds for the sanitizer (`make tsan`) have another.
public typealias Lock<Value: ~Copyable> = Mutex<Value>
#else
internal import Glibc

/// A value behind a lock, in the sanitizer's terms: pthread_mutex_lock(3). It costs an allocation.
///
/// `@unchecked Sendable`: the thread that holds the lock owns the value.
@safe public struct Lock<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
    /// Safe because both are allocated in `init` and freed in `deinit`, and the value is touched only
    /// under the lock.
    private let lock: UnsafeMutablePointer<pthread_mutex_t>
    private let value: UnsafeMutablePointer<Value>

    public init(_ initialValue: consuming sending Value) {
        unsafe lock = .allocate(capacity: 1)
        unsafe value = .allocate(capacity: 1)
        unsafe lock.initialize(to: pthread_mutex_t())
        unsafe pthread_mutex_init(lock, nil)
        unsafe value.initialize(to: initialValue)
    }

    deinit {
        unsafe value.deinitialize(count: 1)
        unsafe value.deallocate()
        unsafe pthread_mutex_destroy(lock)
        unsafe lock.deallocate()
    }

    public borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        unsafe pthread_mutex_lock(lock)
        defer { unsafe pthread_mutex_unlock(lock) }
        return try unsafe body(&value.pointee)
    }
}
#endif
