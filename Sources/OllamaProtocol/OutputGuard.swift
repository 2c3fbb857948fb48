internal import WireBytes
public import WireTime

/// Stops output that runs away: the machine behind `Guard`s.
///
/// Pure and incremental: feed it each piece of text; it says when to leave the stream.
public struct OutputGuard: Sendable {
    /// Whether the answer may go on, and if not, why.
    public enum Verdict: Equatable, Sendable {
        case goOn
        /// More than this many characters (Unicode scalars) have come.
        case tooLong(characters: Int)
        case tooManyBytes(Int)
        case tooManyTokens(Int)
        /// It has taken longer than this.
        case tooLate(Timeout)
        /// The end of the text is one unit of `bytes` repeated.
        case repeats(bytes: Int)
        /// A caller's predicate of this name has said so.
        case refused(String)
    }

    private var characterLimit = Int.max
    private var byteLimit = Int.max
    private var tokenLimit = Int.max
    /// The shortest of the `duration` guards.
    public private(set) var timeLimit: Timeout?
    private var predicates:
        [(name: String, isEnough: @Sendable (Span<UInt8>, Guard.Counts) -> Bool)]
    private var repetition: Guard.Repetition?
    private var inText: RepetitionDetector?
    private var inThinking: RepetitionDetector?
    private var counts = Guard.Counts()

    /// All of these at once; of several limits of a kind the lowest holds.
    public init(_ guards: [Guard]) {
        predicates = []
        for rule in guards.map(\.rule) {
            switch rule {
            case .characters(let limit): characterLimit = min(characterLimit, limit)
            case .bytes(let limit): byteLimit = min(byteLimit, limit)
            case .tokens(let limit): tokenLimit = min(tokenLimit, limit)
            case .duration(let limit): timeLimit = min(timeLimit ?? limit, limit)
            case .repetition(var rule):
                rule.units = max(4, rule.units)
                rule.longestUnit = max(1, rule.longestUnit)
                repetition = rule
            case .predicate(let name, let isEnough): predicates.append((name, isEnough))
            }
        }
    }

    /// - Parameters:
    ///   - characters: how many may come; nil for any number.
    ///   - repetition: whether to look for it.
    public init(characters: Int?, repetition: Bool) {
        self.init(
            (characters.map { [.characters(max: $0)] } ?? []) + (repetition ? [.repetition()] : []))
    }

    /// Takes the next piece of text (UTF-8). How the text is cut into pieces makes no difference to
    /// characters, bytes and repetition: the first place at which it should end decides, also within a
    /// piece.
    ///
    /// - Parameter thinking: the piece is thinking.
    public mutating func feed(_ piece: Span<UInt8>, thinking: Bool = false) -> Verdict {
        if piece.isEmpty { return .goOn }
        counts.isThinking = thinking
        counts.tokens += 1
        if counts.tokens > tokenLimit { return .tooManyTokens(counts.tokens) }
        let verdict = feedBytes(piece, thinking: thinking)
        if verdict != .goOn { return verdict }
        for predicate in predicates where predicate.isEnough(piece, counts) {
            return .refused(predicate.name)
        }
        return .goOn
    }

    private mutating func feedBytes(_ piece: Span<UInt8>, thinking: Bool) -> Verdict {
        if let repetition, (thinking ? inThinking : inText) == nil {
            let detector = RepetitionDetector(repetition)
            if thinking { inThinking = detector } else { inText = detector }
        }
        for index in piece.indices {
            let byte = piece[index]
            counts.bytes += 1
            if byte & 0xC0 != 0x80 { counts.characters += 1 }
            if counts.characters > characterLimit {
                return .tooLong(characters: counts.characters)
            }
            if counts.bytes > byteLimit { return .tooManyBytes(counts.bytes) }
            let unit = thinking ? inThinking?.feed(byte) : inText?.feed(byte)
            if let unit { return .repeats(bytes: unit) }
        }
        return .goOn
    }
}

extension OutputGuard? {
    /// A time guard is kept by the `total` deadline.
    ///
    /// - Returns: nil where `deadlines` is, and nothing of the client's has to be changed.
    public func keepingTime(_ deadlines: Deadlines?, or usual: Deadlines) -> Deadlines? {
        guard let limit = self?.timeLimit else { return deadlines }
        let own = deadlines ?? usual
        return own.with(\.total, min(own.total, limit))
    }

    /// What a failure before the first record is to the caller: a time guard's `total` was no deadline
    /// of his.
    public func applied(to error: StreamError) -> StreamError {
        guard case .timeout(let timeout) = error, timeout.deadline == .total,
            let limit = self?.timeLimit
        else { return error }
        return .stopped(.init(verdict: .tooLate(limit), partialText: timeout.partialText))
    }
}

extension OutputGuard.Verdict: CustomStringConvertible {
    public var description: String {
        switch self {
        case .goOn: "going on"
        case .tooLong(let characters): "more than \(characters - 1) characters"
        case .tooManyBytes(let bytes): "more than \(bytes - 1) bytes"
        case .tooManyTokens(let tokens): "more than \(tokens - 1) tokens"
        case .tooLate(let limit): "more than \(limit)"
        case .repeats(let bytes): "the last \(bytes) bytes repeat themselves"
        case .refused(let name): name
        }
    }
}
