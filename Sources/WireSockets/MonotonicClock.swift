internal import CLinuxShims
public import WireTime

/// The one place that reads a clock.
public enum MonotonicClock {
    /// CLOCK_MONOTONIC (clock_gettime(2)).
    public static var now: Instant { Instant(nanoseconds: clinux_monotonic_ns()) }

    /// CLOCK_REALTIME, nanoseconds since 1970: for dates in what is sent and written. It may jump.
    public static var wallNanoseconds: Int64 { clinux_realtime_ns() }

    /// Runs `body` with sleeps of this thread that end when they shall; the kernel would put them off by
    /// up to 50 us, to wake fewer times (PR_SET_TIMERSLACK, prctl(2)).
    public static func withExactSleeps(_ body: () -> Void) {
        let slack = clinux_timer_slack_ns()
        clinux_set_timer_slack_ns(1)
        body()
        // 0 would mean the thread's default.
        if slack > 0 { clinux_set_timer_slack_ns(UInt(slack)) }
    }

    /// An instant of CLOCK_REALTIME, nanoseconds since 1970, of a moment ago: as exact as the other
    /// clock has not been set meanwhile.
    static func instant(ofWallClock nanoseconds: Int64) -> Instant {
        let age = clinux_realtime_ns() &- nanoseconds
        return Instant(nanoseconds: clinux_monotonic_ns() &- age)
    }
}

/// CLOCK_REALTIME at instants of the other clock, for who asks often: the distance between the two is
/// measured once a millisecond, so a wall clock that is set is followed that much later.
public struct WallClock: Sendable {
    private static let renewal = Timeout.milliseconds(1)

    private var distance: Int64 = 0
    private var measuredAt: Instant?

    public init() {}

    /// Nanoseconds since 1970 at an instant of now or a moment ago.
    public mutating func nanoseconds(at instant: Instant) -> Int64 {
        if measuredAt.map({ instant.since($0) > WallClock.renewal }) ?? true {
            measuredAt = MonotonicClock.now
            distance = clinux_realtime_ns() &- clinux_monotonic_ns()
        }
        return instant.nanoseconds &+ distance
    }
}
