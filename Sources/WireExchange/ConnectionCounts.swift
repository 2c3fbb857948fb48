/// What there is of a client's connections, at one moment.
public struct ConnectionCounts: Sendable, Equatable {
    /// Kept for their next exchange.
    public var idle: Int
    /// Under an exchange, or being opened for one.
    public var leased: Int
    /// Requests that wait for a connection because the limits are reached.
    public var waiting: Int
    /// Exchanges so far that were given a connection which had carried another.
    public var reused: Int

    public init(idle: Int, leased: Int, waiting: Int, reused: Int) {
        self.idle = idle
        self.leased = leased
        self.waiting = waiting
        self.reused = reused
    }

    /// Idle or leased.
    public var open: Int { idle + leased }
}
