public import WireBytes
public import WireHTTP1

/// What every client of Ollama can be told, whichever way it waits.
public struct OllamaOptions: Sendable {
    /// Sent as a bearer token, to the server's origin alone, and only to loopback as long as there
    /// is no TLS.
    public var apiKey: String?
    /// Further header fields of every request.
    public var fields: [(name: String, value: String)] = []
    /// How much text an error keeps of the stream that it ended.
    public var partialTextLimit = ByteLimit.mebibytes(1)

    public init() {}
}

/// A server, and as whom to ask it: turns requests into HTTP.
public struct OllamaServer: Sendable {
    /// How much of a refusal's body is worth reading: an error's text is short, and of a long one the
    /// status has to do.
    public static let refusalLimit = ByteLimit.kibibytes(64)

    public let endpoint: OllamaEndpoint
    public let options: OllamaOptions

    /// - Parameter host: as `OLLAMA_HOST` has it; empty for this machine.
    /// - Throws: `StreamError.request` when the host is none, or an API key would leave this machine
    ///   in clear text.
    public init(_ host: String, options: OllamaOptions) throws(StreamError) {
        do throws(RequestError) {
            endpoint = try OllamaEndpoint(host)
        } catch { throw .request(error) }
        if options.apiKey != nil, !endpoint.isLoopback, endpoint.scheme != .https {
            throw .request(.invalidRequest("an API key goes over TLS or to this machine only"))
        }
        if endpoint.basePath.hasSuffix("/v1") {
            throw .request(
                .invalidURL(
                    "the OpenAI-compatible API (/v1) is not in this build: "
                        + "give the server's own address for the native API"))
        }
        self.options = options
    }

    /// Anything else is a refusal, redirects too: a POST that became a GET would ask something else.
    public static func isSuccess(_ status: Int) -> Bool { (200..<300).contains(status) }

    /// Where a request goes.
    public func url(of request: OllamaRequest) -> HTTPURL { endpoint.url(request.route) }

    /// The header fields of a request but those that follow from its URL and its body's length.
    public func fields(of request: OllamaRequest) -> [(name: String, value: String)] {
        var fields = options.fields
        if request.body != nil { fields.append(("Content-Type", "application/json")) }
        if let key = options.apiKey { fields.append(("Authorization", "Bearer \(key)")) }
        fields.append(("User-Agent", "tokenwire"))
        return fields
    }
}
