package import WireBytes
package import WireExchange
package import WireSockets
package import WireTime
package import WireTransport

/// What an exchange needs before it can go on.
package enum ExchangeWait {
    /// The connection: call `woke` with what it is ready for, `.none` at the deadline.
    case transport(any ByteTransport, Readiness, until: Instant)
    /// One of several connections that are being opened: call `woke`, whatever it was.
    case anyOf([any ByteTransport], until: Instant)
    /// Call `resolved`, or `woke(.none)` at the deadline.
    case addresses(host: String, port: UInt16, until: Instant, Cancellation?)
    /// A connection that somebody else has to leave first: call `woke` when the ticket's wait is over
    /// or at the deadline.
    case connection(PoolTicket, until: Instant, Cancellation?)
    /// The request's next piece, or something to read, whichever comes first: call `woke(.none)`.
    case body(any BodySource, any ByteTransport, until: Instant)
    /// Nothing but time: call `woke(.none)` then, or when it is cancelled.
    case pause(until: Instant, Cancellation?)
    /// Nothing: others on this thread shall have their turn. Call `woke(.none)`.
    case turn
}

extension ExchangeDriver {
    /// What the body is read in.
    package enum Unit { case line, event, piece, whole }

    package enum Step {
        case record(ByteRange)
        case end
        /// Look at `wait`.
        case blocked
    }
}
