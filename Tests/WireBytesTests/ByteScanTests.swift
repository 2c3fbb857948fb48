import CWireKernels
import TestSupport
import Testing
import WireBytes

/// The scan kernels against one line of Swift each, at every length and alignment, a guard page
/// behind and bait before; with each width that this processor has. Serialized, because the width is
/// one for the whole process: other suites may run with any meanwhile.
@Suite(.serialized) struct ByteScanTests {
    struct Kernel: Sendable, CustomStringConvertible {
        let name: String
        var width = KernelWidth.portable
        /// Index of the first byte at or after the start that stops the scan, or the count.
        let scan: @Sendable (Span<UInt8>, Int) -> Int
        let stops: @Sendable (UInt8) -> Bool

        var description: String { "\(name), \(width)" }

        var stopBytes: [UInt8] { (UInt8.min...UInt8.max).filter(stops) }
        var plainBytes: [UInt8] { (UInt8.min...UInt8.max).filter { !stops($0) } }
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    static let kernels: [Kernel] = KernelWidth.available.flatMap { width in
        kernelsOfAnyWidth.map {
            var kernel = $0
            kernel.width = width
            return kernel
        }
    }

    private static let kernelsOfAnyWidth: [Kernel] = [
        Kernel(
            name: "one byte",
            scan: { ByteScan.firstIndex(of: 0x0A, in: $0, from: $1) ?? $0.count },
            stops: { $0 == 0x0A }),
        Kernel(
            name: "byte 0",
            scan: { ByteScan.firstIndex(of: 0, in: $0, from: $1) ?? $0.count },
            stops: { $0 == 0 }),
        Kernel(
            name: "byte 255",
            scan: { ByteScan.firstIndex(of: 0xFF, in: $0, from: $1) ?? $0.count },
            stops: { $0 == 0xFF }),
        Kernel(
            name: "either of two",
            scan: { ByteScan.firstIndex(of: 0x0A, or: 0x0D, in: $0, from: $1) ?? $0.count },
            stops: { $0 == 0x0A || $0 == 0x0D }),
        Kernel(
            name: "JSON plain run", scan: { $1 + ByteScan.jsonPlainRun(in: $0, from: $1) },
            stops: { !isPlain($0) || $0 >= 0x80 }),
        Kernel(
            name: "JSON unescaped run",
            scan: { $1 + ByteScan.jsonUnescapedRun(in: $0, from: $1) }, stops: { !isPlain($0) }),
        Kernel(
            name: "JSON stops",
            scan: { bytes, start in
                let window = ByteScan.jsonStops(in: bytes, from: start)
                return window.start + window.stops.trailingZeroBitCount
            }, stops: { !isPlain($0) || $0 >= 0x80 }),
        Kernel(
            name: "all of one byte",
            scan: { bytes, start in
                var found = FoundAhead(0x0A, or: 0x0A)
                return start
                    + (found.peek(in: bytes.extracting(start..<bytes.count))
                        ?? bytes.count - start)
            }, stops: { $0 == 0x0A }),
        Kernel(
            name: "all of two bytes",
            scan: { bytes, start in
                var found = FoundAhead(0x0A, or: 0x0D)
                return start
                    + (found.peek(in: bytes.extracting(start..<bytes.count))
                        ?? bytes.count - start)
            }, stops: { $0 == 0x0A || $0 == 0x0D }),
        Kernel(
            name: "ASCII run", scan: { $1 + ByteScan.asciiRun(in: $0, from: $1) },
            stops: { $0 >= 0x80 }),
        Kernel(
            name: "field value run", scan: { $1 + ByteScan.fieldValueRun(in: $0, from: $1) },
            stops: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }),
    ]

    /// For each start, the answer: the next stop, or the count.
    private static func answers(_ bytes: [UInt8], _ kernel: Kernel) -> [Int] {
        var answers = [Int](repeating: bytes.count, count: bytes.count + 1)
        for index in bytes.indices.reversed() {
            answers[index] = kernel.stops(bytes[index]) ? index : answers[index + 1]
        }
        return answers
    }

    /// Every length to 257, the stop at every place and nowhere, the last byte before a guard page.
    @Test(arguments: kernels)
    func everyLengthAndPlace(_ kernel: Kernel) throws {
        kernel.width.use()
        var random = SeededGenerator(seed: 1)
        var guarded = GuardedBytes(capacity: 512)
        let stopBytes = kernel.stopBytes
        let plainBytes = kernel.plainBytes
        for count in 0...257 {
            var bytes = (0..<count).map { _ in random.pick(plainBytes) }
            let none = kernel.scan(guarded.place(bytes.span), 0)
            try #require(none == count, "no stop in \(count) bytes")
            for place in 0..<count {
                let kept = bytes[place]
                bytes[place] = random.pick(stopBytes)
                let found = kernel.scan(guarded.place(bytes.span), 0)
                try #require(found == place, "stop at \(place) of \(count) bytes")
                bytes[place] = kept
            }
        }
    }

    /// Every alignment and length, with stops just outside that must not be seen.
    @Test(arguments: kernels)
    func everyAlignment(_ kernel: Kernel) throws {
        kernel.width.use()
        var random = SeededGenerator(seed: 2)
        var guarded = GuardedBytes(capacity: 512)
        let stopBytes = kernel.stopBytes
        let plainBytes = kernel.plainBytes
        let outside = (0..<512).map { _ in random.pick(stopBytes) }
        let inside = (0..<512).map { _ in random.pick(plainBytes) }
        for alignment in 0..<64 {
            for count in 0...257 {
                // The guarded memory ends at a page, so its last 512 bytes start aligned.
                var bytes = outside
                let range = alignment..<alignment + count
                bytes.replaceSubrange(range, with: inside[range])
                let place = random.below(count + 1)
                if place < count { bytes[alignment + place] = random.pick(stopBytes) }
                let found = kernel.scan(guarded.place(bytes.span).extracting(range), 0)
                try #require(found == place, "\(count) bytes at \(alignment), stop at \(place)")
            }
        }
    }

    /// Every byte value at places in and behind whole blocks: it stops exactly where it should.
    @Test(arguments: kernels)
    func everyByte(_ kernel: Kernel) throws {
        kernel.width.use()
        let plain = kernel.plainBytes[kernel.plainBytes.count / 2]
        for byte in UInt8.min...UInt8.max {
            for place in 0..<80 {
                var bytes = [UInt8](repeating: plain, count: 80)
                bytes[place] = byte
                let found = kernel.scan(bytes.span, 0)
                try #require(found == (kernel.stops(byte) ? place : 80), "byte \(byte) at \(place)")
            }
        }
    }

    /// Random texts, with every start: what lies before the start is not seen.
    @Test(arguments: kernels)
    func everyStart(_ kernel: Kernel) throws {
        kernel.width.use()
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = random.below(700)
            let rare = 1 + random.below(300)
            var guarded = GuardedBytes(capacity: count)
            let stops = kernel.stopBytes
            let plain = kernel.plainBytes
            let bytes = (0..<count).map { _ in
                random.chance(1, in: rare) ? random.pick(stops) : random.pick(plain)
            }
            let answers = Self.answers(bytes, kernel)
            let span = guarded.place(bytes.span)
            for start in 0...count {
                let found = kernel.scan(span, start)
                try #require(found == answers[start], "seed \(seed), from \(start)")
            }
        }
    }

    @Test func nothingFoundIsNil() {
        func first(_ bytes: [UInt8], from start: Int) -> Int? {
            ByteScan.firstIndex(of: 1, in: bytes.span, from: start)
        }
        func firstOfTwo(_ bytes: [UInt8]) -> Int? {
            ByteScan.firstIndex(of: 1, or: 2, in: bytes.span, from: 0)
        }
        #expect(first([], from: 0) == nil)
        #expect(first([2], from: 0) == nil)
        #expect(first([1], from: 1) == nil)
        #expect(first([1], from: 0) == 0)
        #expect(firstOfTwo([]) == nil)
        #expect(firstOfTwo([3, 2, 1]) == 1)
        #expect(ByteScan.jsonPlainRun(in: Span(), from: 0) == 0)
    }

    /// Every bit of a window, not only the first.
    @Test(arguments: KernelWidth.available)
    func windowsOfJSONStops(_ width: KernelWidth) throws {
        width.use()
        for seed in 0..<2_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let count = random.below(200)
            var guarded = GuardedBytes(capacity: count)
            let rare = 1 + random.below(60)
            let bytes = (0..<count).map { _ in
                random.chance(1, in: rare) ? random.byte() : UInt8(0x61 + random.below(26))
            }
            let from = random.below(count + 1)
            let window = ByteScan.jsonStops(in: guarded.place(bytes.span), from: from)
            let isStop = bytes.map { !Self.isPlain($0) || $0 >= 0x80 } + [true]
            // The window is the first that holds a stop, the end among them.
            var start = from
            while !isStop[start..<min(start + 64, count + 1)].contains(true) { start += 64 }
            try #require(window.start == start, "seed \(seed)")
            for bit in 0..<64 {
                let expected = start + bit <= count && isStop[start + bit]
                try #require(
                    (window.stops >> UInt64(bit) & 1 == 1) == expected, "seed \(seed), \(bit)")
            }
        }
    }

    @Test func comparesRanges() {
        let bytes = Array("xdata: eventtypes and more than sixteen bytes".utf8)
        func equals(_ start: Int, _ count: Int, _ text: StaticString) -> Bool {
            ByteScan.equals(ByteRange(start: start, count: count), of: bytes.span, text)
        }
        #expect(equals(0, 0, ""))
        #expect(!equals(0, 1, ""))
        #expect(equals(0, 1, "x") && !equals(0, 1, "y") && !equals(0, 2, "x"))
        #expect(equals(1, 2, "da") && !equals(1, 2, "db") && !equals(1, 2, "ca"))
        #expect(equals(1, 3, "dat") && !equals(1, 3, "dax") && !equals(1, 3, "xat"))
        #expect(equals(1, 4, "data") && !equals(1, 4, "date") && !equals(1, 3, "data"))
        #expect(equals(7, 5, "event") && !equals(7, 5, "evenx") && !equals(7, 5, "xvent"))
        #expect(equals(7, 10, "eventtypes") && !equals(7, 10, "eventtypex"))
        #expect(!equals(7, 10, "evenxtypes") && !equals(7, 10, "eventtxpes"))
        #expect(equals(7, 21, "eventtypes and more t") && !equals(7, 21, "eventtypes And more t"))
    }
}
