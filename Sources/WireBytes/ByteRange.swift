/// A stretch of a buffer: what codecs store instead of a span or a pointer.
///
/// Positions count from the start of the buffer's memory and hold until its next refill.
public struct ByteRange: Equatable, Sendable, BitwiseCopyable {
    public var start: Int
    public var count: Int

    @inlinable public init(start: Int, count: Int) {
        self.start = start
        self.count = count
    }

    @inlinable public var end: Int { start + count }
    @inlinable public var isEmpty: Bool { count == 0 }
}

/// A number of bytes that something may not exceed. There is no default: each place that grows
/// names its own.
public struct ByteLimit: Equatable, Sendable {
    public let bytes: Int

    @inlinable public init(bytes: Int) { self.bytes = bytes }
    @inlinable public static func bytes(_ count: Int) -> ByteLimit { ByteLimit(bytes: count) }
    @inlinable public static func kibibytes(_ count: Int) -> ByteLimit {
        ByteLimit(bytes: count << 10)
    }
    @inlinable public static func mebibytes(_ count: Int) -> ByteLimit {
        ByteLimit(bytes: count << 20)
    }
}

/// A buffer would have had to hold more than its limit.
public struct ByteLimitExceeded: Error, Equatable, Sendable {
    public let limit: ByteLimit
    /// Bytes already held when more were asked for.
    public let held: Int

    public init(limit: ByteLimit, held: Int) {
        self.limit = limit
        self.held = held
    }
}
