import TokenWire

/// Deadlines, and what stops an answer that runs away: `guards MODEL PROMPT CHARACTERS`.
@main struct Guards {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 3, let most = Int(words[2]) else {
            return print("usage: guards MODEL PROMPT CHARACTERS")
        }
        let ollama = Ollama(
            deadlines: .standard.with(\.bodyIdle, .seconds(30)).with(\.total, .minutes(5)))
        let answer = ollama.chat(
            words[0], words[1], guards: [.repetition(), .characters(max: most)])
        do throws(StreamError) {
            for try await text in answer.text { print(text, terminator: "") }
            print()
        } catch {
            switch error {
            case .stopped(let stop): print("\nstopped: \(stop.verdict)")
            case .timeout(let timeout): print("\n\(timeout.phase) took \(timeout.waited)")
            default: print("\n\(error)")
            }
        }
        print("connections in use: \(ollama.connections.leased)")
    }
}
