import TokenWire
import WireServer

/// A program tried against a server of its own: what it does when a stream goes silent, and what the
/// server saw of it.
@main struct TestServerExample {
    static func main() async throws {
        let line = #"{"model":"m","message":{"role":"assistant","content":"Hel"},"done":false}"#
        var script = Script.ndjson([line, line])
        script.steps.removeLast()  // The end of the stream never comes.
        let server = try TestServer.answering(with: script.then(.stall))
        await server.run { server in
            let ollama = Ollama(
                host: server.url, deadlines: .standard.with(\.bodyIdle, .milliseconds(100)))
            do {
                for try await text in ollama.chat("m", "Hello?").text { print(text) }
            } catch { print("gave up: \(error)") }
            let request = server.requests[0]
            let close = server.clientClose()?.kind.rawValue ?? "nothing"
            print("the server saw \(request.method) \(request.target), then \(close)")
        }
    }
}
