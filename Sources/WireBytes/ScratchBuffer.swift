/// Bytes put together by a decoder (an unescaped string, an event of several lines), kept and
/// reused so that the steady state allocates nothing.
@safe public struct ScratchBuffer: ~Copyable {
    /// Safe because it is owned alone, freed once, and every access is checked against `count`.
    @usableFromInline var base: UnsafeMutablePointer<UInt8>?
    @usableFromInline var capacity = 0
    @usableFromInline var filled = 0
    /// Bytes put together so far.
    @inlinable public var count: Int { filled }

    /// Nothing is allocated before the first byte.
    public init() { unsafe base = nil }

    deinit { unsafe base?.deallocate() }

    @inlinable public mutating func removeAll() { filled = 0 }

    public mutating func removeLast() {
        precondition(count > 0, "nothing to remove")
        filled -= 1
    }

    public mutating func append(_ byte: UInt8) {
        if count == capacity { reserve(1) }
        unsafe base![count] = byte
        filled += 1
    }

    @inlinable @inline(__always)
    public mutating func append(_ bytes: Span<UInt8>) {
        if bytes.isEmpty { return }
        if capacity - count < bytes.count { reserve(bytes.count) }
        unsafe bytes.withUnsafeBufferPointer { source in
            // Safe because room was made and `source` cannot lie in memory owned by `self`.
            unsafe (base! + count).initialize(from: source.baseAddress!, count: source.count)
        }
        filled += bytes.count
    }

    /// Appends part of another buffer.
    public mutating func append(_ range: ByteRange, of other: borrowing ScratchBuffer) {
        append(other[range])
    }

    /// Appends a Unicode scalar as UTF-8.
    public mutating func append(_ scalar: Unicode.Scalar) {
        for unit in UTF8.encode(scalar)! { append(unit) }
    }

    /// What has been put together; borrowed until the next change.
    public var bytes: Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable borrowing get { self[ByteRange(start: 0, count: count)] }
    }

    /// Part of it; borrowed until the next change.
    public subscript(range: ByteRange) -> Span<UInt8> {
        @_lifetime(borrow self)
        @inlinable borrowing get {
            precondition(
                range.start >= 0 && range.count >= 0 && range.end <= count, "outside the buffer")
            guard let base = unsafe base else { return Span() }
            // Safe because the range is initialized and the span cannot outlive `self`.
            let span = unsafe Span<UInt8>(
                _unsafeStart: UnsafePointer(base) + range.start, count: range.count)
            return unsafe _overrideLifetime(span, borrowing: self)
        }
    }

    @usableFromInline
    mutating func reserve(_ extra: Int) {
        let larger = max(64, capacity * 2, count + extra)
        let memory = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        if let base = unsafe base {
            unsafe memory.moveInitialize(from: base, count: count)
            unsafe base.deallocate()
        }
        unsafe base = memory
        capacity = larger
    }
}
