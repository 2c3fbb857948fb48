extension String {
    /// The bytes as text. Invalid UTF-8 becomes U+FFFD; use `UTF8Span(validating:)` to refuse it.
    public init(decoding bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe because the buffer is only read during this call.
            unsafe String(decoding: buffer, as: UTF8.self)
        }
    }
}

extension Array where Element == UInt8 {
    /// A copy of the bytes.
    public init(copying bytes: Span<UInt8>) {
        self = unsafe bytes.withUnsafeBufferPointer { buffer in
            // Safe because the buffer is only read during this call.
            unsafe [UInt8](buffer)
        }
    }

    /// Appends a copy of the bytes.
    public mutating func append(copying bytes: Span<UInt8>) {
        // Of nothing, it would write to the one empty array that all share.
        if bytes.isEmpty { return }
        append(addingCapacity: bytes.count) { $0.append(copying: bytes) }
    }
}

extension Span where Element == UInt8 {
    /// Eight bytes from `index` on as one number, the first in its lowest bits.
    @inlinable @inline(__always)
    public func word(at index: Int) -> UInt64 {
        precondition(index >= 0 && index <= count - 8, "word outside the span")
        return unsafe withUnsafeBytes { bytes in
            // Safe because the eight bytes were just checked to lie in the span.
            unsafe UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        }
    }
}
