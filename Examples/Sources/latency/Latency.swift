import TokenWire

/// How fast a server streams: `latency MODEL PROMPT [RUNS]` prints the time to the first token, the gaps
/// between tokens, and tokens per second, each with its percentiles over all runs.
@main struct Latency {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 2 else { return print("usage: latency MODEL PROMPT [RUNS]") }
        let runs = words.count > 2 ? Int(words[2]) ?? 5 : 5
        let ollama = Ollama()
        let clock = ContinuousClock()
        var first: [Double] = []
        var gaps: [Double] = []
        var rates: [Double] = []
        do {
            // The model is loaded before anything is measured.
            _ = try await ollama.chat(words[0], words[1]).collect()
            for _ in 0..<runs {
                let start = clock.now
                var last = start
                var count = 0
                try await ollama.chat(words[0], words[1]).withRecords { records in
                    while let record = try await records.next() {
                        if record.content.isEmpty, record.thinking.isEmpty { continue }
                        let now = clock.now
                        let gap = (now - last) / .milliseconds(1)
                        if count == 0 { first.append(gap) } else { gaps.append(gap) }
                        (last, count) = (now, count + 1)
                    }
                }
                rates.append(Double(count) / ((last - start) / .seconds(1)))
            }
        } catch { return print(error) }
        print(
            "\(runs) runs, \(gaps.count + first.count) tokens      p50      p95      p99      max")
        row("time to first token, ms", first)
        row("gap between tokens, ms", gaps)
        row("tokens per second", rates)
        print("connections: \(ollama.connections.reused) exchanges on a kept one")
    }

    static func row(_ name: String, _ values: [Double]) {
        let sorted = values.sorted()
        guard let last = sorted.last else { return print("\(name): none") }
        let columns =
            [0.50, 0.95, 0.99].map { quantile in
                sorted[min(sorted.count - 1, Int(Double(sorted.count) * quantile))]
            } + [last]
        print(
            ([name] + columns.map { "\((($0) * 1000).rounded() / 1000)" }).joined(separator: "  "))
    }
}
