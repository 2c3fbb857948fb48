import OllamaBlocking

func wholeAnswers() throws {
    var client = try BlockingOllama(host: "http://127.0.0.1:11434")
    let request = ChatRequest(
        model: "qwen3", messages: [.system("Be brief."), .user("Tell me a story.")], think: .high)
    let reply = try client.chat(request).collect()
    print(reply.thinking, reply.text, reply.summary.reason, reply.summary.tokensPerSecond ?? 0)
    for call in reply.toolCalls { print(call.function.name, call.function.arguments) }
    print(try client.generate("qwen3", "Once upon a time").collect().text)
    print(try client.list().map(\.name), try client.ps().map(\.expiresAt), try client.version())
}
