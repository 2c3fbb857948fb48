internal import WireBytes
internal import WireExchange
public import OllamaProtocol
public import WireBlocking
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
    public typealias Options = OllamaClientOptions

    private let server: OllamaServer
    /// Of an answer that comes whole.
    private let answerLimit: ByteLimit
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
        server = try OllamaServer(
            host ?? Environment["OLLAMA_HOST"] ?? "", options: options.ollama)
        answerLimit = options.http.recordLimit
        http = BlockingHTTPClient(options.http, system: system)
    }

    public var endpoint: OllamaEndpoint { server.endpoint }

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
        try stream(OllamaRequest(request), cancellation)
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
        try stream(OllamaRequest(request), cancellation)
    }

    // MARK: Models

    /// `GET /api/tags`: the models on the server.
    public mutating func list(
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> [ModelSummary] {
        try answer(to: .list, cancellation)
    }

    /// `GET /api/ps`: the models in memory. The server does not answer while one is being loaded.
    public mutating func ps(
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> [RunningModel] {
        try answer(to: .ps, cancellation)
    }

    /// `GET /api/version`: answers at once whatever the server is busy with.
    public mutating func version(cancellation: Cancellation? = nil) throws(StreamError) -> String {
        try answer(to: .version, cancellation)
    }

    // MARK: Requests

    private mutating func stream(
        _ request: OllamaRequest, _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingStream {
        let response = try send(request, cancellation)
        return BlockingStream(
            reading: response, partialTextLimit: server.options.partialTextLimit)
    }

    private mutating func answer<Answer>(
        to call: OllamaCall<Answer>, _ cancellation: Cancellation?
    ) throws(StreamError) -> Answer {
        var response = try send(call.request, cancellation)
        let body: [UInt8]
        do throws(TransportError) {
            body = try response.readBody(limit: answerLimit)
        } catch { throw StreamError(error, inStream: true) }
        return try call.decode(status: response.status, body.span)
    }

    /// Returns with the head of a response that is no refusal.
    private mutating func send(
        _ request: OllamaRequest, _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingResponse {
        let status: Int
        let body: [UInt8]
        do throws(TransportError) {
            var response = try http.send(
                HTTPRequest(
                    request.method, server.url(of: request), fields: server.fields(of: request),
                    body: request.body),
                cancellation: cancellation)
            status = response.status
            if OllamaServer.isSuccess(status) { return response }
            body = (try? response.readBody(limit: OllamaServer.refusalLimit)) ?? []
        } catch { throw StreamError(error) }
        throw .server(.init(status: status, body: body.span))
    }
}
