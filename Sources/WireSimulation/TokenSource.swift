/// Texts as tokens: a word with the blank before it, or a mark of punctuation.
enum Tokenizer {
    static func tokens(of text: some Sequence<UInt8>) -> [[UInt8]] {
        var tokens: [[UInt8]] = []
        var current: [UInt8] = []
        var hasLetters = false
        func flush() {
            if !current.isEmpty { tokens.append(current) }
            current = []
            hasLetters = false
        }
        for byte in text {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D:
                flush()
                current = [byte == 0x0D || byte == 0x09 ? 0x20 : byte]
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "'"), 0x80...0xFF:
                // Long runs without a blank are several tokens; one character stays whole.
                if current.count >= 12, byte & 0xC0 != 0x80 { flush() }
                current.append(byte)
                hasLetters = true
            default:
                if hasLetters { flush() }
                current.append(byte)
                flush()
            }
        }
        flush()
        return tokens
    }

    /// A number for each token, for comparing prompts.
    static func numbers(of text: some Sequence<UInt8>) -> [UInt32] {
        tokens(of: text).map(number)
    }

    static func number(of token: [UInt8]) -> UInt32 {
        UInt32(truncatingIfNeeded: Randomness.hash(token) % 32_000)
    }
}

/// The words of a simulation: which tokens there are, and which follow which.
struct Vocabulary: Sendable {
    let tokens: [[UInt8]]
    private let isVerbatim: Bool
    /// By a token's number: those that may follow it.
    private let successors: [[Int]]

    init(_ text: SimulatedText) {
        switch text {
        case .verbatim(let bytes):
            let found = Tokenizer.tokens(of: bytes)
            tokens = found.isEmpty ? [[0x20]] : found
            isVerbatim = true
            successors = []
        case .markov:
            var numbers: [[UInt8]: Int] = [:]
            var all: [[UInt8]] = []
            var next: [[Int]] = []
            var last: Int?
            for token in Tokenizer.tokens(of: Vocabulary.sample.utf8) {
                let number = numbers[token] ?? all.count
                if number == all.count {
                    numbers[token] = number
                    all.append(token)
                    next.append([])
                }
                if let last { next[last].append(number) }
                last = number
            }
            if let last { next[last].append(0) }
            (tokens, successors, isVerbatim) = (all, next, false)
        }
    }

    func first() -> Int { 0 }

    func next(after token: Int, _ random: inout Randomness) -> Int {
        if isVerbatim { return token + 1 == tokens.count ? 0 : token + 1 }
        let choices = successors[token]
        return choices[random.index(below: choices.count)]
    }

    private static let sample = """
        The river runs down from the hills and the road runs beside it. In the morning the light is \
        grey and the water is quiet, and the people of the valley walk to the bridge with their \
        baskets. A boy carries a lamp, although it is not dark any more. He says that the lamp is for \
        the way back. The old ferryman laughs and says that nobody knows the way back, but everybody \
        knows the road. In the evening the wind comes from the sea, and the boats come home one by \
        one; the women count them from the wall. When the last boat is in, the bell is rung, and the \
        doors of the houses are closed. There is bread on the tables, and fish, and a little wine. \
        The boy puts the lamp in the window. It burns through the night, so that the people on the \
        road can see where the bridge is. In the winter the river rises & the road is under water; \
        then the lamp is the only thing that can be seen from the hills. A traveller asked once why \
        the lamp was lit in the summer, too. "Because of the way back," said the ferryman, and the \
        people of the valley laughed. For an "x < y" there's always a "y > x", as the teacher says; \
        the café by the bridge sells tea, coffee and naïve little paintings of the sea.
        """
}

/// The tokens of one answer, one after the other.
struct TokenStream {
    private let vocabulary: Vocabulary
    private var random: Randomness
    private var current: Int?

    init(_ vocabulary: Vocabulary, _ random: Randomness) {
        self.vocabulary = vocabulary
        self.random = random
    }

    mutating func next() -> [UInt8] {
        let number = current.map { vocabulary.next(after: $0, &random) } ?? vocabulary.first()
        let isFirst = current == nil
        current = number
        let token = vocabulary.tokens[number]
        return isFirst && token.first == 0x20 ? Array(token.dropFirst()) : token
    }
}

/// Ends a text where one of some texts begins, and holds back what may become one.
struct StopTexts {
    private let texts: [[UInt8]]
    private var held: [UInt8] = []
    private(set) var hasStopped = false

    init(_ texts: [[UInt8]]) { self.texts = texts.filter { !$0.isEmpty } }

    /// Appends what may be said now.
    mutating func add(_ token: [UInt8], to said: inout [UInt8]) {
        if texts.isEmpty {
            said += token
        } else {
            said += released(by: token)
        }
    }

    private mutating func released(by token: [UInt8]) -> [UInt8] {
        held += token
        var end: Int?
        for text in texts where held.count >= text.count {
            let starts = 0...(held.count - text.count)
            if let found = starts.first(where: { held[$0...].starts(with: text) }) {
                end = min(end ?? found, found)
            }
        }
        if let end {
            hasStopped = true
            return Array(held.prefix(end))
        }
        let kept =
            texts.map { text in
                (1..<max(1, text.count)).last { held.suffix($0).elementsEqual(text.prefix($0)) }
                    ?? 0
            }.max() ?? 0
        defer { held = Array(held.suffix(kept)) }
        return Array(held.dropLast(kept))
    }

    /// Appends what was held back, at the end of everything.
    mutating func addRest(to said: inout [UInt8]) {
        if !hasStopped { said += held }
        held = []
    }
}
