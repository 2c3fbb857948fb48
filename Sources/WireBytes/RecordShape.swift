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

    /// Where the holes of a record that matched lie.
    @safe public struct Found: ~Copyable {
        /// Safe because there is room for every hole, it is freed once, and it is read within bounds.
        /// (Inline, all of it would be copied for each that is looked at.)
        @usableFromInline let holes: UnsafeMutablePointer<cwk_hole>

        public init() {
            unsafe holes = .allocate(capacity: RecordShape.holeLimit)
            unsafe holes.initialize(
                repeating: cwk_hole(start: 0, count: 0), count: RecordShape.holeLimit)
        }

        deinit { unsafe holes.deallocate() }

        /// The range in the text that was matched.
        @inlinable @inline(__always)
        public func range(_ hole: Int) -> ByteRange {
            precondition(hole >= 0 && hole < RecordShape.holeLimit, "no such hole")
            let hole = unsafe holes[hole]
            return ByteRange(start: Int(hole.start), count: Int(hole.count & ~CWK_ESCAPED))
        }

        /// Whether the string there has escapes.
        @inlinable @inline(__always)
        public func hasEscapes(_ hole: Int) -> Bool {
            precondition(hole >= 0 && hole < RecordShape.holeLimit, "no such hole")
            return unsafe holes[hole].count & CWK_ESCAPED != 0
        }
    }

    /// What the kernel takes, with the steps and the bytes behind it; nil when nothing was learnt.
    /// Safe because it is allocated in `learn`, freed there or in `deinit`, and never escapes; the
    /// kernel reads as many steps and bytes as were written.
    @usableFromInline var shape: UnsafeMutablePointer<cwk_shape>?
    /// Where in the learnt record the stretches between the holes start.
    private var starts: [Int] = []

    /// Matches nothing.
    public init() { unsafe shape = nil }

    deinit { unsafe shape?.deallocate() }

    /// Learns a record anew.
    ///
    /// - Parameters:
    ///   - record: one that a parser has accepted, from its first byte to its last.
    ///   - holes: in order, at most `holeLimit`, none of them touching another.
    public mutating func learn(_ record: Span<UInt8>, holes: [Hole]) {
        precondition(holes.count <= RecordShape.holeLimit, "too many holes")
        unsafe shape?.deallocate()
        let shapeBytes = unsafe MemoryLayout<cwk_shape>.stride
        let stepBytes = (holes.count + 1) * MemoryLayout<cwk_step>.stride
        let block = UnsafeMutableRawPointer.allocate(
            byteCount: shapeBytes + stepBytes + record.count,
            alignment: unsafe MemoryLayout<cwk_shape>.alignment)
        let learnt = unsafe block.bindMemory(to: cwk_shape.self, capacity: 1)
        let steps = unsafe (block + shapeBytes).bindMemory(
            to: cwk_step.self, capacity: holes.count + 1)
        let bytes = unsafe block + shapeBytes + stepBytes
        var fixed = 0
        starts.removeAll(keepingCapacity: true)
        for index in 0...holes.count {
            let start = index == 0 ? 0 : holes[index - 1].range.end
            let end = index < holes.count ? holes[index].range.start : record.count
            let isNumber = index < holes.count && holes[index].isNumber
            starts.append(start)
            unsafe steps[index] = cwk_step(
                fixed: UInt32(end - start), is_number: isNumber ? 1 : 0)
            unsafe record.extracting(start..<end).withUnsafeBytes { stretch in
                // Safe because the stretches are disjoint parts of the record.
                if let from = stretch.baseAddress {
                    unsafe (bytes + fixed).copyMemory(from: from, byteCount: stretch.count)
                }
            }
            fixed += end - start
        }
        unsafe learnt.initialize(
            to: cwk_shape(
                fixed: UnsafePointer(bytes.assumingMemoryBound(to: UInt8.self)),
                steps: UnsafePointer(steps), step_count: holes.count + 1, fixed_count: fixed))
        unsafe shape = learnt
    }

    /// Whether it has learnt no record.
    public var isEmpty: Bool { unsafe shape == nil }

    /// How many bytes at the start of `text` are a record of this shape; 0 when none are. If so,
    /// `found` says where its holes lie.
    @inlinable @inline(__always)
    public func match(_ text: Span<UInt8>, _ found: borrowing Found) -> Int {
        matching(text, found).taken
    }

    /// Where in the learnt record the first byte is that `text` has not, or nil when that cannot be
    /// said: it matches, it is too short, or something else than a number stands in a number's place.
    public func firstDifference(_ text: Span<UInt8>) -> Int? {
        let match = matching(text, Found())
        guard let shape = unsafe shape, match.taken == 0 else { return nil }
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

    /// `found` is a place to write to: nobody else looks at it meanwhile.
    @inlinable @inline(__always)
    func matching(_ text: Span<UInt8>, _ found: borrowing Found) -> cwk_match {
        guard let shape = unsafe shape else { return cwk_match() }
        return unsafe text.withUnsafeBufferPointer { text in
            // Safe because the shape's memory lives as long as `self`, `found` has room for all holes,
            // and the text's length is its own.
            unsafe cwk_match_record(shape, text.baseAddress, text.count, found.holes)
        }
    }
}
