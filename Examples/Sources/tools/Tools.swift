import OllamaCodable

struct Place: Codable, JSONSchema {
    var city: String
    var days: Int?
}

/// A conversation in which the model calls a function: `tools MODEL PROMPT`.
@main struct Tools {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 2 else { return print("usage: tools MODEL PROMPT") }
        let weather = Tool("get_weather", "Current weather") { (place: Place) in
            print("asked for the weather of \(place.city)")
            return "21 degrees and sun in \(place.city)"
        }
        let request = ChatRequest(model: words[0], messages: [.user(words[1])])
        do throws(ToolRunError) {
            let run = try await Ollama().runTools(request, tools: [weather], maxSteps: 5)
            print(run.text)
        } catch {
            switch error {
            case .stream(let error, _): print(error)
            case .tooManySteps(let steps, _): print("still calling after \(steps) answers")
            default: print(error)
            }
        }
    }
}
