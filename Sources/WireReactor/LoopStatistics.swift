public import WireTime

/// What a loop has done since its start.
public struct LoopStatistics: Sendable, Equatable {
    public internal(set) var ticks = 0
    /// Events of connections.
    public internal(set) var events = 0
    /// Pieces of tasks that ran on the loop.
    public internal(set) var jobs = 0
    /// Requests of other threads.
    public internal(set) var messages = 0
    /// Timers that fired, also those that turned out to be too early.
    public internal(set) var timers = 0
    /// In the kernel, waiting.
    public internal(set) var waited = Timeout.zero
    /// Bringing events and running jobs.
    public internal(set) var worked = Timeout.zero

    public var eventsPerTick: Double { ticks == 0 ? 0 : Double(events) / Double(ticks) }
}
