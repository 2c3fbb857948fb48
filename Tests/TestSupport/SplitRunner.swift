/// One way of cutting an input into pieces: the positions of the cuts, ascending.
///
/// A cut may repeat or lie at an end: that is a read that brings nothing.
public struct Segmentation: Sendable, CustomStringConvertible {
    public let name: String
    public let cuts: [Int]

    public init(_ name: String, cuts: [Int]) {
        self.name = name
        self.cuts = cuts
    }

    public var description: String { name }

    /// The pieces of an input of `count` bytes.
    public func pieces(of count: Int) -> [Range<Int>] {
        var pieces: [Range<Int>] = []
        var start = 0
        for cut in cuts {
            pieces.append(start..<cut)
            start = cut
        }
        pieces.append(start..<count)
        return pieces
    }
}

/// The ways of cutting that every codec has to stand: an input means the same however it comes.
public enum Segmentations {
    /// Inputs up to this size are cut everywhere, longer ones at seeded random places.
    public static let everywhereLimit = 4 << 10
    public static let randomCount = 200

    /// Calls `body` with each segmentation of an input of `count` bytes: whole, byte by byte, at
    /// every two-way split (to `everywhereLimit`), else `randomCount` times at random places.
    public static func forEach<Failure: Error>(
        count: Int, seed: UInt64, randomCount: Int = randomCount,
        _ body: (Segmentation) throws(Failure) -> Void
    ) throws(Failure) {
        try body(Segmentation("whole", cuts: []))
        if count > 1 { try body(Segmentation("byte by byte", cuts: Array(1..<count))) }
        if count <= everywhereLimit {
            for cut in 0...count { try body(Segmentation("cut at \(cut)", cuts: [cut])) }
            return
        }
        var random = SeededGenerator(seed: seed)
        for round in 0..<randomCount {
            // One cut to many, so that small pieces and large ones both come.
            let number = 1 << random.below(9)
            let cuts = (0..<number).map { _ in random.below(count + 1) }.sorted()
            try body(Segmentation("random cuts, seed \(seed), round \(round)", cuts: cuts))
        }
    }
}
