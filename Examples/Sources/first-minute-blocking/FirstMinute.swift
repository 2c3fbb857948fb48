import Glibc
import OllamaBlocking

/// Prints a model's answer as it comes: `first-minute-blocking llama3.2 'Why is the sky blue?'`
@main struct FirstMinute {
    static func main() throws(StreamError) {
        let words = CommandLine.arguments.dropFirst()
        var client = try BlockingOllama()  // OLLAMA_HOST, else http://127.0.0.1:11434
        var stream = try client.chat(words.first ?? "llama3.2", words.last ?? "Hello")
        // A record is borrowed from the stream: using it after the next call does not compile.
        while let record = try stream.next() {
            print(record.text, terminator: "")
            fflush(nil)
        }
        print()
    }
}
