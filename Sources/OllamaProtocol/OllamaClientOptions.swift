public import WireExchange
public import WireTime

/// The options of a client of Ollama, whichever way it waits.
///
/// The connections' are in `http`; Ollama's own can be named without their group: `options.apiKey` is
/// `options.ollama.apiKey`.
@dynamicMemberLookup
public struct OllamaClientOptions: Sendable {
    /// Deadlines, limits, connections, TLS.
    public var http = ClientOptions()
    /// The API key, fields, limits per model, the dialect.
    public var ollama = OllamaOptions()

    public init() {}

    /// The defaults, with these deadlines.
    public init(deadlines: Deadlines) { http.deadlines = deadlines }

    /// The members of `http` and `ollama` as its own.
    public subscript<Value>(
        dynamicMember option: WritableKeyPath<OllamaOptions, Value>
    ) -> Value {
        get { ollama[keyPath: option] }
        set { ollama[keyPath: option] = newValue }
    }
}
