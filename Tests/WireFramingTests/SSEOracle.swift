/// Server-sent events by the letter of WHATWG HTML 9.2.5 and 9.2.6, over a whole text at once:
/// slow, and without any part in common with the scanner.
enum SSEOracle {
    enum Found: Equatable, Sendable {
        case event(name: String, data: String, id: String)
        case retry(Int)
    }

    static func read(_ input: [UInt8]) -> [Found] {
        var scalars = Array(String(decoding: input, as: UTF8.self).unicodeScalars)
        if scalars.first == "\u{FEFF}" { scalars.removeFirst() }
        var found: [Found] = []
        var name = ""
        var data: String?
        var id = ""
        for line in completeLines(scalars) {
            if line.isEmpty {
                if let data {
                    // The last LF of the data buffer is removed.
                    let text = String(String.UnicodeScalarView(data.unicodeScalars.dropLast()))
                    found.append(.event(name: name == "" ? "message" : name, data: text, id: id))
                }
                (name, data) = ("", nil)
                continue
            }
            if line[0] == ":" { continue }
            let colon = line.firstIndex(of: ":") ?? line.count
            let field = text(line[..<colon])
            var value = colon < line.count ? line[(colon + 1)...] : []
            if value.first == " " { value = value.dropFirst() }
            switch field {
            case "event": name = text(value)
            case "data": data = (data ?? "") + text(value) + "\n"
            case "id": if !value.contains("\u{0}") { id = text(value) }
            case "retry":
                let isNumber = !value.isEmpty && value.allSatisfy { $0 >= "0" && $0 <= "9" }
                if isNumber, let milliseconds = Int(text(value)) {
                    found.append(.retry(milliseconds))
                }
            default: continue
            }
        }
        return found
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars))
    }

    /// The lines that have an end: what follows the last one cannot dispatch anything.
    private static func completeLines(_ scalars: [Unicode.Scalar]) -> [[Unicode.Scalar]] {
        var lines: [[Unicode.Scalar]] = []
        var line: [Unicode.Scalar] = []
        var index = 0
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if scalar != "\r", scalar != "\n" {
                line.append(scalar)
                continue
            }
            if scalar == "\r", index < scalars.count, scalars[index] == "\n" { index += 1 }
            lines.append(line)
            line = []
        }
        return lines
    }
}
