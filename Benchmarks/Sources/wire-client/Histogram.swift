import Synchronization

/// Times in classes of 1/64 of their value, as the C clients keep them, shared by all tasks.
final class Histogram: Sendable {
    private static let fine = 64
    private let counts = Mutex([Int](repeating: 0, count: 48 * fine))

    func note(nanoseconds: Int) {
        let value = max(nanoseconds, Histogram.fine)
        let octave = Int.bitWidth - 1 - value.leadingZeroBitCount
        let place = value >> (octave - 6) - Histogram.fine
        let index = min(octave - 6, 47) * Histogram.fine + place
        counts.withLock { $0[index] += 1 }
    }

    /// In microseconds; `null` when there is nothing.
    func percentile(_ share: Double) -> String {
        counts.withLock { counts in
            var left = Int(Double(counts.reduce(0, +)) * share)
            for (index, count) in counts.enumerated() where count > 0 {
                if left < count {
                    let octave = index / Histogram.fine
                    let value = (Histogram.fine + index % Histogram.fine) << octave
                    return "\(Double(value) / 1e3)"
                }
                left -= count
            }
            return "null"
        }
    }
}
