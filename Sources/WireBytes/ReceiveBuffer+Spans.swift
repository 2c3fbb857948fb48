extension ReceiveBuffer {
    /// Released bytes not yet consumed; borrowed until the buffer changes.
    @inlinable public var content: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { bytes(in: contentRange) }
    }

    /// Received bytes that no codec has passed; borrowed until the buffer changes.
    @inlinable public var raw: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { bytes(in: ByteRange(start: scanned, count: filled - scanned)) }
    }

    /// The bytes of a range that a codec has stored since the last refill.
    @inlinable
    @_lifetime(borrow self)
    public borrowing func bytes(in range: ByteRange) -> Span<UInt8> {
        precondition(
            range.start >= 0 && range.count >= 0 && range.end <= filled, "range outside the buffer")
        // Safe because the range lies within the filled part and the span cannot outlive `self`.
        let start = unsafe UnsafePointer<UInt8>(
            base.assumingMemoryBound(to: UInt8.self) + range.start)
        let span = unsafe Span<UInt8>(_unsafeStart: start, count: range.count)
        return unsafe _overrideLifetime(span, borrowing: self)
    }
}
