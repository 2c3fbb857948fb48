public import WireBytes
internal import WireExchange
public import OllamaProtocol
public import WireBlocking
internal import WireHTTP1
internal import WireJSON
internal import WireSystem
public import WireTime
public import WireTransport

/// A client of Ollama's native API for one thread: no executor, no helper threads.
///
///     var client = try BlockingOllama()
///     var stream = try client.chat("llama3.2", "Why is the sky blue?")
///     while let record = try stream.next() { output.write(record.content) }
///
/// Every call has a finite deadline in every phase; every failure is a `StreamError`.
public struct BlockingOllama: ~Copyable {
    public struct Options: Sendable {
        public var http = BlockingHTTPClient.Options()
        /// Sent as a bearer token, to the server's origin alone, and only to loopback as long as there
        /// is no TLS.
        public var apiKey: String?
        /// Further header fields of every request.
        public var fields: [(name: String, value: String)] = []
        /// How much text an error keeps of the stream that it ended.
        public var partialTextLimit = ByteLimit.mebibytes(1)

        public init() {}

        public init(deadlines: Deadlines) { http.deadlines = deadlines }
    }

    public let endpoint: OllamaEndpoint
    private let options: Options
    private var http: BlockingHTTPClient

    /// - Parameter host: as `OLLAMA_HOST` has it; nil takes that variable, else
    ///   `http://127.0.0.1:11434`.
    /// - Throws: `StreamError.request` when the host is none, or an API key would leave this machine
    ///   in clear text.
    public init(host: String? = nil, options: Options = Options()) throws(StreamError) {
        try self.init(host: host, options: options, system: LinuxSystem())
    }

    public init(host: String? = nil, deadlines: Deadlines) throws(StreamError) {
        try self.init(host: host, options: Options(deadlines: deadlines))
    }

    /// - Parameter system: what takes the place of Linux (in a test).
    public init(
        host: String?, options: Options, system: any NetworkSystem
    ) throws(StreamError) {
        endpoint = try BlockingOllama.endpoint(host, apiKey: options.apiKey)
        self.options = options
        http = BlockingHTTPClient(options.http, system: system)
    }

    private static func endpoint(
        _ host: String?, apiKey: String?
    ) throws(StreamError) -> OllamaEndpoint {
        do throws(RequestError) {
            let endpoint = try OllamaEndpoint(host ?? Environment["OLLAMA_HOST"] ?? "")
            if apiKey != nil, !endpoint.isLoopback, endpoint.scheme != .https {
                throw .invalidRequest("an API key goes over TLS or to this machine only")
            }
            if endpoint.basePath.hasSuffix("/v1") {
                throw .invalidURL(
                    "the OpenAI-compatible API (/v1) is not in this build: "
                        + "give the server's own address for the native API")
            }
            return endpoint
        } catch { throw .request(error) }
    }

    // MARK: Streams

    /// `POST /api/chat` with one user message.
    public mutating func chat(
        _ model: String, _ prompt: String, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        try chat(ChatRequest(model: model, messages: [.user(prompt)]), cancellation: cancellation)
    }

    /// `POST /api/chat`.
    ///
    /// Returns with the response's head, which Ollama sends with the first token. Reading the stream
    /// to its end keeps the connection for the next request; leaving it closes the connection, and the
    /// server stops generating.
    ///
    /// - Parameter cancellation: lets another thread end this call and the stream.
    public mutating func chat(
        _ request: ChatRequest, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        let body: [UInt8]
        do throws(RequestError) { body = try request.encoded() } catch { throw .request(error) }
        return try stream(ChatRequest.route, body, cancellation)
    }

    /// `POST /api/generate` with a prompt.
    public mutating func generate(
        _ model: String, _ prompt: String, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        try generate(GenerateRequest(model: model, prompt: prompt), cancellation: cancellation)
    }

    /// `POST /api/generate`.
    public mutating func generate(
        _ request: GenerateRequest, cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        let body: [UInt8]
        do throws(RequestError) { body = try request.encoded() } catch { throw .request(error) }
        return try stream(GenerateRequest.route, body, cancellation)
    }

    // MARK: Models

    /// `GET /api/tags`: the models on the server.
    public mutating func list(
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> [ModelSummary] {
        try array(of: "models", from: "/api/tags", cancellation, ModelSummary.init)
    }

    /// `GET /api/ps`: the models in memory. The server does not answer while one is being loaded.
    public mutating func ps(
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> [RunningModel] {
        try array(of: "models", from: "/api/ps", cancellation, RunningModel.init)
    }

    /// `GET /api/version`: answers at once whatever the server is busy with.
    public mutating func version(cancellation: Cancellation? = nil) throws(StreamError) -> String {
        let (value, body) = try object(from: "/api/version", cancellation)
        guard let version = value["version"]?.stringValue else { throw unexpected(body) }
        return version
    }

    // MARK: Requests

    private mutating func stream(
        _ route: String, _ body: [UInt8], _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingStream {
        let response = try send("POST", route, body, cancellation)
        return BlockingStream(reading: response, partialTextLimit: options.partialTextLimit)
    }

    private mutating func array<Element>(
        of key: String, from route: String, _ cancellation: Cancellation?,
        _ make: (JSONValue) -> Element?
    ) throws(StreamError) -> [Element] {
        let (value, body) = try object(from: route, cancellation)
        guard let elements = value[key]?.arrayValue else { throw unexpected(body) }
        var made: [Element] = []
        for element in elements {
            guard let element = make(element) else { throw unexpected(body) }
            made.append(element)
        }
        return made
    }

    private mutating func object(
        from route: String, _ cancellation: Cancellation?
    ) throws(StreamError) -> (JSONValue, body: [UInt8]) {
        var response = try send("GET", route, nil, cancellation)
        let body: [UInt8]
        do throws(TransportError) {
            body = try response.readBody(limit: options.http.recordLimit)
        } catch { throw StreamError(error, inStream: true) }
        do throws(JSONError) {
            return (try JSONValue(parsing: body.span), body)
        } catch { throw malformed(body, error) }
    }

    private mutating func send(
        _ method: String, _ route: String, _ body: [UInt8]?, _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingResponse {
        var fields = options.fields
        if body != nil { fields.append(("Content-Type", "application/json")) }
        if let key = options.apiKey { fields.append(("Authorization", "Bearer \(key)")) }
        fields.append(("User-Agent", "tokenwire"))
        let failedStatus: Int
        let failedBody: [UInt8]
        let request = HTTPRequest(method, endpoint.url(route), fields: fields, body: body)
        do throws(TransportError) {
            var response = try http.send(request, cancellation: cancellation)
            if (200..<300).contains(response.status) { return response }
            failedStatus = response.status
            // An error's text is short; of a long one the status has to do.
            failedBody = (try? response.readBody(limit: .kibibytes(64))) ?? []
        } catch { throw StreamError(error) }
        throw .server(.init(status: failedStatus, body: failedBody.span))
    }

    private func unexpected(_ body: [UInt8]) -> StreamError {
        malformed(body, JSONError(.typeMismatch, at: 0))
    }

    private func malformed(_ body: [UInt8], _ error: JSONError) -> StreamError {
        .malformed(
            .init(
                error: error, offset: 0, excerpt: String(decoding: body.prefix(256), as: UTF8.self),
                partialText: ""))
    }
}
