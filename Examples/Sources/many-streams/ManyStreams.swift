import TokenWire

/// Several prompts at once over one client: `many-streams MODEL PROMPT...`
@main struct ManyStreams {
    static func main() async throws {
        let words = Array(CommandLine.arguments.dropFirst())
        guard let model = words.first else { return print("usage: many-streams MODEL PROMPT...") }
        let ollama = Ollama()
        try await withThrowingTaskGroup(of: (Int, Reply).self) { group in
            for (number, prompt) in words.dropFirst().enumerated() {
                group.addTask { (number, try await ollama.chat(model, prompt).collect()) }
            }
            for try await (number, reply) in group {
                print(
                    "\(number): \(reply.text.count) characters, \(reply.summary.evalCount) tokens")
            }
        }
    }
}
