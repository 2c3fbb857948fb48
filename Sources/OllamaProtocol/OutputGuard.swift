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

    /// How often a unit may come, and how many characters of it, so that lists, tables and rulers
    /// pass. Either has to be reached.
    private static let fewestUnits = 8
    private static let fewestCharacters = 200

    private let characterLimit: Int?
    private let noticesRepetition: Bool
    private var characters = 0
    /// The text's end: at least the longest unit, if so much has come.
    private var tail: [UInt8] = []
    /// For each length of unit: how many of the last bytes equal the one that far before them.
    private var matches: [Int]

    /// - Parameters:
    ///   - characters: how many may come; nil for any number.
    ///   - repetition: whether to look for it.
    public init(characters: Int?, repetition: Bool) {
        characterLimit = characters
        noticesRepetition = repetition
        matches = repetition ? Array(repeating: 0, count: OutputGuard.longestUnit + 1) : []
    }

    /// Takes the next piece of text (UTF-8). How the text is cut into pieces makes no difference:
    /// the first place at which it should end decides, also within a piece.
    public mutating func feed(_ piece: Span<UInt8>) -> Verdict {
        for index in piece.indices {
            let byte = piece[index]
            if byte & 0xC0 != 0x80 { characters += 1 }
            if let characterLimit, characters > characterLimit {
                return .tooLong(characters: characters)
            }
            if noticesRepetition, let unit = repeatedUnit(endingIn: byte) {
                return .repeats(bytes: unit)
            }
        }
        return .goOn
    }

    private mutating func repeatedUnit(endingIn byte: UInt8) -> Int? {
        let end = tail.count
        tail.append(byte)
        var repeated: Int?
        for unit in 1..<(min(end, OutputGuard.longestUnit) + 1) {
            if tail[end - unit] != byte {
                matches[unit] = 0
                continue
            }
            matches[unit] += 1
            if repeated == nil, isRepeated(unit) { repeated = unit }
        }
        if tail.count == 8 * OutputGuard.longestUnit {
            tail.removeFirst(tail.count - OutputGuard.longestUnit)
        }
        return repeated
    }

    private func isRepeated(_ unit: Int) -> Bool {
        let units = matches[unit] / unit + 1
        guard units >= OutputGuard.fewestUnits else { return false }
        let characters = tail.suffix(unit).count { $0 & 0xC0 != 0x80 }
        return units * characters >= OutputGuard.fewestCharacters
    }
}
