/// A point on a monotonic clock, in nanoseconds since an epoch that only that clock knows.
///
/// Nothing here reads a clock: instants come in as arguments.
public struct Instant: Comparable, Hashable, Sendable {
    public let nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Later than every instant that a clock returns.
    public static let distantFuture = Instant(nanoseconds: .max)

    @inlinable public static func < (a: Instant, b: Instant) -> Bool {
        a.nanoseconds < b.nanoseconds
    }

    /// Saturates, `distantFuture` being the end; `.never` leads there from everywhere.
    @inlinable public static func + (instant: Instant, timeout: Timeout) -> Instant {
        if timeout.nanoseconds == .max { return .distantFuture }
        let (sum, over) = instant.nanoseconds.addingReportingOverflow(timeout.nanoseconds)
        return Instant(nanoseconds: over ? (sum < 0 ? .max : .min) : sum)
    }

    /// Time from `earlier` to this instant; negative when it is later.
    @inlinable public func since(_ earlier: Instant) -> Timeout {
        let (difference, over) = nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return Timeout(nanoseconds: over ? (difference < 0 ? .max : .min) : difference)
    }
}

/// A length of time that something may take. `.never` (no limit) has to be written out.
public struct Timeout: Comparable, Hashable, Sendable {
    public let nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    public static let zero = Timeout(nanoseconds: 0)
    /// No limit.
    public static let never = Timeout(nanoseconds: .max)

    public static func microseconds(_ count: Int64) -> Timeout { .scaled(count, by: 1_000) }
    public static func milliseconds(_ count: Int64) -> Timeout { .scaled(count, by: 1_000_000) }
    public static func seconds(_ count: Int64) -> Timeout { .scaled(count, by: 1_000_000_000) }
    public static func minutes(_ count: Int64) -> Timeout { .scaled(count, by: 60_000_000_000) }

    public static func < (a: Timeout, b: Timeout) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Saturates; `.never` stays so.
    public static func + (a: Timeout, b: Timeout) -> Timeout {
        let (sum, over) = a.nanoseconds.addingReportingOverflow(b.nanoseconds)
        return Timeout(nanoseconds: over ? (sum < 0 ? .max : .min) : sum)
    }

    public var isNever: Bool { self == .never }
    public var wholeMilliseconds: Int64 { nanoseconds / 1_000_000 }
    public var wholeMicroseconds: Int64 { nanoseconds / 1_000 }
    public var inSeconds: Double { Double(nanoseconds) / 1e9 }

    private static func scaled(_ count: Int64, by unit: Int64) -> Timeout {
        let (product, over) = count.multipliedReportingOverflow(by: unit)
        return Timeout(nanoseconds: over ? (count < 0 ? .min : .max) : product)
    }
}

extension Timeout: CustomStringConvertible {
    /// `250ms`, `10s`, `2m`: the largest unit that is exact; `1.5s` for what is not.
    public var description: String {
        if isNever { return "never" }
        if self == .zero { return "0s" }
        for (unit, name) in [(60_000_000_000, "m"), (1_000_000_000, "s"), (1_000_000, "ms")]
            as [(Int64, String)]
        where nanoseconds % unit == 0 { return "\(nanoseconds / unit)\(name)" }
        return nanoseconds >= 1_000_000_000
            ? "\(Double(nanoseconds / 1_000_000) / 1_000)s" : "\(Double(nanoseconds) / 1_000_000)ms"
    }
}
