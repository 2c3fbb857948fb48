public import WireHTTP1
public import WireJSON

/// A request of `POST /api/embed`.
public struct EmbedRequest: OllamaJSONRequest, Equatable {
    /// One text or several; an array literal of strings is several, also of one.
    public enum Input: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByArrayLiteral {
        case text(String)
        case texts([String])

        public init(stringLiteral text: String) { self = .text(text) }
        public init(arrayLiteral texts: String...) { self = .texts(texts) }

        var json: JSONValue {
            switch self {
            case .text(let text): .string(text)
            case .texts(let texts): .array(texts.map { .string($0) })
            }
        }
    }

    /// Which model makes the vectors.
    public var model: String
    /// What to make vectors of, one of each text.
    public var input: Input
    /// Whether a text that is too long is cut (the server's default) or refused.
    public var truncate: Bool?
    /// To how many dimensions each vector is cut and normalised again; ignored beyond the model's own.
    public var dimensions: Int?
    /// How long the model stays loaded; nil is the server's own (5 minutes).
    public var keepAlive: KeepAlive?
    /// How the model runs; only what concerns loading it makes a difference.
    public var options = ModelOptions()
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/embed`: vectors of one text or many.
    public init(model: String, input: Input) {
        self.model = model
        self.input = input
    }

    /// The newer of both routes: many texts in one request.
    public static let route = "/api/embed"
    public var route: String { EmbedRequest.route }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("input", input.json)
        fields.add("truncate", truncate)
        fields.add("dimensions", dimensions)
        fields.add(keepAlive)
        fields.add(options)
        return try fields.encoded(extra)
    }
}

/// A request of `POST /api/embeddings`, which Ollama has superseded by `/api/embed`.
public struct EmbeddingsRequest: OllamaJSONRequest, Equatable {
    /// Which model makes the vector.
    public var model: String
    /// The text.
    public var prompt: String
    /// How long the model stays loaded; nil is the server's own (5 minutes).
    public var keepAlive: KeepAlive?
    /// How the model runs; only what concerns loading it makes a difference.
    public var options = ModelOptions()
    /// Further fields, as they are; one with a name that is there takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/embeddings`: the vector of one text, not normalized.
    public init(model: String, prompt: String) {
        self.model = model
        self.prompt = prompt
    }

    /// The older of both routes; `/api/embed` is preferred.
    public static let route = "/api/embeddings"
    public var route: String { EmbeddingsRequest.route }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("prompt", prompt)
        fields.add(keepAlive)
        fields.add(options)
        return try fields.encoded(extra)
    }
}

/// The answer of `/api/embed`.
public struct Embeddings: Sendable, Equatable {
    /// The model's name as the server has it.
    public internal(set) var model = ""
    /// A vector of length one for each text, in the order of the texts.
    public internal(set) var vectors: [[Float]] = []
    /// How long the server took, loading included; zero when it did not say.
    public internal(set) var totalDuration = Duration.zero
    /// From the request's start until the model was ready, its queue included.
    public internal(set) var loadDuration = Duration.zero
    /// Tokens of all texts.
    public internal(set) var promptEvalCount = 0
    /// Fields that are unknown here.
    public internal(set) var extra: [JSONValue.Member] = []

    init() {}

    /// Reads an answer. Vectors are read without a tree of their numbers.
    ///
    /// - Throws: `JSONError` when it is no JSON or has another form.
    public init(_ body: Span<UInt8>) throws(JSONError) {
        var hasVectors = false
        var cursor = JSONCursor(body)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, "embeddings") {
                hasVectors = true
                try cursor.beginArray()
                while try cursor.nextElement() { vectors.append(try cursor.numbers { Float($0) }) }
            } else if cursor.matches(key, "model") {
                model = cursor.text(of: try cursor.string())
            } else if cursor.matches(key, "total_duration") {
                totalDuration = .nanoseconds(try cursor.int64())
            } else if cursor.matches(key, "load_duration") {
                loadDuration = .nanoseconds(try cursor.int64())
            } else if cursor.matches(key, "prompt_eval_count") {
                promptEvalCount = Int(try cursor.int64())
            } else {
                extra.append(
                    JSONValue.Member(
                        key: cursor.text(of: key), value: try JSONValue(reading: &cursor)))
            }
        }
        try cursor.finish()
        if !hasVectors { throw JSONError(.typeMismatch, at: 0) }
    }
}

extension JSONCursor {
    /// An array of numbers.
    mutating func numbers<Number>(
        _ convert: (Double) -> Number
    ) throws(JSONError) -> [Number] {
        var numbers: [Number] = []
        try beginArray()
        while try nextElement() {
            let number = try number()
            numbers.append(convert(double(of: number)))
        }
        return numbers
    }
}
