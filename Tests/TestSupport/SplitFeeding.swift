public import WireBytes

extension ReceiveBuffer {
    /// Receives bytes as from a socket that has them all: as many refills as it takes.
    ///
    /// - Throws: `ByteLimitExceeded`; what fitted before that is in the buffer.
    public mutating func receive(_ bytes: Span<UInt8>) throws(ByteLimitExceeded) {
        var done = 0
        while done < bytes.count {
            done += try refill { output in
                let piece = bytes.extracting(done..<min(bytes.count, done + output.freeCapacity))
                output.append(copying: piece)
                return piece.count
            }
        }
    }
}

extension OutputRawSpan {
    /// Appends bytes that have to fit.
    public mutating func append(copying bytes: Span<UInt8>) {
        precondition(bytes.count <= freeCapacity, "no room for the bytes")
        // Safe because the room was just checked and the two cannot overlap.
        unsafe withUnsafeMutableBytes { target, initialized in
            unsafe bytes.withUnsafeBytes { source in
                guard let base = source.baseAddress, let start = target.baseAddress else { return }
                unsafe (start + initialized).copyMemory(from: base, byteCount: source.count)
            }
            initialized += bytes.count
        }
    }
}
