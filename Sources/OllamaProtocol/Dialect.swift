public import WireHTTP1

/// In which of its two APIs a server is asked.
public enum Dialect: Sendable, Equatable {
    /// Ollama's own: `/api/chat` and the like.
    case native
    /// `/v1/chat/completions` and the like: Ollama's second API, and that of vLLM, llama.cpp and others.
    case openAI

    var other: Dialect { self == .native ? .openAI : .native }
}

extension Dialect: CustomStringConvertible {
    public var description: String {
        switch self {
        case .native: "the native API (/api)"
        case .openAI: "the OpenAI-compatible API (/v1)"
        }
    }
}

/// How a client comes to a server's dialect.
public enum DialectChoice: Sendable, Equatable {
    /// A base URL that ends in `/v1` means the OpenAI-compatible API, any other the native one.
    case byURL
    case native
    case openAI
    /// As the URL says it; if that ends in neither `/v1` nor `/api`, the server is asked once, before
    /// the first request, by `GET /api/version`.
    case auto
}

/// How records lie in a response's body.
public enum AnswerForm: Sendable, Equatable {
    /// A line each (NDJSON).
    case line
    /// The data of a server-sent event each.
    case event
    /// All of the body is one.
    case document

    /// - Parameter head: of a response that is no refusal.
    public init(_ dialect: Dialect, head: ResponseHead, streams: Bool) {
        guard dialect == .openAI else {
            self = .line
            return
        }
        // What came counts, not what was asked for: some servers do not stream whatever they are told.
        let type = head.fields["content-type"]?.lowercased()
        let isStream = type.map { $0.hasPrefix("text/event-stream") } ?? streams
        self = isStream ? .event : .document
    }
}
