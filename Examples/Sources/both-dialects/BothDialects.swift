import TokenWire

/// The same call in both dialects: `both-dialects http://gpu1:8000/v1 MODEL PROMPT`. Without `/v1` the
/// server is asked which it speaks.
@main struct BothDialects {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 3 else { return print("usage: both-dialects URL MODEL PROMPT") }
        var options = Ollama.Options()
        options.dialect = .auto
        let server = Ollama(host: words[0], options: options)
        var request = ChatRequest(model: words[1], messages: [.user(words[2])])
        request.options.numPredict = 200
        do throws(StreamError) {
            for try await part in server.chat(request) {
                switch part {
                case .thinking(let text): print("(\(text))", terminator: "")
                case .text(let text): print(text, terminator: "")
                case .toolCall(let call): print("call \(call.function.name)")
                case .finish(let summary): print("\n\(summary.reason), \(summary.evalCount) tokens")
                }
            }
        } catch { print(error) }
    }
}
