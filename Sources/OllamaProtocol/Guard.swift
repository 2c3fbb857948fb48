public import WireTime

/// What ends an answer that runs away. The stream throws `StreamError.stopped` then, with the text so
/// far, and its connection is closed: the server stops generating.
///
///     ollama.chat(model, prompt, guards: [.repetition(), .characters(max: 4_000)])
///
/// Text and thinking count together, except where a unit is looked for: in each of them by itself.
public struct Guard: Sendable {
    /// When text is taken for a repetition: at so many units in a row that are so many characters
    /// together. Lists, tables, indentation and rulers stay below that.
    public struct Repetition: Sendable, Equatable {
        /// At least 4.
        public var units = 8
        /// At least so many Unicode scalars together.
        public var characters = 200
        /// In bytes.
        public var longestUnit = 400

        public init() {}
    }

    /// How much has come, the piece in question included.
    public struct Counts: Sendable, Equatable {
        /// Unicode scalars.
        public internal(set) var characters = 0
        /// Bytes of UTF-8.
        public internal(set) var bytes = 0
        /// Records with text or thinking; Ollama sends one for each token.
        public internal(set) var tokens = 0
        /// The piece is thinking, not text.
        public internal(set) var isThinking = false
    }

    enum Rule: Sendable {
        case characters(Int)
        case bytes(Int)
        case tokens(Int)
        case duration(Timeout)
        case repetition(Repetition)
        case predicate(String, @Sendable (Span<UInt8>, Counts) -> Bool)
    }

    let rule: Rule

    /// So many Unicode scalars may come.
    public static func characters(max: Int) -> Guard { Guard(rule: .characters(max)) }
    /// So many bytes of UTF-8 may come.
    public static func bytes(max: Int) -> Guard { Guard(rule: .bytes(max)) }
    /// So many records with text or thinking may come: tokens, as Ollama sends them. The server's own
    /// limit is `options.numPredict`.
    public static func tokens(max: Int) -> Guard { Guard(rule: .tokens(max)) }
    /// The whole answer may take so long, from its request's start.
    public static func duration(max: Timeout) -> Guard { Guard(rule: .duration(max)) }
    /// The text must not come to repeat itself.
    public static func repetition(_ rule: Repetition = Repetition()) -> Guard {
        Guard(rule: .repetition(rule))
    }

    /// The caller's own.
    ///
    /// - Parameters:
    ///   - name: stands in the error.
    ///   - isEnough: gets each piece of text or thinking (UTF-8), how much has come with it, and says
    ///     whether to stop there. Called where the stream is read.
    public static func when(
        _ name: String = "predicate", _ isEnough: @escaping @Sendable (Span<UInt8>, Counts) -> Bool
    ) -> Guard {
        Guard(rule: .predicate(name, isEnough))
    }
}
