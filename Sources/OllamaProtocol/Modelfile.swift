public import WireJSON

/// A Modelfile, taken apart: what `/api/create` is to make, in lines of `COMMAND value`.
///
///     FROM ./model.gguf                a file, or a model's name
///     PARAMETER temperature 0.5        also several times (stop)
///     SYSTEM """several
///     lines"""
///     # a comment
///
/// Pure: whether FROM and ADAPTER name files is for who can look.
public struct Modelfile: Sendable, Equatable {
    /// Files, or one model's name.
    public private(set) var from: [String] = []
    /// Files.
    public private(set) var adapters: [String] = []
    /// `TEMPLATE`.
    public private(set) var template: String?
    /// `SYSTEM`.
    public private(set) var system: String?
    /// `LICENSE`, each.
    public private(set) var license: [String] = []
    /// `PARAMETER`, each, by name.
    public private(set) var parameters: [JSONValue.Member] = []
    /// `MESSAGE`, each.
    public private(set) var messages: [Message] = []
    /// `RENDERER`.
    public private(set) var renderer: String?
    /// `PARSER`.
    public private(set) var parser: String?
    /// `REQUIRES`: the oldest version of Ollama that will do.
    public private(set) var requires: String?

    /// Why a text is no Modelfile.
    public struct ParseError: Error, Sendable, Equatable, CustomStringConvertible {
        /// From 1.
        public let line: Int
        /// What is wrong with it.
        public let message: String

        public var description: String { "line \(line): \(message)" }
    }

    /// - Throws: at the first line that is no command, and when FROM is missing.
    public init(_ text: String) throws(ParseError) {
        // LF or CRLF: Unicode's other line ends are text.
        let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { Substring($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0) }
        var index = 0
        while index < lines.count {
            let start = index
            let line = Modelfile.trimmed(lines[index])
            index += 1
            if line.isEmpty || line.hasPrefix("#") { continue }
            let command = line.prefix { !$0.isWhitespace }
            var value = Modelfile.trimmed(line[command.endIndex...])
            if let opened = Modelfile.opened(value) {
                var block = String(opened)
                while !block.contains("\"\"\"") {
                    guard index < lines.count else {
                        throw ParseError(line: start + 1, message: "\"\"\" is not closed")
                    }
                    block += "\n" + lines[index]
                    index += 1
                }
                let end = block.firstRange(of: "\"\"\"")!
                guard Modelfile.trimmed(block[end.upperBound...]).isEmpty else {
                    throw ParseError(line: index, message: "text behind the closing \"\"\"")
                }
                try take(command, String(block[..<end.lowerBound]), start + 1)
                continue
            }
            if value.count >= 2, value.first == "\"", value.last == "\"",
                command.uppercased() != "PARAMETER", command.uppercased() != "MESSAGE"
            {
                value = value.dropFirst().dropLast()
            }
            try take(command, String(value), start + 1)
        }
        if from.isEmpty { throw ParseError(line: lines.count, message: "no FROM line") }
    }

    private mutating func take(
        _ command: Substring, _ value: String, _ line: Int
    ) throws(ParseError) {
        if value.isEmpty { throw ParseError(line: line, message: "\(command) without a value") }
        switch command.uppercased() {
        case "FROM": from.append(value)
        case "ADAPTER": adapters.append(value)
        case "TEMPLATE": template = value
        case "SYSTEM": system = value
        case "LICENSE": license.append(value)
        case "RENDERER": renderer = value
        case "PARSER": parser = value
        case "REQUIRES": requires = value
        case "PARAMETER":
            let (name, rest) = Modelfile.split(value)
            guard !rest.isEmpty else {
                throw ParseError(line: line, message: "PARAMETER takes a name and a value")
            }
            parameters.add(parameter: name, rest)
        case "MESSAGE":
            let (role, content) = Modelfile.split(value)
            guard let role = Message.Role(rawValue: role.lowercased()), role != .tool else {
                throw ParseError(
                    line: line, message: "MESSAGE takes system, user or assistant, and a text")
            }
            messages.append(Message(role, content))
        default:
            throw ParseError(line: line, message: "no command is called '\(command)'")
        }
    }

    private static func split(_ value: String) -> (name: String, rest: String) {
        let name = value.prefix { !$0.isWhitespace }
        var rest = trimmed(value[name.endIndex...])
        if rest.count >= 2, rest.first == "\"", rest.last == "\"" {
            rest = rest.dropFirst().dropLast()
        }
        return (String(name), String(rest))
    }

    /// What stands behind an opening `"""`.
    private static func opened(_ value: Substring) -> Substring? {
        value.hasPrefix("\"\"\"") ? value.dropFirst(3) : nil
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}

extension [JSONValue.Member] {
    /// Adds a parameter of a model as it is written: a number or a bool is one, anything else a text. The
    /// values of `stop` are gathered into a list, of others the last one counts.
    public mutating func add(parameter name: String, _ text: String) {
        if name == "stop" {
            let old = first { $0.key == name }?.value.arrayValue ?? []
            removeAll { $0.key == name }
            return append(JSONValue.Member(key: name, value: .array(old + [.string(text)])))
        }
        removeAll { $0.key == name }
        let value = (try? JSONValue(parsing: text.utf8.span)) ?? .string(text)
        append(JSONValue.Member(key: name, value: value))
    }
}
