package import WireBytes
package import WireSockets
package import WireTime
package import WireTransport

/// What an exchange needs before it can go on.
package enum ExchangeWait {
    /// The connection: call `woke` with what it is ready for, `.none` at the deadline.
    case transport(any ByteTransport, Readiness, until: Instant)
    /// Call `resolved`, or `woke(.none)` at the deadline.
    case addresses(host: String, port: UInt16, until: Instant, Cancellation?)
    /// A connection that somebody else has to leave first: call `woke` when the ticket's wait is over
    /// or at the deadline.
    case connection(PoolTicket, until: Instant, Cancellation?)
    /// Nothing: others on this thread shall have their turn. Call `woke(.none)`.
    case turn
}

extension ExchangeDriver {
    /// What the body is read in.
    package enum Unit { case line, event, piece }

    package enum Step {
        case record(ByteRange)
        case end
        /// Look at `wait`.
        case blocked
    }
}
