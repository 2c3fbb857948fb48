import OllamaBlocking

func typedFailures() throws(StreamError) -> Reply {
    var client = try BlockingOllama(deadlines: Deadlines.standard.with(\.total, .minutes(1)))
    return try client.chat("llama3.2", "Hello").collect()
}
