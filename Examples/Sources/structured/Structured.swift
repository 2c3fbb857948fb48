import OllamaCodable

struct Country: Codable, JSONSchema {
    var name: String
    var capital: String
    var population: Int?
}

/// An answer as a value: `structured MODEL PROMPT`.
@main struct Structured {
    static func main() async {
        let words = Array(CommandLine.arguments.dropFirst())
        guard words.count == 2 else { return print("usage: structured MODEL PROMPT") }
        do throws(DecodingFailure) {
            let country = try await Ollama().chat(words[0], words[1]).decode(Country.self)
            print("\(country.capital) is the capital of \(country.name)")
        } catch { print(error) }
    }
}
