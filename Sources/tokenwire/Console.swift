import WireBytes
import WireSystem

/// What is said to the eye, on standard error.
struct Console: Sendable {
    /// Notes and progress appear only on a terminal, unless a command is asked for them.
    let isTerminal: Bool
    /// Whether text may be styled: on a terminal, unless `NO_COLOR` is set (https://no-color.org).
    let allowsStyle: Bool

    init() {
        isTerminal = Environment.isTerminal(2)
        allowsStyle = isTerminal && (Environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Says what went wrong, in one line, wherever standard error leads.
    func error(_ message: String) { write("tokenwire: \(Console.oneLine(message))\n") }

    /// Says something that nobody needs but a reader.
    func note(_ message: String) {
        if isTerminal { write("\(Console.oneLine(message))\n") }
    }

    /// `text` as it is, dimmed where that can be seen.
    func writeDimmed(_ text: String) {
        write(allowsStyle ? "\u{1B}[2m\(text)\u{1B}[22m" : text)
    }

    /// Without control characters: what is quoted from arguments or peers cannot steer a terminal.
    static func oneLine(_ text: String) -> String {
        var line = ""
        for scalar in text.unicodeScalars {
            line +=
                scalar.properties.generalCategory == .control
                ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return line
    }

    func write(_ text: String) {
        // Nothing can be done about a standard error that takes nothing.
        try? Files.writeAll(Array(text.utf8).span, to: 2, name: "standard error")
    }
}
