import WireSystem
import WireTransport

/// What the process holds.
struct Resources {
    var residentKiB = 0
    var descriptors = 0
    var threads = 0

    static var now: Resources {
        var found = Resources()
        let status = (try? Files.read("/proc/self/status", limit: 1 << 16)) ?? []
        for line in String(decoding: status, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            guard words.count > 1, let number = Int(words[1]) else { continue }
            if words[0] == "VmRSS:" { found.residentKiB = number }
            if words[0] == "Threads:" { found.threads = number }
        }
        // Without the one that reads the directory; none when there is no descriptor left for that.
        found.descriptors = ((try? Files.names(in: "/proc/self/fd").count) ?? 1) - 1
        return found
    }
}

/// Whether that stayed flat.
struct Flatness {
    private var samples: [Resources] = []

    mutating func add(_ sample: Resources) { samples.append(sample) }

    private func peak(_ part: Range<Int>, _ value: KeyPath<Resources, Int>) -> Int {
        samples[samples.count * part.lowerBound / 4..<samples.count * part.upperBound / 4]
            .map { $0[keyPath: value] }.max() ?? 0
    }

    /// The last quarter's peaks against those of the second: the first is the start. Too short a run
    /// has neither.
    var problems: [String] {
        guard samples.count >= 20 else { return [] }
        let (early, late) = (1..<2, 3..<4)
        var problems: [String] = []
        let (before, after) = (peak(early, \.residentKiB), peak(late, \.residentKiB))
        if after > before + before / 10 + 8_192 {
            problems.append("resident memory grew from \(before) to \(after) KiB")
        }
        // Those that look names up come and go.
        if peak(late, \.threads) > peak(early, \.threads) + 2 + NameLookUps.most {
            problems.append(
                "threads grew from \(peak(early, \.threads)) to \(peak(late, \.threads))")
        }
        return problems
    }
}
