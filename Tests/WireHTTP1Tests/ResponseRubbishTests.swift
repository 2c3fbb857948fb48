import TestSupport
import Testing
import WireHTTP1

/// Bytes that no honest peer sends: nothing traps, and the verdict does not depend on the cuts.
@Suite struct ResponseRubbishTests {
    private static let tokens: [[UInt8]] =
        [
            "\r\n", "\r", "\n", "\r\n\r\n", ":", " ", "\t", ",", ";", "\u{0}", "0\r\n\r\n",
            "5\r\nhello\r\n",
            "chunked", "Transfer-Encoding: chunked\r\n", "Content-Length: 5\r\n",
            "Content-Length: ", "close",
            "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 ", "HTTP/1.0 200 OK\r\n", " folded\r\n",
            "ffffffffffffffff",
            "7fffffffffffffff\r\n", "204", "304", "101", "Connection: close\r\n",
            "99999999999999999999",
        ].map { Array($0.utf8) } + [[0xFF], [0x80], [0x7F]]

    private static let seeds: [[UInt8]] = {
        let cases = (try? VectorFile.load("http-responses.json")) ?? []
        return cases.map { $0.input }.filter { $0.count > 16 && $0.count < 400 }
    }()

    /// Four times 50,000 inputs; the seed of each is its round's, so one can be run again alone.
    @Test(arguments: [0, 1, 2, 3])
    func mutatedResponses(_ part: UInt64) throws {
        try #require(Self.seeds.count > 200)
        var complete = 0
        for round in 0..<50_000 {
            let seed = part << 32 | UInt64(round)
            var random = SeededGenerator(seed: seed)
            let input = Self.mutated(&random)
            var options = ReplayOptions()
            if random.chance(1, in: 8) { options.method = "HEAD" }
            let whole = replay(input, Segmentation("whole", cuts: []), options)
            if whole.isComplete { complete += 1 }
            options.holdsContent = random.chance(1, in: 2)
            let number = 1 + random.below(4)
            let cuts = (0..<number).map { _ in random.below(input.count + 1) }.sorted()
            let split = replay(input, Segmentation("cuts", cuts: cuts), options)
            try #require(whole.faults == [], "seed \(seed)")
            try #require(split == whole, "seed \(seed), cuts \(cuts)")
            try #require(whole.isComplete == (whole.error == nil), "seed \(seed)")
            try #require(whole.body.count <= whole.consumed || !whole.isComplete, "seed \(seed)")
            try #require((whole.error?.offset ?? 0) <= input.count, "seed \(seed)")
        }
        // The mutations leave a good share valid, so both kinds of verdict are compared.
        #expect(complete > 2_000 && complete < 45_000)
    }

    private static func mutated(_ random: inout SeededGenerator) -> [UInt8] {
        var input = random.pick(seeds)
        for _ in 0..<random.below(4) {
            let at = random.below(input.count + 1)
            let end = min(input.count, at + random.below(12))
            switch random.below(7) {
            case 0: if at < input.count { input[at] ^= 1 << UInt8(random.below(8)) }
            case 1: if at < input.count { input[at] = random.byte() }
            case 2: input.insert(contentsOf: random.pick(tokens), at: at)
            case 3: input.removeSubrange(at..<end)
            case 4: input.insert(contentsOf: Array(input[at..<end]), at: at)
            case 5: input.removeSubrange(at...)
            default:
                let other = random.pick(seeds)
                input = Array(input[..<at]) + other[random.below(other.count)...]
            }
        }
        return input
    }

    @Test func randomBytes() throws {
        var random = SeededGenerator(seed: 77)
        for round in 0..<20_000 {
            let start: [UInt8] = random.chance(1, in: 2) ? Array("HTTP/1.1 200 \r\n".utf8) : []
            let input = start + random.bytes(random.below(64))
            let whole = replay(input, Segmentation("whole", cuts: []))
            let cut = Segmentation("cut", cuts: [random.below(input.count + 1)])
            try #require(replay(input, cut) == whole, "seed 77, round \(round)")
        }
    }
}
