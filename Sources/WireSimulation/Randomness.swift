internal import Glibc
public import WireTime

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere for the same seed.
struct Randomness: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// A stream of its own for each combination of values.
    init(seed: UInt64, _ parts: UInt64...) {
        var mixed = Randomness(seed: seed)
        var state = mixed.next()
        for part in parts {
            mixed = Randomness(seed: state ^ part)
            state = mixed.next()
        }
        self.state = state
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    /// In [0, 1).
    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    mutating func index(below count: Int) -> Int { Int(next() % UInt64(max(1, count))) }

    /// Mean 0, standard deviation 1 (Box and Muller).
    mutating func normal() -> Double {
        let radius = (-2 * log(1 - unit())).squareRoot()
        return radius * cos(2 * Double.pi * unit())
    }

    /// Mean 1, the given shape (Marsaglia and Tsang 2000).
    mutating func gamma(shape: Double) -> Double {
        if shape < 1 {
            let boost = pow(1 - unit(), 1 / shape)
            return gamma(shape: shape + 1) * (shape + 1) / shape * boost
        }
        let d = shape - 1 / 3
        let c = 1 / (9 * d).squareRoot()
        while true {
            let x = normal()
            let v = (1 + c * x) * (1 + c * x) * (1 + c * x)
            if v > 0, log(1 - unit()) < 0.5 * x * x + d - d * v + d * log(v) {
                return d * v / shape
            }
        }
    }

    /// FNV-1a.
    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return hash
    }
}

/// How the times between a model's tokens vary around their mean.
public enum Jitter: Sendable, Equatable {
    case constant
    /// Standard deviation as a part of the mean; never below zero.
    case normal(Double)
    /// Coefficient of variation: 1 is what a Poisson process has.
    case gamma(Double)
    /// These times, one after the other, from the first again at the end; the rate does not count.
    case trace([Timeout])

    /// Between token `index - 1` and token `index`.
    func gap(before index: Int, mean: Double, _ random: inout Randomness) -> Double {
        switch self {
        case .constant: return mean
        case .normal(let deviation): return max(0, mean * (1 + deviation * random.normal()))
        case .gamma(let variation):
            if variation <= 0 { return mean }
            return mean * random.gamma(shape: 1 / (variation * variation))
        case .trace(let gaps):
            return gaps.isEmpty ? mean : Double(gaps[index % gaps.count].nanoseconds)
        }
    }
}

/// How many tokens an answer has that nothing else ends.
public enum OutputLength: Sendable, Equatable {
    case exactly(Int)
    case uniform(ClosedRange<Int>)
    /// Mean and standard deviation.
    case normal(Double, Double)
    /// Mean, for a stop after every token with the same probability.
    case geometric(Double)
    /// Median, and the standard deviation of the logarithm.
    case lognormal(Double, Double)

    func sample(_ random: inout Randomness) -> Int {
        let value: Double
        switch self {
        case .exactly(let count): return count
        case .uniform(let range):
            let width = range.upperBound - range.lowerBound + 1
            return range.lowerBound + random.index(below: width)
        case .normal(let mean, let deviation): value = mean + deviation * random.normal()
        case .geometric(let mean):
            value = mean <= 1 ? 1 : log(1 - random.unit()) / log(1 - 1 / mean) + 1
        case .lognormal(let median, let deviation):
            value = median * exp(deviation * random.normal())
        }
        return Int(min(max(value.rounded(), 1), 1e9))
    }
}
