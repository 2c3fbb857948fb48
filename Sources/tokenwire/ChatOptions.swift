import OllamaBlocking
import OllamaProtocol
import WireBytes
import WireJSON
import WireTime

/// The options of `chat` and `generate`, understood.
struct ChatOptions {
    static let group = Subcommand.OptionGroup(
        title: "Request",
        options: [
            .value("--system", "TEXT", "the system message"),
            .repeated("--image", "FILE", "an image for the model"),
            .value("--format", "json|FILE", "constrain the answer: to JSON, or to a JSON Schema"),
            .repeated("--option", "K=V", "a model option, such as temperature=0 or num_ctx=8192"),
            .value("--think", "LEVEL", "true, false, low, medium, high or max"),
            .value("--tools", "FILE", "a JSON array of tool definitions (chat only)"),
            .value("--keep-alive", "D", "how long the model stays loaded: 5m, 0, never"),
            .value("--max-tokens", "N", "the most tokens to generate (option num_predict)"),
        ])

    static let outputGroup = Subcommand.OptionGroup(
        title: "Output",
        options: [
            .value("--max-chars", "N", "leave the stream after so many characters (exit 7)"),
            .flag("--stop-repetition", "leave the stream when the text repeats itself (exit 7)"),
            .flag("--stats", "tokens, tokens/s, time to first token, load, total on stderr"),
            .flag("--raw", "print each record as it was received"),
            .flag("--json", "print one JSON object when the answer is complete"),
        ])

    enum Form { case text, raw, json }

    private static let fileLimit = 64 << 20

    var system: String?
    var images: [[UInt8]] = []
    var format: ResponseFormat?
    var options = ModelOptions()
    var think: Think?
    var tools: [JSONValue] = []
    var keepAlive: KeepAlive?
    var characterLimit: Int?
    var stopsRepetition: Bool
    var showsStats: Bool
    var form: Form

    init(_ arguments: Arguments) throws(CommandError) {
        system = arguments.value("--system")
        stopsRepetition = arguments.has("--stop-repetition")
        showsStats = arguments.has("--stats")
        if arguments.has("--raw"), arguments.has("--json") {
            throw .usage("--raw and --json: only one of them")
        }
        form = arguments.has("--raw") ? .raw : arguments.has("--json") ? .json : .text
        for path in arguments.values("--image") {
            images.append(try InputFile.read(path, limit: ChatOptions.fileLimit))
        }
        if let text = arguments.value("--format") {
            format = text == "json" ? .json : .schema(try ChatOptions.json(in: text))
        }
        if let path = arguments.value("--tools") {
            guard let list = try ChatOptions.json(in: path).arrayValue else {
                throw .usage("--tools: \(path) holds no JSON array")
            }
            tools = list
        }
        for pair in arguments.values("--option") {
            options.extra.append(try ChatOptions.option(pair))
        }
        think = try arguments.value("--think").map(ChatOptions.think)
        keepAlive = try arguments.value("--keep-alive").map(ChatOptions.keepAlive)
        options.numPredict = try ChatOptions.count("--max-tokens", arguments)
        characterLimit = try ChatOptions.count("--max-chars", arguments)
    }

    var guards: [Guard] {
        (characterLimit.map { [.characters(max: $0)] } ?? [])
            + (stopsRepetition ? [.repetition()] : [])
    }

    private static func json(in path: String) throws(CommandError) -> JSONValue {
        let bytes = try InputFile.read(path, limit: fileLimit)
        do throws(JSONError) {
            return try JSONValue(parsing: bytes.span)
        } catch { throw .failed(.usage, "\(path): \(error)") }
    }

    /// A value that is JSON is sent as that, any other as a string.
    static func option(_ pair: String) throws(CommandError) -> JSONValue.Member {
        guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
            throw .usage("--option takes key=value, not '\(pair)'")
        }
        let text = String(pair[pair.index(after: equals)...])
        let value = (try? JSONValue(parsing: text.utf8.span)) ?? .string(text)
        return JSONValue.Member(key: String(pair[..<equals]), value: value)
    }

    private static func think(_ text: String) throws(CommandError) -> Think {
        switch text {
        case "true": return .on
        case "false": return .off
        case "low": return .low
        case "medium": return .medium
        case "high": return .high
        case "max": return .max
        default: throw .usage("--think takes true, false, low, medium, high or max, not '\(text)'")
        }
    }

    static func keepAlive(_ text: String) throws(CommandError) -> KeepAlive {
        if text == "never" || text == "-1" { return .forever }
        if text == "0" { return .now }
        guard let duration = OptionValue.duration(text) else {
            throw .usage("--keep-alive takes a duration such as 5m, 0 or never, not '\(text)'")
        }
        return .seconds(duration.inSeconds)
    }

    static func count(
        _ name: String, _ arguments: Arguments
    ) throws(CommandError) -> Int? {
        guard let text = arguments.value(name) else { return nil }
        guard let count = Int(text), count > 0 else {
            throw .usage("\(name) takes a number from 1 on, not '\(text)'")
        }
        return count
    }
}
