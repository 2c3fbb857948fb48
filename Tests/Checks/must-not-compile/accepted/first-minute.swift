import OllamaBlocking

func firstMinute() throws {
    var client = try BlockingOllama()
    var stream = try client.chat("llama3.2", "Why is the sky blue?")
    while let record = try stream.next() {
        print(record.text, terminator: "")
        if record.isDone { break }
    }
}
