internal import Glibc
internal import Synchronization

/// A file descriptor that one owner uses and closes, and that other threads may shut down.
///
/// A foreign thread never closes: it takes the lock, sees whether the descriptor is still this
/// one's, and calls `shutdown(2)`, which wakes whoever waits on it. So a number that the kernel has
/// given to somebody else meanwhile is never touched.
public final class Descriptor: Sendable {
    /// The owner's number, for its system calls. The owner does not use it after `close`.
    public let rawValue: Int32
    private let isOpen = Lock(true)

    /// Takes ownership.
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit { close() }

    /// From any thread, at any time, any number of times: ends both directions.
    ///
    /// Never used with SHUT_WR alone: a Go server takes a half-close for a disconnect.
    public func shutdown() {
        isOpen.withLock { open in
            if open { _ = Glibc.shutdown(rawValue, Int32(SHUT_RDWR)) }
        }
    }

    /// The owner's alone. The second call does nothing. EINTR is not retried: Linux has closed the
    /// descriptor by then (close(2)).
    public func close() {
        let wasOpen = isOpen.withLock { open in
            defer { open = false }
            return open
        }
        if wasOpen { _ = Glibc.close(rawValue) }
    }
}
