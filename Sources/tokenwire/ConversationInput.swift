import WireBytes

/// What somebody types into a conversation, message by message: a line each, or several between `"""` and
/// `"""`. What is pasted at once is not lost.
struct ConversationInput: ~Copyable {
    private var reader: InputReader
    private var bytes: [UInt8] = []
    private var hasEnded = false

    init(_ reader: consuming InputReader) { self.reader = reader }

    /// The next message, without blanks around it; nil behind the last.
    mutating func next() throws(CommandError) -> String? {
        guard let line = try nextLine() else { return nil }
        guard line.hasPrefix("\"\"\"") else { return line }
        var text = String(line.dropFirst(3))
        while !text.hasSuffix("\"\"\"") {
            guard let more = try nextLine() else { return text }
            text += "\n" + more
        }
        return String(text.dropLast(3))
    }

    private mutating func nextLine() throws(CommandError) -> String? {
        while true {
            if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
                defer { bytes.removeFirst(end + 1) }
                return ConversationInput.text(bytes[..<end])
            }
            if hasEnded {
                if bytes.isEmpty { return nil }
                defer { bytes = [] }
                return ConversationInput.text(bytes[...])
            }
            var piece: [UInt8] = []
            hasEnded = try !reader.next(&piece)
            bytes += piece
        }
    }

    private static func text(_ line: ArraySlice<UInt8>) -> String {
        var text = String(decoding: line, as: UTF8.self)[...]
        while let last = text.last, last.isWhitespace { text.removeLast() }
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        return String(text)
    }
}
