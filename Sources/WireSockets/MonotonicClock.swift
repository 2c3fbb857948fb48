internal import CLinuxShims
public import WireTime

/// The one place that reads a clock.
public enum MonotonicClock {
    /// CLOCK_MONOTONIC (clock_gettime(2)).
    public static var now: Instant { Instant(nanoseconds: clinux_monotonic_ns()) }
}
