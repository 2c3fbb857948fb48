/// SHA-256 (FIPS 180-4), plain and slow, for comparing with the manifest's digests.
public enum ManifestSHA256 {
    /// The digest in lower-case hexadecimal.
    public static func hex(_ message: [UInt8]) -> String {
        var state: [UInt32] = [
            0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a,
            0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
        ]
        var padded = message + [0x80]
        padded += [UInt8](repeating: 0, count: (119 - message.count % 64) % 64)
        for shift in stride(from: 56, through: 0, by: -8) {
            padded.append(UInt8(truncatingIfNeeded: (message.count * 8) >> shift))
        }
        var words = [UInt32](repeating: 0, count: 64)
        for block in stride(from: 0, to: padded.count, by: 64) {
            for index in 0..<16 {
                let at = block + index * 4
                words[index] =
                    UInt32(padded[at]) << 24 | UInt32(padded[at + 1]) << 16
                    | UInt32(padded[at + 2]) << 8 | UInt32(padded[at + 3])
            }
            mix(&state, &words)
        }
        return state.map { hex($0) }.joined()
    }

    private static func mix(_ state: inout [UInt32], _ words: inout [UInt32]) {
        for index in 16..<64 {
            let a = words[index - 15]
            let b = words[index - 2]
            let s0 = turn(a, 7) ^ turn(a, 18) ^ a >> 3
            let s1 = turn(b, 17) ^ turn(b, 19) ^ b >> 10
            words[index] = words[index - 16] &+ s0 &+ words[index - 7] &+ s1
        }
        var (a, b, c, d) = (state[0], state[1], state[2], state[3])
        var (e, f, g, h) = (state[4], state[5], state[6], state[7])
        for index in 0..<64 {
            let choice = (e & f) ^ (~e & g)
            let first =
                h &+ (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) &+ choice &+ constants[index]
                &+ words[index]
            let majority = (a & b) ^ (a & c) ^ (b & c)
            let second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) &+ majority
            (h, g, f, e) = (g, f, e, d &+ first)
            (d, c, b, a) = (c, b, a, first &+ second)
        }
        for (index, value) in [a, b, c, d, e, f, g, h].enumerated() { state[index] &+= value }
    }

    private static func turn(_ value: UInt32, _ count: UInt32) -> UInt32 {
        value >> count | value << (32 - count)
    }

    private static func hex(_ word: UInt32) -> String {
        let digits = String(word, radix: 16)
        return String(repeating: "0", count: 8 - digits.count) + digits
    }

    /// Fractional parts of the cube roots of the first 64 primes.
    private static let constants: [UInt32] = {
        var primes: [UInt64] = []
        var candidate: UInt64 = 2
        while primes.count < 64 {
            if primes.allSatisfy({ candidate % $0 != 0 }) { primes.append(candidate) }
            candidate += 1
        }
        return primes.map(cubeRootFraction)
    }()

    /// floor(cbrt(prime) * 2^32) mod 2^32, by bisection on integers.
    private static func cubeRootFraction(_ prime: UInt64) -> UInt32 {
        var low: UInt64 = 0
        var high: UInt64 = 7 << 32
        while high - low > 1 {
            let middle = (low + high) / 2
            if isCube(of: middle, above: prime) { high = middle } else { low = middle }
        }
        return UInt32(truncatingIfNeeded: low)
    }

    /// Whether (value / 2^32)^3 is larger than `prime`; values below 7 * 2^32 fit when cubed.
    private static func isCube(of value: UInt64, above prime: UInt64) -> Bool {
        let wide = UInt128(value)
        return wide * wide * wide > UInt128(prime) << 96
    }
}
