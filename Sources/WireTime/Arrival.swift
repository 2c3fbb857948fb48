/// When the last byte of a record reached this machine, by the kernel's own stamp.
///
/// A stamp is that of the last byte of a read, and segments that wait together merge. So it is a record's
/// only where the read held that record alone, emptied the socket, and followed a read that had emptied
/// it too; everything else is `coalesced`, and what is known is the interval.
public struct Arrival: Sendable, Equatable {
    /// Not before this; nil when nothing had been read before that emptied the socket. Where the arrival
    /// is exact, the same as `by`.
    public let after: Instant?
    /// At this time, or before.
    public let by: Instant
    public let isCoalesced: Bool

    public init(after: Instant?, by: Instant, isCoalesced: Bool) {
        self.after = after
        self.by = by
        self.isCoalesced = isCoalesced
    }
}

/// What the reads of a connection say of when its records came. Pure.
///
///     event  | what it changes
///     -------+--------------------------------------------------------------------------------------
///     read   | the last stamp; no record in it yet. Behind a read that emptied the socket, everything
///            | in this one came after that read's end; else after the end of the last that did.
///     record | one more in this read
public struct ArrivalLog: Sendable {
    private var stamp: Instant?
    private var end = Instant.distantFuture
    private var hasEmptied = false
    private var hadEmptied = false
    private var after: Instant?
    private var recordCount = 0

    public init() {}

    /// - Parameters:
    ///   - stamp: of the read's last byte; nil when the kernel gave none.
    ///   - emptied: nothing was left in the socket.
    ///   - end: when the read returned.
    public mutating func read(stamp: Instant?, emptied: Bool, end: Instant) {
        // A connection's first read follows nothing that could have been left.
        hadEmptied = self.end == .distantFuture || hasEmptied
        if hasEmptied { after = self.end }
        self.stamp = stamp
        self.end = end
        hasEmptied = emptied
        recordCount = 0
    }

    /// A record has been taken out of what was read last.
    public mutating func noteRecord() { recordCount += 1 }

    /// Of the record noted last; nil before the first read.
    ///
    /// - Parameter endsRead: nothing but framing lies behind it in what was read.
    public func arrival(endsRead: Bool) -> Arrival? {
        if end == .distantFuture { return nil }
        guard let stamp else { return Arrival(after: after, by: end, isCoalesced: true) }
        if hadEmptied, hasEmptied, endsRead, recordCount == 1 {
            return Arrival(after: stamp, by: stamp, isCoalesced: false)
        }
        return Arrival(after: after, by: stamp, isCoalesced: true)
    }
}
