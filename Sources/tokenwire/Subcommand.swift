/// One subcommand: what help says of it, which options it knows, what it does.
struct Subcommand: Sendable {
    let name: String
    /// One line, for the table of subcommands.
    let summary: String
    /// Arguments behind the name: `[METHOD] URL`.
    let synopsis: String
    /// Paragraphs of its help.
    let details: String
    /// Under a heading each, in the order of the help text.
    let options: [OptionGroup]
    let examples: [Example]
    let run: @Sendable (Arguments, CommandContext) async throws(CommandError) -> ExitCode

    struct OptionGroup: Sendable {
        let title: String
        let options: [Option]
    }

    struct Example: Sendable {
        let what: String
        let command: String
    }

    var allOptions: [Option] { options.flatMap(\.options) }
}

/// What every subcommand works with.
struct CommandContext {
    let output: Output
    let console: Console
    let termination: Termination
}

extension Subcommand {
    var help: String {
        var text = "tokenwire \(name): \(summary)\n\n"
        text += "Usage: tokenwire \(name) \(synopsis)\n"
        if !details.isEmpty { text += "\n\(details)\n" }
        for group in options {
            text += "\n\(group.title):\n"
            for option in group.options where option.kind != .unavailable {
                text += HelpText.entry(HelpText.term(for: option), option.help)
            }
        }
        if !examples.isEmpty { text += "\nExamples:\n" }
        for example in examples { text += "  # \(example.what)\n  \(example.command)\n" }
        return text
    }
}

/// The layout of help: terms in one column, explanations in another, 80 columns in all.
enum HelpText {
    private static let width = 80
    private static let column = 30

    static func term(for option: Option) -> String {
        switch option.kind {
        case .value(let value), .repeated(let value): "\(option.name) \(value)"
        case .flag, .unavailable: option.name
        }
    }

    static func entry(_ term: String, _ explanation: String) -> String {
        let indent = String(repeating: " ", count: column)
        var text = "  \(term)"
        // A long term has a line of its own.
        if text.count >= column { text += "\n\(indent)" }
        var length = max(text.count < column ? text.count : column, 0)
        if length < column {
            text += String(repeating: " ", count: column - length)
            length = column
        }
        for word in explanation.split(separator: " ") {
            if length > column, length + word.count >= width {
                text += "\n\(indent)"
                length = column
            }
            if length > column {
                text += " "
                length += 1
            }
            text += word
            length += word.count
        }
        return text + "\n"
    }
}
