import TokenWire

/// Thinking, text, tool calls and the summary; what can go wrong; leaving early:
/// `parts MODEL PROMPT [PARTS]` leaves after so many parts.
@main struct Parts {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count >= 2 else { return print("usage: parts MODEL PROMPT [PARTS]") }
        let most = words.count > 2 ? Int(words[2]) ?? .max : .max
        let ollama = Ollama(deadlines: .standard.with(\.contentIdle, .seconds(20)))
        let answer = ollama.chat(
            ChatRequest(model: words[0], messages: [.system("Be brief."), .user(words[1])]))
        do throws(StreamError) {
            var count = 0
            for try await part in answer {
                switch part {
                case .thinking(let text): print("(\(text))", terminator: "")
                case .text(let text): print(text, terminator: "")
                case .toolCall(let call): print("call \(call.function.name)")
                case .finish(let summary): print("\n\(summary.reason), \(summary.evalCount) tokens")
                }
                count += 1
                if count == most { break }  // the connection is closed before the next statement
            }
            print("\nconnections in use: \(ollama.connections.leased)")
        } catch {
            switch error {
            case .timeout(let timeout): print("\(timeout.phase) took \(timeout.waited)")
            case .incomplete(let end): print("cut off after \(end.recordCount) records")
            case .server(let failure): print("status \(failure.status): \(failure.message)")
            case .connect(let attempts): for one in attempts { print(one.address, one.message) }
            default: print(error)
            }
        }
    }
}
