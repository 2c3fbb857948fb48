/// Stops output that runs away: too long, or the same again and again.
///
/// Pure and incremental: feed it each piece of text; it says when to leave the stream.
public struct OutputGuard: Sendable {
    public enum Verdict: Equatable, Sendable {
        case goOn
        /// More than this many characters (Unicode scalars) have come.
        case tooLong(characters: Int)
        /// The end of the text is one unit of `bytes` repeated.
        case repeats(bytes: Int)
    }

    /// The longest unit whose repetition is noticed, in bytes.
    public static var longestUnit: Int { 160 }

    private let characterLimit: Int?
    private let noticesRepetition: Bool
    private var characters = 0
    /// The text's end, as much as a verdict can depend on.
    private var tail: [UInt8] = []

    /// - Parameters:
    ///   - characters: how many may come; nil for any number.
    ///   - repetition: whether to look for it.
    public init(characters: Int?, repetition: Bool) {
        characterLimit = characters
        noticesRepetition = repetition
    }

    /// Takes the next piece of text (UTF-8).
    public mutating func feed(_ piece: Span<UInt8>) -> Verdict {
        for index in piece.indices where piece[index] & 0xC0 != 0x80 { characters += 1 }
        if let characterLimit, characters > characterLimit {
            return .tooLong(characters: characters)
        }
        if !noticesRepetition { return .goOn }
        for index in piece.indices { tail.append(piece[index]) }
        let kept = OutputGuard.needed(OutputGuard.longestUnit)
        if tail.count > 4 * kept { tail.removeFirst(tail.count - kept) }
        return repeatedUnit().map { .repeats(bytes: $0) } ?? .goOn
    }

    /// How much repeated text it takes: eight units, and never less than 200 bytes, so that lists,
    /// tables and rulers pass.
    private static func needed(_ unit: Int) -> Int { max(unit * 8, 200) }

    private func repeatedUnit() -> Int? {
        for unit in 1...OutputGuard.longestUnit {
            let needed = OutputGuard.needed(unit)
            if tail.count < needed { continue }
            var index = tail.count - 1
            let end = tail.count - needed + unit
            while index >= end, tail[index] == tail[index - unit] { index -= 1 }
            if index < end { return unit }
        }
        return nil
    }
}
