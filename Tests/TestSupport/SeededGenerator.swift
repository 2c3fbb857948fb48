/// splitmix64: the same numbers from the same seed, on every machine and in every version.
///
/// A test that draws from it prints the seed when it fails, and runs the failure again when that
/// seed is put where the test names its own.
public struct SeededGenerator: RandomNumberGenerator, Sendable {
    public let seed: UInt64
    private var state: UInt64

    public init(seed: UInt64) {
        self.seed = seed
        state = seed
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// A number in `0 ..< limit`; `limit` is at least 1.
    public mutating func below(_ limit: Int) -> Int {
        precondition(limit > 0, "nothing to choose from")
        // The high half of the product: no bias that a test could notice.
        return Int(next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    public mutating func byte() -> UInt8 { UInt8(truncatingIfNeeded: next() >> 32) }

    public mutating func bytes(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count)
        while bytes.count < count {
            var word = next()
            for _ in 0..<min(8, count - bytes.count) {
                bytes.append(UInt8(truncatingIfNeeded: word))
                word >>= 8
            }
        }
        return bytes
    }

    /// True `numerator` times out of `denominator`.
    public mutating func chance(_ numerator: Int, in denominator: Int) -> Bool {
        below(denominator) < numerator
    }

    public mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}
