// expect: 'stream' used after consume
import OllamaBlocking

func streamBehindCollect(_ client: inout BlockingOllama) throws {
    var stream = try client.chat("llama3.2", "Hello")
    _ = try stream.collect()
    _ = try stream.next()
}
