// expect: 'client' used after consume
import OllamaBlocking

func clientTwice() throws {
    var client = try BlockingOllama()
    var other = client
    _ = try other.version()
    _ = try client.version()
}
