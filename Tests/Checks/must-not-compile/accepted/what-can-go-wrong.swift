import OllamaBlocking

func whatCanGoWrong() {
    do {
        var client = try BlockingOllama()
        var stream = try client.chat("llama3.2", "Hello")
        while let text = try stream.nextText() { print(text, terminator: "") }
    } catch {
        switch error {
        case .timeout(let timeout):
            print(timeout.phase, timeout.waited, timeout.bytesReceived, timeout.partialText)
        case .incomplete(let incomplete): print(incomplete.partialText)
        case .server(let failure): print(failure.status, failure.message)
        case .connect(let attempts): for a in attempts { print(a.address, a.message) }
        case .malformed(let record): print(record.offset, record.excerpt)
        case .stopped(let stop): print(stop.verdict, stop.partialText)
        case .request, .cancelled, .transport: print(error)
        }
    }
}
