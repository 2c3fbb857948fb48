import WireTime

/// An option that a subcommand knows.
struct Option: Sendable {
    enum Kind: Sendable, Equatable {
        case flag
        /// With a value, which help calls so. The last one counts.
        case value(String)
        /// May come several times; all of them count.
        case repeated(String)
        /// Planned, but nothing that this build can do. Refused by name and absent from help.
        case unavailable
    }

    /// With its dashes: `--report`, `-o`.
    let name: String
    let kind: Kind
    let help: String

    static func flag(_ name: String, _ help: String) -> Option {
        Option(name: name, kind: .flag, help: help)
    }

    static func value(_ name: String, _ value: String, _ help: String) -> Option {
        Option(name: name, kind: .value(value), help: help)
    }

    static func repeated(_ name: String, _ value: String, _ help: String) -> Option {
        Option(name: name, kind: .repeated(value), help: help)
    }

    static func unavailable(_ name: String) -> Option {
        Option(name: name, kind: .unavailable, help: "")
    }
}

/// A subcommand's arguments, sorted into options and positionals.
///
/// `--name value`, `--name=value`, `-o value`, `-ovalue`; options and positionals in any order; `--`
/// ends the options; `-` alone is a positional. `--help` and `-h` are always known.
struct Arguments {
    private(set) var positionals: [String] = []
    private(set) var wantsHelp = false
    private var values: [String: [String]] = [:]

    init(_ words: [String], options: [Option]) throws(CommandError) {
        var rest = words[...]
        while let word = rest.popFirst() {
            if word == "--" {
                positionals += rest
                return
            }
            guard word.hasPrefix("-"), word != "-" else {
                positionals.append(word)
                continue
            }
            if word == "--help" || word == "-h" {
                wantsHelp = true
                continue
            }
            let (name, attached) = Arguments.split(word)
            guard let option = options.first(where: { $0.name == name }) else {
                throw .usage(Arguments.unknown(name, among: options))
            }
            values[name, default: []].append(try Arguments.value(of: option, attached, &rest))
        }
    }

    func has(_ name: String) -> Bool { values[name] != nil }
    func value(_ name: String) -> String? { values[name]?.last }
    func values(_ name: String) -> [String] { values[name] ?? [] }

    func duration(_ name: String) throws(CommandError) -> Timeout? {
        guard let text = value(name) else { return nil }
        guard let duration = OptionValue.duration(text) else {
            throw .usage("\(name) takes a duration such as 250ms, 10s, 2m or never, not '\(text)'")
        }
        return duration
    }

    /// A number of bytes, at least `least`.
    func size(_ name: String, least: Int = 0) throws(CommandError) -> Int? {
        guard let text = value(name) else { return nil }
        guard let size = OptionValue.size(text) else {
            throw .usage("\(name) takes a size such as 4096, 64KiB or 4MiB, not '\(text)'")
        }
        if size < least { throw .usage("\(name) has to be at least \(least)") }
        return size
    }

    /// One of several words; nil when the option was not given.
    func choice(_ name: String, of choices: [String]) throws(CommandError) -> String? {
        guard let text = value(name) else { return nil }
        guard choices.contains(text) else {
            throw .usage("\(name) takes \(choices.joined(separator: " or ")), not '\(text)'")
        }
        return text
    }

    /// The option's name in a word, and the value attached to it.
    private static func split(_ word: String) -> (name: String, attached: String?) {
        if word.hasPrefix("--") {
            guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
            return (String(word[..<equals]), String(word[word.index(after: equals)...]))
        }
        return (String(word.prefix(2)), word.count > 2 ? String(word.dropFirst(2)) : nil)
    }

    private static func value(
        of option: Option, _ attached: String?, _ rest: inout ArraySlice<String>
    ) throws(CommandError) -> String {
        switch option.kind {
        case .unavailable: throw .usage("\(option.name) is not supported yet")
        case .flag:
            if attached != nil { throw .usage("\(option.name) takes no value") }
            return ""
        case .value(let what), .repeated(let what):
            guard let value = attached ?? rest.popFirst() else {
                throw .usage("\(option.name) needs a value (\(what))")
            }
            return value
        }
    }

    private static func unknown(_ name: String, among options: [Option]) -> String {
        let known = options.filter { $0.kind != .unavailable }.map(\.name) + ["--help"]
        return "unknown option \(name)" + Spelling.suggestion(for: name, among: known)
    }
}

/// What somebody may have meant.
enum Spelling {
    /// ` (did you mean X?)`, or nothing when no known word is near.
    static func suggestion(for word: String, among known: [String]) -> String {
        let nearest = known.map { (name: $0, distance: distance(word, $0)) }
            .min { $0.distance < $1.distance }
        guard let nearest, nearest.distance <= max(1, word.count / 3) else { return "" }
        return " (did you mean \(nearest.name)?)"
    }

    /// Insertions, deletions and replacements from one to the other (Levenshtein).
    private static func distance(_ a: String, _ b: String) -> Int {
        let b = Array(b)
        var row = Array(0...b.count)
        for (i, character) in a.enumerated() {
            var diagonal = row[0]
            row[0] = i + 1
            for j in b.indices {
                let replaced = diagonal + (character == b[j] ? 0 : 1)
                diagonal = row[j + 1]
                row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
            }
        }
        return row[b.count]
    }
}
