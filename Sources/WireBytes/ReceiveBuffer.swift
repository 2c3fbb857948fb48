/// The one buffer between a socket and a reader: received bytes, decoded where they lie.
///
///     [ ... consumed | content | contentEnd ... gap ... scanned | raw | filled ... capacity | pad ]
///
/// - `consumed ..< contentEnd` is *content*: bytes that the transfer decoder has released and a
///   framer has not yet used.
/// - `contentEnd ..< scanned` is dead framing (a chunk header, say).
/// - `scanned ..< filled` is *raw*: bytes received that no codec has looked past.
///
/// A codec releases raw bytes with `expose` and drops them with `skip`. Exposed bytes join the
/// content that is still held: they slide left over the gap, so content is always contiguous. When
/// nothing is held, content starts where the bytes lie and nothing moves: a record that
/// arrives as one chunk is never copied.
///
/// Invariants: `0 <= consumed <= contentEnd <= scanned <= filled <= capacity`; the `padding`
/// bytes behind `capacity` are zero, so that wide loads may read past the end. Counts are checked
/// against the cursors, so arithmetic on these cannot overflow and is not checked for it.
@safe public struct ReceiveBuffer: ~Copyable {
    public static var padding: Int { 64 }

    /// Safe because it is allocated in `grow`, freed once in `grow` or `deinit`, never escapes,
    /// and every access is checked against the cursors.
    @usableFromInline package var base: UnsafeMutableRawPointer
    @usableFromInline package var capacity: Int
    public let limit: ByteLimit

    @usableFromInline var cursors = Cursors()

    @frozen @usableFromInline
    struct Cursors {
        @usableFromInline var consumed = 0
        @usableFromInline var contentEnd = 0
        @usableFromInline var scanned = 0
        @usableFromInline var filled = 0

        @usableFromInline init() {}
    }

    /// How many bytes the next read should have room for; adapts to what arrives.
    var readSize = ReadSize()

    /// Nothing is allocated before the first refill.
    ///
    /// - Parameter limit: the most bytes that may be held at once, unread content and raw together.
    public init(limit: ByteLimit) {
        self.limit = limit
        capacity = 0
        unsafe base = ReceiveBuffer.nothing
    }

    deinit {
        if capacity > 0 { unsafe base.deallocate() }
    }

    /// What buffers without memory point to: padding. Safe because nobody writes to it or frees it.
    nonisolated(unsafe) private static let nothing = unsafe allocate(capacity: 0)

    @inlinable public var consumed: Int { cursors.consumed }
    @inlinable public var contentEnd: Int { cursors.contentEnd }
    @inlinable public var scanned: Int { cursors.scanned }
    @inlinable public var filled: Int { cursors.filled }

    @inlinable public var contentCount: Int { contentEnd &- consumed }
    @inlinable public var rawCount: Int { filled &- scanned }
    @inlinable public var contentRange: ByteRange {
        ByteRange(start: consumed, count: contentCount)
    }

    /// Releases the next `count` raw bytes as content.
    @inlinable @inline(__always)
    public mutating func expose(_ count: Int) {
        precondition(count >= 0 && count <= rawCount, "exposes bytes not received")
        if consumed == contentEnd {
            cursors.consumed = scanned
            cursors.contentEnd = scanned &+ count
        } else {
            if contentEnd != scanned { slide(count) }
            cursors.contentEnd &+= count
        }
        cursors.scanned &+= count
    }

    /// Moves the next `count` raw bytes over the gap.
    @usableFromInline
    func slide(_ count: Int) {
        // Safe because both ranges lie within the allocation; the move handles overlap.
        unsafe (base + contentEnd).copyMemory(from: base + scanned, byteCount: count)
    }

    /// Drops the next `count` raw bytes.
    @inlinable @inline(__always)
    public mutating func skip(_ count: Int) {
        precondition(count >= 0 && count <= rawCount, "skips bytes not received")
        cursors.scanned &+= count
    }

    /// Drops the first `count` bytes of content.
    @inlinable @inline(__always)
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= contentCount, "consumes bytes not released")
        poison(ByteRange(start: consumed, count: count))
        cursors.consumed &+= count
    }

    /// Everything held is forgotten; the memory is kept.
    public mutating func removeAll() {
        cursors = Cursors()
    }

    static func allocate(capacity: Int) -> UnsafeMutableRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: capacity + padding, alignment: 16)
        // Safe because the padding lies within the allocation just made.
        unsafe (memory + capacity).initializeMemory(as: UInt8.self, repeating: 0, count: padding)
        return unsafe memory
    }

    /// In debug builds, bytes that nobody may read any more are overwritten, so that a span kept
    /// past its time (the one case that the compiler does not catch) shows at once.
    @inlinable
    func poison(_ range: ByteRange) {
        #if DEBUG
        // Safe because the range was checked against the cursors by the caller.
        unsafe (base + range.start).initializeMemory(
            as: UInt8.self, repeating: 0xDB, count: range.count)
        #endif
    }
}

/// The adaptive read size: doubled when a read fills it, halved after two reads in a row that
/// used less than half of it.
package struct ReadSize: Sendable {
    static let minimum = 4 << 10
    static let maximum = 256 << 10

    package private(set) var bytes = ReadSize.minimum
    private var wasShort = false

    package init() {}

    package mutating func record(_ count: Int, of room: Int) {
        if count >= room || count >= bytes {
            bytes = min(bytes * 2, ReadSize.maximum)
            wasShort = false
        } else if count < bytes / 2 {
            if wasShort { bytes = max(bytes / 2, ReadSize.minimum) }
            wasShort.toggle()
        } else {
            wasShort = false
        }
    }
}
