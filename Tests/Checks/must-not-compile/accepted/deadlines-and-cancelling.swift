import OllamaBlocking

func deadlinesAndCancelling() throws {
    var client = try BlockingOllama(
        deadlines: .standard.with(\.bodyIdle, .seconds(3)).with(\.total, .never))
    let cancellation = Cancellation()
    // From another thread, at any time; or from the loop.
    let stop: @Sendable () -> Void = { cancellation.cancel() }
    var stream = try client.chat("llama3.2", "Hello", cancellation: cancellation)
    while let record = try stream.next() {
        if record.content.count > 1000 { stop() }
    }
    stream.cancel()
    print(stream.timings.firstContent == nil, stream.summary?.evalCount ?? 0)
}
