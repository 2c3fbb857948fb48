/// The deadlines that run now, as absolute instants. Pure: `now` is an argument.
///
/// Arming is two stores. Nothing is sorted: `next` looks at thirteen values, and is asked for only
/// when a driver is about to wait.
public struct DeadlineTable: Sendable {
    /// A deadline that has passed, and how long it had been running.
    public struct Expired: Equatable, Sendable {
        public let deadline: Deadline
        public let waited: Timeout
    }

    @usableFromInline var due: InlineArray<13, Instant> = .init(repeating: .distantFuture)
    @usableFromInline var started: InlineArray<13, Instant> = .init(repeating: .distantFuture)

    public init() {}

    /// Starts or restarts a deadline. `.never` leaves it unarmed.
    public mutating func arm(_ deadline: Deadline, at now: Instant, for timeout: Timeout) {
        let index = Int(deadline.rawValue)
        due[index] = now + timeout
        started[index] = now
    }

    public mutating func disarm(_ deadline: Deadline) {
        due[Int(deadline.rawValue)] = .distantFuture
    }

    public mutating func disarmAll() {
        due = .init(repeating: .distantFuture)
    }

    /// Moves a running deadline into the future, for time that was not the peer's to use.
    @inlinable public mutating func postpone(_ deadline: Deadline, by time: Timeout) {
        let index = Int(deadline.rawValue)
        guard due[index] != .distantFuture else { return }
        due[index] = due[index] + time
        started[index] = started[index] + time
    }

    public func isArmed(_ deadline: Deadline) -> Bool {
        due[Int(deadline.rawValue)] != .distantFuture
    }

    /// The earliest instant at which something passes; `.distantFuture` when nothing runs.
    // Inlined, because a getter of another module gets a copy of the table.
    @inlinable public var next: Instant {
        @inline(__always) get {
            var earliest = due[0].nanoseconds
            for index in 1..<due.count { earliest = min(earliest, due[index].nanoseconds) }
            return Instant(nanoseconds: earliest)
        }
    }

    /// One deadline, if it has passed.
    public func expired(_ deadline: Deadline, at now: Instant) -> Expired? {
        let index = Int(deadline.rawValue)
        guard due[index] <= now, due[index] != .distantFuture else { return nil }
        return Expired(deadline: deadline, waited: now.since(started[index]))
    }

    /// The first deadline, in declaration order, among those that are earliest and have passed.
    /// Asking too early is harmless.
    public func expired(at now: Instant) -> Expired? {
        let earliest = next
        guard earliest <= now, earliest != .distantFuture else { return nil }
        for deadline in Deadline.allCases where due[Int(deadline.rawValue)] == earliest {
            return expired(deadline, at: now)
        }
        return nil
    }
}
