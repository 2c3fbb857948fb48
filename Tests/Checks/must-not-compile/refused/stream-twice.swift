// expect: 'stream' used after consume
// One owner: no second one can close, or read on, behind its back.
import OllamaBlocking

func streamTwice(_ client: inout BlockingOllama) throws {
    var stream = try client.chat("llama3.2", "Hello")
    var other = stream
    _ = try other.next()
    _ = try stream.next()
}
