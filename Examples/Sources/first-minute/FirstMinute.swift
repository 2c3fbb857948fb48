import Glibc
import TokenWire

/// Prints a model's answer as it comes: `first-minute llama3.2 'Why is the sky blue?'`
@main struct FirstMinute {
    static func main() async throws {
        let words = CommandLine.arguments.dropFirst()
        let ollama = Ollama()  // OLLAMA_HOST, else http://127.0.0.1:11434
        for try await text in ollama.chat(words.first ?? "llama3.2", words.last ?? "Hello").text {
            print(text, terminator: "")
            fflush(nil)
        }
        print()
    }
}
