import TestSupport
import Testing
import WireBytes

/// The places that come out one by one are those that a byte loop finds, however the content grows and
/// is consumed.
@Suite(.serialized) struct FoundAheadTests {
    private static func places(_ bytes: [UInt8], _ wanted: Set<UInt8>) -> [Int] {
        bytes.indices.filter { wanted.contains(bytes[$0]) }
    }

    /// Without those of two bytes that may be left out.
    private static func firsts(_ places: [Int], _ bytes: [UInt8], _ wanted: Set<UInt8>) -> [Int] {
        if wanted.count == 1 { return places }
        return places.filter { $0 == 0 || !wanted.contains(bytes[$0 - 1]) }
    }

    /// - Parameter rare: one byte in so many is wanted, so that all ways of looking are taken.
    @Test(
        arguments: KernelWidth.available, [1, 2, 9, 60, 300, 3000])
    func growingContent(_ width: KernelWidth, rare: Int) throws {
        width.use()
        for seed in 0..<40 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let wanted: [UInt8] = random.chance(1, in: 2) ? [0x0A, 0x0A] : [0x0A, 0x0D]
            let count = random.below(9000)
            let bytes = (0..<count).map { _ in
                random.chance(1, in: rare) ? random.pick(wanted) : UInt8(0x61 + random.below(26))
            }
            let expected = Self.places(bytes, Set(wanted))
            var guarded = GuardedBytes(capacity: count)
            var found = FoundAhead(wanted[0], or: wanted[1])
            var (consumed, filled) = (0, 0)
            var actual: [Int] = []
            while filled < count {
                filled = min(count, filled + 1 + random.below(random.pick([3, 90, 700, 5000])))
                let content = guarded.place(bytes.span.extracting(consumed..<filled))
                var passed = 0
                while let place = found.peek(in: content) {
                    // One that might have been left out can lie in what has been consumed.
                    actual.append(consumed + place)
                    if let after = found.placeAfter { try #require(after > place) }
                    found.pass()
                    passed = max(passed, place + 1)
                    if random.chance(1, in: 3) { break }
                }
                found.consumed(passed)
                consumed += passed
            }
            let content = guarded.place(bytes.span.extracting(consumed..<filled))
            while let place = found.peek(in: content) {
                actual.append(consumed + place)
                found.pass()
            }
            try #require(
                Self.firsts(actual, bytes, Set(wanted))
                    == Self.firsts(expected, bytes, Set(wanted)),
                "seed \(seed)")
            try #require(
                actual.allSatisfy { wanted.contains(bytes[$0]) } && actual == actual.sorted())
        }
    }

    /// Batches of lines are what a byte loop makes of the places.
    @Test(arguments: KernelWidth.available, [1, 9, 60, 300, 3000, 20_000])
    func batchesOfLines(_ width: KernelWidth, rare: Int) throws {
        width.use()
        for seed in 0..<30 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let bytes = (0..<random.below(60_000)).map { _ in
                random.chance(1, in: rare) ? random.pick([0x0A, 0x0A, 0x0D]) : UInt8(0x61)
            }
            let limit = random.chance(1, in: 3) ? random.below(5 * rare) : Int.max
            var expected: [ByteRange] = []
            var start = 0
            for place in Self.places(bytes, [0x0A]) {
                let hasCR = place > start && bytes[place - 1] == 0x0D
                let count = place - start - (hasCR ? 1 : 0)
                if count > limit { break }
                expected.append(ByteRange(start: 7 + start, count: count))
                start = place + 1
            }
            var guarded = GuardedBytes(capacity: bytes.count)
            var found = FoundAhead(0x0A, or: 0x0A)
            var (actual, consumed) = ([ByteRange](), 0)
            while true {
                var lines = [ByteRange](
                    repeating: ByteRange(start: 0, count: 0), count: 1 + random.below(200))
                let content = guarded.place(bytes.span.extracting(consumed..<bytes.count))
                var room = lines.mutableSpan
                let taken = found.takeLines(
                    in: content, from: 7 + consumed, limit: limit, into: &room)
                if taken.count == 0 { break }
                actual += lines[0..<taken.count]
                found.consumed(taken.end)
                consumed += taken.end
            }
            try #require(actual == expected, "seed \(seed)")
        }
    }
}
