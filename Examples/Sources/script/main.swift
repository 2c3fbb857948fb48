import TokenWire

// At the top level of an asynchronous script Swift never destroys iterators, so `break` alone would
// leave the connection open: `cancel` closes it. In a function, `break` is enough.
let words = Array(CommandLine.arguments.dropFirst())
let answer = Ollama().chat(words.first ?? "llama3.2", words.last ?? "Hello").text
var count = 0
do {
    for try await text in answer {
        print(text, terminator: "")
        count += 1
        if count == 3 { answer.cancel() }
    }
} catch {
    print("\nleft: \(error)")
}
