import TestSupport
import Testing
import WireBytes

@Suite struct ReceiveBufferTests {
    @Test func nothingIsAllocatedBeforeTheFirstByte() throws {
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        #expect(buffer.capacity == 0)
        #expect(buffer.held == 0)
        let content = buffer.content.count
        #expect(content == 0)
        let count = try buffer.refill { output in output.freeCapacity }
        #expect(count == 4 << 10)
    }

    /// A record that comes as one chunk is not copied: it is content where it lies.
    @Test func wholeChunksStayInPlace() throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        try buffer.receive(Array("5\r\nhello\r\n5\r\nworld\r\n".utf8).span)
        for start in [3, 13] {
            buffer.skip(3)
            buffer.expose(5)
            #expect(buffer.consumed == start)
            buffer.consume(5)
            buffer.skip(2)
        }
    }

    /// Chunks that together make one record slide left over their framing.
    @Test func piecesSlideTogether() throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        try buffer.receive(Array("3\r\nhel\r\n2\r\nlo\r\n".utf8).span)
        buffer.skip(3)
        buffer.expose(3)
        buffer.skip(5)
        buffer.expose(2)
        let content = String(decoding: buffer.content)
        #expect(content == "hello")
        #expect(buffer.consumed == 3)
        let raw = String(decoding: buffer.raw)
        #expect(raw == "\r\n")
    }

    /// Ranges given out stay good until the next refill, whatever else is done.
    @Test func rangesHoldUntilTheNextRefill() throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        try buffer.receive(Array("abc--defghi".utf8).span)
        buffer.expose(3)
        let range = buffer.contentRange
        buffer.skip(2)
        buffer.expose(4)
        let first = String(decoding: buffer.bytes(in: range))
        #expect(first == "abc")
        let all = String(decoding: buffer.bytes(in: buffer.contentRange))
        #expect(all == "abcdefg")
    }

    @Test func limitIsExact() throws {
        var buffer = ReceiveBuffer(limit: .bytes(10))
        try buffer.append([UInt8](repeating: 1, count: 9).span)
        #expect(throws: ByteLimitExceeded(limit: .bytes(10), held: 9)) {
            try append([1, 2], to: &buffer)
        }
        #expect(buffer.held == 9)
        let room = try buffer.refill { output in
            output.append(1)
            return output.freeCapacity
        }
        #expect(room == 0)
        #expect(throws: ByteLimitExceeded(limit: .bytes(10), held: 10)) {
            try append([1], to: &buffer)
        }
        #expect(throws: ByteLimitExceeded(limit: .bytes(10), held: 10)) {
            try refillNothing(&buffer)
        }
        try append([], to: &buffer)
        // Bytes that nobody holds any more do not count.
        buffer.skip(4)
        try append([1, 2, 3, 4], to: &buffer)
        #expect(buffer.held == 10)
        #expect(buffer.capacity == 10)
    }

    private func append(_ bytes: [UInt8], to buffer: inout ReceiveBuffer) throws {
        try buffer.append(bytes.span)
    }

    private func refillNothing(_ buffer: inout ReceiveBuffer) throws {
        try buffer.refill { _ in }
    }

    /// Small chunks into a buffer that is nearly full: moving all of it for each, 64 MiB sixteen
    /// thousand times, would take minutes.
    @Test(.timeLimit(.minutes(1)))
    func lastBytesBelowTheLimitAreCheap() throws {
        let limit = 64 << 20
        let last = 16 << 10
        var buffer = ReceiveBuffer(limit: .bytes(limit))
        let block = [UInt8](repeating: 7, count: 1 << 20)
        while buffer.held + block.count <= limit {
            try buffer.receive(block.span.extracting(last...))
        }
        try buffer.receive([UInt8](repeating: 7, count: limit - last - buffer.held).span)
        buffer.expose(1)
        buffer.consume(1)
        buffer.expose(buffer.rawCount)
        for _ in 0..<last {
            try buffer.receive(([1, 9] as [UInt8]).span)
            buffer.skip(1)
            buffer.expose(1)
        }
        #expect(buffer.contentCount == limit - 1)
        #expect(buffer.capacity == limit)
        let end = [UInt8](copying: buffer.content.extracting(last: last + 1))
        #expect(end.first == 7 && end.dropFirst().allSatisfy { $0 == 9 })
    }

    /// What is consumed makes room again, so a long stream needs no more memory than a short one.
    @Test func capacityStaysWithTheTraffic() throws {
        var buffer = ReceiveBuffer(limit: .mebibytes(16))
        for _ in 0..<10_000 {
            try buffer.append([UInt8](repeating: 1, count: 1_000).span)
            buffer.expose(900)
            buffer.consume(buffer.contentCount - min(buffer.contentCount, 500))
            buffer.skip(buffer.rawCount)
        }
        #expect(buffer.capacity <= 16 << 10)
    }

    @Test func readSizeAdapts() {
        var size = ReadSize()
        #expect(size.bytes == 4 << 10)
        // A read that fills its room doubles it, up to the most.
        for expected in [8, 16, 32, 64, 128, 256, 256] {
            size.record(size.bytes, of: size.bytes)
            #expect(size.bytes == expected << 10)
        }
        // Two short reads in a row halve it; one alone does not, nor two with a longer one between.
        size.record(1, of: size.bytes)
        #expect(size.bytes == 256 << 10)
        size.record(200 << 10, of: size.bytes)
        size.record(1, of: size.bytes)
        #expect(size.bytes == 256 << 10)
        size.record(1, of: size.bytes)
        #expect(size.bytes == 128 << 10)
        for _ in 0..<20 { size.record(1, of: size.bytes) }
        #expect(size.bytes == 4 << 10)
        // Half is not short; less than the room but more than the size counts as full.
        size.record(2 << 10, of: 4 << 10)
        size.record(2 << 10, of: 4 << 10)
        #expect(size.bytes == 4 << 10)
        size.record(4 << 10, of: 16 << 10)
        #expect(size.bytes == 8 << 10)
        // A small room that is filled counts too.
        size.record(10, of: 10)
        #expect(size.bytes == 16 << 10)
    }

    @Test func limits() {
        #expect(ByteLimit.bytes(3).bytes == 3)
        #expect(ByteLimit.kibibytes(3).bytes == 3_072)
        #expect(ByteLimit.mebibytes(3).bytes == 3_145_728)
        let range = ByteRange(start: 3, count: 4)
        #expect(range.end == 7 && !range.isEmpty && ByteRange(start: 3, count: 0).isEmpty)
    }
}
