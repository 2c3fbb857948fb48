public import CWireKernels

/// Which records a reader knows from the place on where a scanner stands; see `RecordReading`.
public struct RecordRun: Sendable {
    /// Another one each time that a reader has found some; 0 for none.
    @usableFromInline var number = 0

    /// None are known.
    @inlinable public init() {}
}

/// Where the holes of records that matched lie. One of them is at hand; its places count from its start.
@safe public struct RecordsFound: ~Copyable {
    /// The most records that are looked for at once.
    public static var limit: Int { Int(CWK_RECORDS_AT_ONCE) }

    /// Of all records, in a text of them all.
    /// Safe because there is room for what kernels are told, it is freed once, and it is read within
    /// bounds. (Inline, all of it would be copied for each that is looked at.)
    @usableFromInline private(set) var holes: UnsafeMutablePointer<cwk_hole>
    /// Where the records end in that text. Safe as `holes`.
    @usableFromInline private(set) var ends: UnsafeMutablePointer<UInt32>
    /// How many there is room for: of records, and of holes.
    private var recordRoom = 1
    @usableFromInline private(set) var holeRoom = RecordShape.holeLimit
    /// The first hole of the record at hand, and how many each record has.
    @usableFromInline var first = 0
    @usableFromInline var stride = 0
    /// Where the record at hand starts and ends.
    @usableFromInline var start = 0
    @usableFromInline var end = 0
    /// How many records have been at hand, and how many were found.
    @usableFromInline var taken = 0
    @usableFromInline var count = 0
    /// Of those behind it, and of the last time.
    @usableFromInline var run = RecordRun()
    private var lastRun = 0
    /// Where in memory the text of all starts: other readers' runs may have the same number, but
    /// are of texts elsewhere. Compared only.
    @usableFromInline var address = UInt(0)

    public init() {
        unsafe holes = RecordsFound.allocate(holeRoom, of: cwk_hole(start: 0, count: 0))
        unsafe ends = RecordsFound.allocate(recordRoom + Int(CWK_MORE_ENDS), of: 0)
    }

    deinit {
        unsafe holes.deallocate()
        unsafe ends.deallocate()
    }

    private static func allocate<Element>(
        _ count: Int, of element: Element
    ) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: count)
        unsafe memory.initialize(repeating: element, count: count)
        return unsafe memory
    }

    /// Makes room for that many records. There is little from the start: where a stream is slow, they
    /// come one by one.
    mutating func makeRoom(for count: Int, holes holesOfEach: Int) {
        if count > recordRoom {
            unsafe ends.deallocate()
            unsafe ends = RecordsFound.allocate(count + Int(CWK_MORE_ENDS), of: 0)
            recordRoom = count
        }
        if count * holesOfEach > holeRoom {
            unsafe holes.deallocate()
            holeRoom = count * holesOfEach
            unsafe holes = RecordsFound.allocate(holeRoom, of: cwk_hole(start: 0, count: 0))
        }
    }

    /// What was found is another text's.
    @inlinable @inline(__always)
    public mutating func forget() {
        first = 0
        start = 0
        taken = 0
        count = 0
        run = RecordRun()
    }

    /// So many records were found in the text at `address`, with that many holes each. The first is at
    /// hand.
    mutating func note(_ count: Int, stride: Int, address: UInt) {
        self.address = address
        self.count = count
        self.stride = stride
        guard count > 0 else { return }
        end = unsafe Int(ends[0])
        taken = 1
        lastRun &+= 1
        run.number = lastRun
    }
}

// MARK: The record at hand

extension RecordsFound {
    @inlinable @inline(__always)
    static func address(of text: Span<UInt8>) -> UInt {
        unsafe text.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    }

    @inlinable @inline(__always)
    public func range(_ hole: Int) -> ByteRange {
        let found = self[first &+ hole]
        return ByteRange(start: Int(found.start) &- start, count: Int(found.count & ~CWK_ESCAPED))
    }

    /// Whether the string there has escapes.
    @inlinable @inline(__always)
    public func hasEscapes(_ hole: Int) -> Bool { self[first &+ hole].count & CWK_ESCAPED != 0 }

    @inlinable @inline(__always)
    subscript(place: Int) -> cwk_hole {
        precondition(place >= 0 && place < holeRoom, "no such hole")
        return unsafe holes[place]
    }

    /// The next record is at hand, if it is known, and `run` says that `text` begins with it.
    ///
    /// - Returns: its bytes; else 0.
    @inlinable @inline(__always)
    public mutating func takeNext(of run: RecordRun, in text: Span<UInt8>) -> Int {
        guard taken < count, run.number == self.run.number,
            RecordsFound.address(of: text) == address &+ UInt(end) &+ 1
        else { return 0 }
        first &+= stride
        start = end &+ 1
        end = unsafe Int(ends[taken])
        taken &+= 1
        return end &- start
    }
}

// MARK: All of them

extension RecordsFound {
    /// The records that were found at once, the one at hand among them.
    @inlinable public var recordCount: Int { count }

    /// The run of those behind it.
    public var left: RecordRun { run }

    /// The range of a hole of one of them, in the text of all.
    @inlinable @inline(__always)
    public func range(_ hole: Int, of record: Int) -> ByteRange {
        let found = self[place(hole, of: record)]
        return ByteRange(start: Int(found.start), count: Int(found.count & ~CWK_ESCAPED))
    }

    /// Whether the string there has escapes.
    @inlinable @inline(__always)
    public func hasEscapes(_ hole: Int, of record: Int) -> Bool {
        self[place(hole, of: record)].count & CWK_ESCAPED != 0
    }

    @inlinable @inline(__always)
    func place(_ hole: Int, of record: Int) -> Int {
        precondition(record >= 0 && record < count, "no such record")
        return record &* stride &+ hole
    }

    /// Where a record lies in the text of all.
    @inlinable
    public func record(_ index: Int) -> ByteRange {
        precondition(index >= 0 && index < count, "no such record")
        let start = unsafe index == 0 ? 0 : Int(ends[index - 1]) + 1
        return unsafe ByteRange(start: start, count: Int(ends[index]) - start)
    }
}
