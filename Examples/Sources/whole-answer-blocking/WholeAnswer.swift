import OllamaBlocking

/// Asks twice on one connection, for whole answers, within limits of time; says what went wrong.
@main struct WholeAnswer {
    static func main() {
        var turns = [Message.system("Be brief."), .user("Tell me a story.")]
        do {
            let deadlines = Deadlines.standard.with(\.contentIdle, .seconds(20))
                .with(\.total, .minutes(10))
            var client = try BlockingOllama(deadlines: deadlines)
            for question in ["Why?", "And then?"] {
                var request = ChatRequest(model: "llama3.2", messages: turns)
                request.options.temperature = 0
                let reply = try client.chat(request).collect()
                print(reply.text, "(\(reply.summary.evalCount) tokens)")
                turns += [reply.message, .user(question)]
            }
        } catch {
            switch error {
            case .timeout(let timeout):
                print("\(timeout.phase) took more than \(timeout.waited):", timeout.partialText)
            case .incomplete(let incomplete): print("cut off:", incomplete.partialText)
            case .server(let failure): print("the server says", failure.status, failure.message)
            case .connect(let attempts):
                for attempt in attempts { print("\(attempt.address): \(attempt.message)") }
            default: print(error)
            }
        }
    }
}
