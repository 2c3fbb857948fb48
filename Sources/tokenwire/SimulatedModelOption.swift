import WireBytes
import WireSimulation
import WireTime

/// Models as `tokenwire simulate` is told of them: `NAME,key=value,...`, the keys being those of the
/// options that set what all models have.
enum SimulatedModelOption {
    static let options: [Option] = [
        .value("--load", "D", "time to load a model (default 0s)"),
        .value("--prompt-rate", "N", "prompt tokens per second (default: no time)"),
        .value("--rate", "N", "tokens per second (default 50)"),
        .value(
            "--jitter", "J",
            "of the times between tokens: constant, normal(SD), gamma(CV) or "
                + "trace(FILE), a file of durations, one a line (default constant)"),
        .value("--tokens-per-record", "N", "(default 1)"),
        .value(
            "--output", "DIST",
            "tokens of an answer: N, uniform(A,B), normal(MEAN,SD), "
                + "geometric(MEAN), lognormal(MEDIAN,SIGMA) (default normal(200,60))"),
        .value("--slots", "N", "requests a model answers at once (default 1)"),
        .value("--context", "N", "context length in tokens (default 4096)"),
        .value("--prompt-cache", "on|off", "read only what is new of a prompt (default on)"),
        .value(
            "--thinking", "N", "tokens of thinking in front of an answer (default 0: it cannot)"),
        .value("--tools", "on|off", "call the first tool that is offered (default on)"),
        .value("--embedding", "N", "dimensions: the model makes embeddings, not text"),
        .value("--keep-alive", "D", "how long a model stays loaded (default 5m)"),
    ]

    /// What all models have.
    static func base(_ arguments: Arguments) throws(CommandError) -> SimulatedModel {
        var model = SimulatedModel("")
        for option in options {
            guard let value = arguments.value(option.name) else { continue }
            try set(String(option.name.dropFirst(2)), value, of: &model)
        }
        return model
    }

    static func model(_ text: String, base: SimulatedModel) throws(CommandError) -> SimulatedModel {
        var parts = split(text)
        var model = base
        model.name = parts.removeFirst()
        if model.name.isEmpty { throw .usage("--model needs a name in front") }
        for part in parts {
            let pair = part.split(separator: "=", maxSplits: 1).map(String.init)
            guard pair.count == 2 else {
                throw .usage("--model: expected key=value, not '\(part)'")
            }
            try set(pair[0], pair[1], of: &model)
        }
        return model
    }

    private static func set(
        _ key: String, _ value: String, of model: inout SimulatedModel
    ) throws(CommandError) {
        switch key {
        case "load": model.loadTime = try duration(key, value)
        case "prompt-rate": model.promptRate = try rate(key, value)
        case "rate": model.tokenRate = try rate(key, value)
        case "jitter": model.jitter = try jitter(value)
        case "tokens-per-record": model.tokensPerRecord = try count(key, value, least: 1)
        case "output": model.output = try output(value)
        case "slots": model.slots = try count(key, value, least: 1)
        case "context": model.contextLength = try count(key, value, least: 1)
        case "prompt-cache": model.cachesPrompts = try flag(key, value)
        case "thinking": model.thinkingTokens = try count(key, value, least: 0)
        case "tools": model.usesTools = try flag(key, value)
        case "embedding": model.embeddingSize = try count(key, value, least: 1)
        case "keep-alive": model.keepAlive = try duration(key, value)
        default:
            let known = options.map { String($0.name.dropFirst(2)) }
            throw .usage(
                "--model: no key is called '\(key)'" + Spelling.suggestion(for: key, among: known))
        }
    }

    // MARK: Values

    private static func duration(_ key: String, _ text: String) throws(CommandError) -> Timeout {
        guard let value = OptionValue.duration(text) else {
            throw .usage("\(key) takes a duration such as 250ms, 10s, 2m or never, not '\(text)'")
        }
        return value
    }

    private static func rate(_ key: String, _ text: String) throws(CommandError) -> Double {
        guard let value = Double(text), value > 0 else {
            throw .usage("\(key) takes tokens per second, not '\(text)'")
        }
        return value
    }

    private static func count(
        _ key: String, _ text: String, least: Int
    ) throws(CommandError) -> Int {
        guard let value = Int(text), (least...10_000_000).contains(value) else {
            throw .usage("\(key) takes a number from \(least) on, not '\(text)'")
        }
        return value
    }

    private static func flag(_ key: String, _ text: String) throws(CommandError) -> Bool {
        guard text == "on" || text == "off" else {
            throw .usage("\(key) takes on or off, not '\(text)'")
        }
        return text == "on"
    }

    private static func jitter(_ text: String) throws(CommandError) -> Jitter {
        if text == "constant" { return .constant }
        let (name, inner) = call(text)
        if name == "trace", let path = inner {
            return .trace(try trace(path))
        }
        if let inner, let value = Double(inner), value >= 0 {
            if name == "normal" { return .normal(value) }
            if name == "gamma" { return .gamma(value) }
        }
        throw .usage("jitter takes constant, normal(SD), gamma(CV) or trace(FILE), not '\(text)'")
    }

    private static func trace(_ path: String) throws(CommandError) -> [Timeout] {
        let bytes = try InputFile.read(path, limit: 64 << 20)
        var gaps: [Timeout] = []
        for (index, line) in bytes.split(separator: ASCII.lf).enumerated() {
            let text = String(decoding: line, as: UTF8.self).filter { $0 != "\r" && $0 != " " }
            if text.isEmpty { continue }
            guard let gap = OptionValue.duration(text), !gap.isNever else {
                throw .failed(
                    .usage, "\(path): line \(index + 1) is not a duration such as 20ms: '\(text)'")
            }
            gaps.append(gap)
        }
        if gaps.isEmpty { throw .failed(.usage, "\(path): no durations") }
        return gaps
    }

    private static func output(_ text: String) throws(CommandError) -> OutputLength {
        if let count = Int(text), count > 0 { return .exactly(count) }
        let (name, inner) = call(text)
        let numbers = (inner ?? "").split(separator: ",").compactMap { Double($0) }
        switch (name, numbers.count) {
        case ("uniform", 2) where numbers[0] >= 1 && numbers[1] >= numbers[0] && numbers[1] < 1e9:
            return .uniform(Int(numbers[0])...Int(numbers[1]))
        case ("normal", 2): return .normal(numbers[0], numbers[1])
        case ("geometric", 1): return .geometric(numbers[0])
        case ("lognormal", 2): return .lognormal(numbers[0], numbers[1])
        default:
            throw .usage(
                "output takes N, uniform(A,B), normal(MEAN,SD), geometric(MEAN) or "
                    + "lognormal(MEDIAN,SIGMA), not '\(text)'")
        }
    }

    /// `gamma(0.5)` as `gamma` and `0.5`.
    private static func call(_ text: String) -> (name: String, inner: String?) {
        guard let open = text.firstIndex(of: "("), text.hasSuffix(")") else { return (text, nil) }
        return (String(text[..<open]), String(text[text.index(after: open)...].dropLast()))
    }

    /// At commas that are in no parentheses.
    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var depth = 0
        for character in text {
            if character == "(" { depth += 1 }
            if character == ")" { depth -= 1 }
            if character == ",", depth == 0 {
                parts.append("")
            } else {
                parts[parts.count - 1].append(character)
            }
        }
        return parts
    }
}
