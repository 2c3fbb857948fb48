extension ReceiveBuffer {
    /// Makes room and lets `body` append to it, as `recv(2)` does.
    ///
    /// Room is found in this order: forget everything when nothing is held; use the tail; move
    /// what is held to the front when that is at most half of the memory (so each byte moves a
    /// bounded number of times); double the memory up to `limit`; move at any price.
    ///
    /// - Returns: what `body` returned.
    /// - Throws: `ByteLimitExceeded` when the buffer holds `limit` bytes already.
    public mutating func refill<Result>(
        _ body: (inout OutputRawSpan) -> Result
    ) throws(ByteLimitExceeded) -> Result {
        guard held < limit.bytes else { throw ByteLimitExceeded(limit: limit, held: held) }
        arrange(room: readSize.bytes, upTo: limit.bytes)
        let room = min(capacity - filled, limit.bytes - held)
        // Safe because `room` bytes from `filled` on lie within the allocation and hold no content.
        let memory = unsafe UnsafeMutableRawBufferPointer(start: base + filled, count: room)
        var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
        let result = body(&output)
        let count = unsafe output.finalize(for: memory)
        cursors.filled += count
        if count > 0 { readSize.record(count, of: room) }
        return result
    }

    /// Copies bytes in, for callers that do their own I/O.
    ///
    /// - Throws: `ByteLimitExceeded`, with nothing appended, when they do not fit the limit.
    public mutating func append(_ bytes: Span<UInt8>) throws(ByteLimitExceeded) {
        guard bytes.count <= limit.bytes - held else {
            throw ByteLimitExceeded(limit: limit, held: held)
        }
        copy(bytes, upTo: limit)
    }

    /// Copies bytes in that need no transfer decoding: they are content at once. The limit is not
    /// applied: how much is added before it is read out is up to the caller.
    public mutating func appendContent(_ bytes: Span<UInt8>) {
        copy(bytes, upTo: .bytes(.max))
        expose(rawCount)
    }

    private mutating func copy(_ bytes: Span<UInt8>, upTo most: ByteLimit) {
        if bytes.isEmpty { return }
        arrange(room: bytes.count, upTo: most.bytes)
        unsafe bytes.withUnsafeBytes { source in
            // Safe because `arrange` has left at least `bytes.count` bytes behind `filled`.
            unsafe (base + filled).copyMemory(from: source.baseAddress!, byteCount: source.count)
        }
        cursors.filled += bytes.count
    }

    /// Bytes that must be kept: content and raw.
    public var held: Int { contentCount + rawCount }

    /// Leaves `wanted` bytes behind `filled`, or fewer (but some) where `most` bytes in all forbid it.
    private mutating func arrange(room wanted: Int, upTo most: Int) {
        if held == 0 { removeAll() }
        if capacity - filled >= wanted { return }
        let needed = wanted > most - held ? most : held + wanted
        if needed <= capacity && held <= capacity / 2 { return compact() }
        if capacity < needed {
            return grow(to: min(max(needed, capacity * 2, ReadSize.minimum), most))
        }
        compact()
    }

    /// Moves what is held to the front and closes the gap.
    private mutating func compact() {
        unsafe move(into: base)
    }

    private mutating func grow(to newCapacity: Int) {
        let larger = unsafe ReceiveBuffer.allocate(capacity: newCapacity)
        unsafe move(into: larger)
        if capacity > 0 { unsafe base.deallocate() }
        unsafe base = larger
        capacity = newCapacity
    }

    private mutating func move(into target: UnsafeMutableRawPointer) {
        let content = contentCount
        let raw = rawCount
        // Safe because `target` has room for `held` bytes and content moves before raw, both leftwards.
        unsafe target.copyMemory(from: base + consumed, byteCount: content)
        unsafe (target + content).copyMemory(from: base + scanned, byteCount: raw)
        cursors.consumed = 0
        cursors.contentEnd = content
        cursors.scanned = content
        cursors.filled = content + raw
    }
}
