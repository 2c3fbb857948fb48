import TokenWire

/// A task that runs where its connection is watched: no hop between threads for any record.
/// `on-the-loop MODEL PROMPT`
@main struct OnTheLoop {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 2 else { return print("usage: on-the-loop MODEL PROMPT") }
        let ollama = Ollama()
        let loop = try Reactor.shared.loops()[0]
        let (records, bytes) = try await withTaskExecutorPreference(loop.taskExecutor) {
            try await ollama.chat(words[0], words[1]).withRecords { answer in
                var (records, bytes) = (0, 0)
                while let record = try await answer.next() {  // borrowed, nothing is allocated
                    records += 1
                    bytes += record.content.count
                }
                return (records, bytes)
            }
        }
        let statistics = loop.statistics
        print("\(records) records, \(bytes) bytes of text; \(statistics.events) events")
    }
}
