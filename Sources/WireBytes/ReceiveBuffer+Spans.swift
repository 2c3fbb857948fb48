extension ReceiveBuffer {
    /// Released bytes not yet consumed; borrowed until the buffer changes.
    @inlinable public var content: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { span(from: cursors.consumed, to: cursors.contentEnd) }
    }

    /// Received bytes that no codec has passed; borrowed until the buffer changes.
    @inlinable public var raw: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { span(from: cursors.scanned, to: cursors.filled) }
    }

    /// The bytes of a range that a codec has stored since the last refill.
    @inlinable
    @_lifetime(borrow self)
    public borrowing func bytes(in range: ByteRange) -> Span<UInt8> {
        precondition(
            range.start >= 0 && range.count >= 0 && range.end <= filled, "range outside the buffer")
        return span(from: range.start, to: range.start &+ range.count)
    }

    /// The bytes between two cursors, or between checked positions.
    @inlinable @inline(__always)
    @_lifetime(borrow self)
    borrowing func span(from start: Int, to end: Int) -> Span<UInt8> {
        // Safe because the cursors' order is an invariant, and the span cannot outlive `self`.
        let memory = unsafe UnsafePointer<UInt8>(base.assumingMemoryBound(to: UInt8.self) + start)
        let span = unsafe Span<UInt8>(_unsafeStart: memory, count: end &- start)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
