internal import CLinuxShims
internal import Glibc
public import WireTime

/// What a descriptor is waited for, and what it turned out to be ready for.
public struct Readiness: Equatable, Sendable {
    public var read: Bool
    public var write: Bool

    public init(read: Bool, write: Bool) {
        self.read = read
        self.write = write
    }

    public static let none = Readiness(read: false, write: false)
}

/// `ppoll(2)`.
public enum Poll {
    /// Waits for one descriptor until a deadline. An error or hang-up counts as ready for all that
    /// was asked: the next call on the descriptor says what it is.
    ///
    /// - Returns: `.none` at the deadline, and also when a signal came: look at the clock.
    public static func wait(
        _ descriptor: Descriptor, for interest: Readiness, until deadline: Instant
    ) -> Readiness {
        var entry = pollfd(fd: descriptor.rawValue, events: events(interest), revents: 0)
        // Safe because one entry is given.
        let count = unsafe clinux_ppoll(&entry, 1, remaining(until: deadline))
        return count > 0 ? readiness(entry, interest) : .none
    }

    /// Waits for several descriptors; the result has one entry for each.
    public static func wait(
        _ descriptors: [(Descriptor, Readiness)], until deadline: Instant
    ) -> [Readiness] {
        var entries = descriptors.map {
            pollfd(fd: $0.0.rawValue, events: events($0.1), revents: 0)
        }
        let count = unsafe entries.withUnsafeMutableBufferPointer { buffer in
            // Safe because the count is the buffer's.
            unsafe clinux_ppoll(buffer.baseAddress, UInt(buffer.count), remaining(until: deadline))
        }
        guard count > 0 else { return descriptors.map { _ in .none } }
        return zip(entries, descriptors).map { readiness($0, $1.1) }
    }

    private static func events(_ interest: Readiness) -> Int16 {
        Int16((interest.read ? POLLIN : 0) | (interest.write ? POLLOUT : 0))
    }

    private static func readiness(_ entry: pollfd, _ interest: Readiness) -> Readiness {
        let all = Int32(entry.revents)
        let broken = all & (POLLERR | POLLHUP | POLLNVAL) != 0
        return Readiness(
            read: interest.read && (broken || all & POLLIN != 0),
            write: interest.write && (broken || all & POLLOUT != 0))
    }

    private static func remaining(until deadline: Instant) -> Int64 {
        if deadline == .distantFuture { return -1 }
        return max(0, deadline.since(MonotonicClock.now).nanoseconds)
    }
}
