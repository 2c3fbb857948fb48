public import CWireKernels

/// A record that was checked once, taken as the form of those that follow: its bytes, with holes
/// where something varies. A hole takes any JSON string's content, or any JSON number.
///
/// A text that matches has been checked by that, byte for byte: outside the holes it equals bytes
/// that a parser has passed, and what stands in a hole is checked by the rules for its kind, so a
/// parser would come out of it as it came out of the other one.
@safe public struct RecordShape: ~Copyable {
    /// The most that may vary in a record.
    @inlinable public static var holeLimit: Int { 16 }

    /// What varies in the record that a shape is learnt from.
    public struct Hole: Equatable, Sendable {
        /// The content of a string without its quotes, or a number.
        public let range: ByteRange
        public let isNumber: Bool

        public init(_ range: ByteRange, isNumber: Bool) {
            self.range = range
            self.isNumber = isNumber
        }
    }

    /// What the kernels take; nil when nothing was learnt.
    /// Safe because it lies in `memory`, which never escapes; kernels read as many steps, blocks and bytes
    /// as were written.
    @usableFromInline var shape: UnsafePointer<cwk_shape>?
    /// Blocks, shape, steps, bytes. Safe because it is allocated in `learn`, and freed there or in `deinit`.
    private var memory: UnsafeMutableRawPointer?
    /// Where in the learnt record the stretches between the holes start.
    private var starts: [Int] = []

    /// Matches nothing.
    public init() {
        unsafe shape = nil
        unsafe memory = nil
    }

    deinit { unsafe memory?.deallocate() }

    /// Learns a record anew.
    ///
    /// - Parameters:
    ///   - record: one that a parser has accepted, from its first byte to its last.
    ///   - holes: in order, at most `holeLimit`, none of them touching another.
    public mutating func learn(_ record: Span<UInt8>, holes: [Hole]) {
        precondition(holes.count <= RecordShape.holeLimit, "too many holes")
        unsafe memory?.deallocate()
        starts = [0] + holes.map { $0.range.end }
        let ends = holes.map { $0.range.start } + [record.count]
        let blockCounts = zip(starts, ends).map { max(1, ($1 - $0 + 31) / 32) }
        let shapeBytes = unsafe MemoryLayout<cwk_shape>.stride
        let blockBytes = blockCounts.reduce(0, +) * MemoryLayout<cwk_block>.stride
        let stepBytes = starts.count * MemoryLayout<cwk_step>.stride
        let memory = UnsafeMutableRawPointer.allocate(
            byteCount: blockBytes + shapeBytes + stepBytes + record.count,
            alignment: MemoryLayout<cwk_block>.stride)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: blockBytes)
        let learnt = unsafe (memory + blockBytes).bindMemory(to: cwk_shape.self, capacity: 1)
        let steps = unsafe (memory + blockBytes + shapeBytes).bindMemory(
            to: cwk_step.self, capacity: starts.count)
        let bytes = unsafe memory + blockBytes + shapeBytes + stepBytes
        var (fixed, block) = (0, 0)
        for index in starts.indices {
            let stretch = record.extracting(starts[index]..<ends[index])
            let isNumber = index < holes.count && holes[index].isNumber
            unsafe steps[index] = cwk_step(
                fixed: UInt32(stretch.count), string_bits: isNumber ? 0 : .max)
            unsafe RecordShape.copy(stretch, to: bytes + fixed, blocks: memory, from: block)
            fixed += stretch.count
            block += blockCounts[index]
        }
        unsafe learnt.initialize(
            to: cwk_shape(
                fixed: UnsafePointer(bytes.assumingMemoryBound(to: UInt8.self)),
                steps: UnsafePointer(steps), last: UnsafePointer(steps + holes.count),
                blocks: UnsafePointer(memory.assumingMemoryBound(to: cwk_block.self)),
                step_count: starts.count, fixed_count: fixed,
                reach: 32 * (blockCounts.reduce(holes.count, +))))
        unsafe shape = UnsafePointer(learnt)
        unsafe self.memory = memory
    }

    /// Puts a stretch where its bytes stand in a row, and into its blocks.
    private static func copy(
        _ stretch: Span<UInt8>, to bytes: UnsafeMutableRawPointer, blocks: UnsafeMutableRawPointer,
        from block: Int
    ) {
        for index in stretch.indices {
            let at = (block + index / 32) * MemoryLayout<cwk_block>.stride + index % 32
            unsafe bytes.storeBytes(of: stretch[index], toByteOffset: index, as: UInt8.self)
            unsafe blocks.storeBytes(of: stretch[index], toByteOffset: at, as: UInt8.self)
            unsafe blocks.storeBytes(of: 0xFF, toByteOffset: at + 32, as: UInt8.self)
        }
    }

    /// Whether it has learnt no record.
    public var isEmpty: Bool { unsafe shape == nil }

    /// Whether `text` is a record of this shape, all of it. If so, `found` says where its holes lie.
    @inlinable @inline(__always)
    public func match(_ text: Span<UInt8>, _ found: inout RecordsFound) -> Bool {
        found.forget()
        guard let shape = unsafe shape else { return false }
        return unsafe text.withUnsafeBufferPointer { text in
            // Safe because the shape's memory lives as long as `self`, `found` has room for all holes,
            // and the text's length is its own.
            unsafe cwk_match_record(shape, text.baseAddress, text.count, found.holes) != 0
        }
    }

    /// Whether `text` starts with a record of this shape and a line feed. If so, `found` has it.
    ///
    /// - Returns: its bytes, without the line feed; else 0.
    @inlinable @inline(__always)
    public func matchLine(_ text: Span<UInt8>, _ found: inout RecordsFound) -> Int {
        found.forget()
        guard let shape = unsafe shape else { return 0 }
        return unsafe text.withUnsafeBufferPointer { text in
            // Safe as above.
            unsafe cwk_match_line(shape, text.baseAddress, text.count, found.holes)
        }
    }

    /// Reads the records of this shape that `text` starts with, each with a line feed behind it, up to
    /// `most` of them: not always all that there are. `found` has them then, the first at hand.
    ///
    /// - Parameter most: from 1 on, at most `RecordsFound.limit`.
    public func matchLines(_ text: Span<UInt8>, _ found: inout RecordsFound, most: Int) {
        precondition(most >= 1 && most <= RecordsFound.limit)
        found.forget()
        guard let shape = unsafe shape else { return }
        let stride = unsafe shape.pointee.step_count - 1
        found.makeRoom(for: most, holes: stride)
        let count = unsafe text.withUnsafeBufferPointer { text in
            // Safe as above, and because there is room for that many records.
            unsafe cwk_match_records(
                shape, text.baseAddress, text.count, found.holes, found.ends, most)
        }
        found.note(count, stride: stride, address: RecordsFound.address(of: text))
    }

    /// Where in the learnt record the first byte is that `text` has not, or nil when that cannot be
    /// said: it matches, it is too short, or something else than a number stands in a number's place.
    ///
    /// - Parameter scratch: means nothing behind this.
    public func firstDifference(_ text: Span<UInt8>, _ scratch: borrowing RecordsFound) -> Int? {
        let match = unsafe closely(text, scratch.holes)
        guard let shape = unsafe shape else { return nil }
        if match.taken > 0 { return nil }
        let step = match.failed_step
        let count = unsafe Int(shape.pointee.steps[step].fixed)
        var fixed = unsafe shape.pointee.fixed!
        for before in 0..<step { unsafe fixed += Int(shape.pointee.steps[before].fixed) }
        for index in 0..<min(count, text.count - match.failed_at)
        where unsafe text[match.failed_at + index] != fixed[index] {
            return starts[step] + index
        }
        return nil
    }

    private func closely(_ text: Span<UInt8>, _ holes: UnsafeMutablePointer<cwk_hole>) -> cwk_match
    {
        guard let shape = unsafe shape else { return cwk_match() }
        return unsafe text.withUnsafeBufferPointer { text in
            // Safe as above.
            unsafe cwk_match_closely(shape, text.baseAddress, text.count, holes)
        }
    }
}
