public import WireExchange
public import WireTime

/// The options of a client of Ollama, whichever way it waits.
///
/// The connections' are in `http`; Ollama's own can be named without their group: `options.apiKey` is
/// `options.ollama.apiKey`.
@dynamicMemberLookup
public struct OllamaClientOptions: Sendable {
    public var http = ClientOptions()
    public var ollama = OllamaOptions()

    public init() {}

    public init(deadlines: Deadlines) { http.deadlines = deadlines }

    public subscript<Value>(
        dynamicMember option: WritableKeyPath<OllamaOptions, Value>
    ) -> Value {
        get { ollama[keyPath: option] }
        set { ollama[keyPath: option] = newValue }
    }
}
