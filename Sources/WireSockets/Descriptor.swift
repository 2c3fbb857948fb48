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
    private let state = Lock(State.open)

    private enum State { case open, shutDown, closed }

    /// Takes ownership.
    public init(owning rawValue: Int32) { self.rawValue = rawValue }

    deinit { close() }

    /// From any thread, at any time, any number of times: ends both directions.
    ///
    /// Never used with SHUT_WR alone: a Go server takes a half-close for a disconnect.
    public func shutdown() {
        state.withLock { state in
            if state == .closed { return }
            _ = Glibc.shutdown(rawValue, Int32(SHUT_RDWR))
            state = .shutDown
        }
    }

    /// The owner's alone. The second call does nothing. EINTR is not retried: Linux has closed the
    /// descriptor by then (close(2)).
    ///
    /// A socket that was shut down is reset (SO_LINGER, socket(7)). Else, if its owner has read it empty
    /// since and its last word to the peer was a closed window, the kernel says nothing more for a minute
    /// (tcp_fin_timeout, tcp(7)), and a peer that only writes waits for room all that time.
    public func close() {
        let last = state.withLock { state in
            defer { state = .closed }
            return state
        }
        if last == .closed { return }
        if last == .shutDown {
            var reset = linger(l_onoff: 1, l_linger: 0)
            // Safe because the option is a struct linger. What is no socket has none.
            unsafe setsockopt(
                rawValue, SOL_SOCKET, SO_LINGER, &reset, socklen_t(MemoryLayout<linger>.size))
        }
        _ = Glibc.close(rawValue)
    }
}
