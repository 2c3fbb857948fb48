internal import WireBytes
internal import WireExchange
public import OllamaProtocol
public import WireBlocking
internal import WireSystem
public import WireTime
public import WireTransport

/// A client of Ollama, and of other servers with an OpenAI-compatible API, for one thread: no executor.
///
///     var client = try BlockingOllama()
///     var stream = try client.chat("llama3.2", "Why is the sky blue?")
///     while let record = try stream.next() { output.write(record.content) }
///
/// Every call has a finite deadline in every phase; every failure is a `StreamError`.
public struct BlockingOllama: ~Copyable {
    /// How the client speaks HTTP, and how it speaks to a model server.
    public typealias Options = OllamaClientOptions

    /// What it was made with.
    public let options: Options
    let server: OllamaServer
    var http: BlockingHTTPClient
    /// What the server has said that it speaks.
    private var detected: Dialect?

    /// - Parameter host: as `OLLAMA_HOST` has it; nil takes that variable, else
    ///   `http://127.0.0.1:11434`.
    /// - Throws: `StreamError.request` when the host is none, or an API key would leave this machine
    ///   in clear text.
    public init(host: String? = nil, options: Options = Options()) throws(StreamError) {
        try self.init(host: host, options: options, system: LinuxSystem())
    }

    /// A client whose every request has these deadlines, unless it brings its own.
    ///
    /// - Parameter host: as in `OLLAMA_HOST`, which is taken when it is nil.
    public init(host: String? = nil, deadlines: Deadlines) throws(StreamError) {
        try self.init(host: host, options: Options(deadlines: deadlines))
    }

    /// - Parameter system: what takes the place of Linux (in a test).
    public init(
        host: String?, options: Options, system: any NetworkSystem
    ) throws(StreamError) {
        server = try OllamaServer(
            host ?? Environment["OLLAMA_HOST"] ?? "", options: options.ollama)
        self.options = options
        http = BlockingHTTPClient(server.connections(options.http), system: system)
    }

    /// Where its server is.
    public var endpoint: OllamaEndpoint { server.endpoint }

    // MARK: Streams

    /// `POST /api/chat` with one user message.
    public mutating func chat(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        try chat(
            ChatRequest(model: model, messages: [.user(prompt)]), deadlines: deadlines,
            guards: guards,
            cancellation: cancellation)
    }

    /// `chat` of a client of its own: of `OLLAMA_HOST`, with all defaults.
    public static func chat(
        _ model: String, _ prompt: String, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        var client = try BlockingOllama()
        return try client.chat(model, prompt, guards: guards, cancellation: cancellation)
    }

    /// `POST /api/chat`, or `POST /v1/chat/completions`.
    ///
    /// Returns with the response's head, which Ollama sends with the first token. Reading the stream
    /// to its end keeps the connection for the next request; leaving it closes the connection, and the
    /// server stops generating.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - guards: what stops an answer that runs away.
    ///   - cancellation: lets another thread end this call and the stream.
    /// - Throws: also `request` for what the server's dialect has no field for.
    public mutating func chat(
        _ request: ChatRequest, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        let dialect = try dialect(deadlines, cancellation)
        return try stream(
            OllamaRequest(request, in: dialect), dialect, streams: request.stream, deadlines,
            guards, cancellation)
    }

    /// `POST /api/generate` with a prompt.
    public mutating func generate(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        try generate(
            GenerateRequest(model: model, prompt: prompt), deadlines: deadlines, guards: guards,
            cancellation: cancellation)
    }

    /// `POST /api/generate`, or `POST /v1/completions`. See `chat`.
    public mutating func generate(
        _ request: GenerateRequest, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) throws(StreamError) -> BlockingStream {
        let dialect = try dialect(deadlines, cancellation)
        return try stream(
            OllamaRequest(request, in: dialect), dialect, streams: request.stream, deadlines,
            guards, cancellation)
    }

    /// Gives `body` the stream of a chat. When `body` is left, in any way, the connection is kept if the
    /// stream has been read to its end, and closed if not: also at the top level of a script.
    public mutating func withChat<Result>(
        _ request: ChatRequest, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil,
        _ body: (inout BlockingStream) throws -> Result
    ) throws -> Result {
        var stream = try chat(
            request, deadlines: deadlines, guards: guards, cancellation: cancellation)
        return try body(&stream)
    }

    // MARK: Requests

    /// In which dialect the server is asked. Where it has to be asked for that, whatever it answers
    /// decides.
    mutating func dialect(
        _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) throws(StreamError) -> Dialect {
        if let known = server.dialect ?? detected { return known }
        let short = OllamaServer.detectionDeadlines(deadlines ?? options.http.deadlines)
        do throws(TransportError) {
            var response = try http.send(
                server.httpRequest(OllamaServer.detection), deadlines: short,
                cancellation: cancellation)
            let body = (try? response.readBody(limit: OllamaServer.refusalLimit)) ?? []
            let dialect = OllamaServer.dialect(status: response.status, body: body.span)
            detected = dialect
            return dialect
        } catch { throw StreamError(error) }
    }

    private mutating func stream(
        _ request: OllamaRequest, _ dialect: Dialect, streams: Bool, _ deadlines: Deadlines?,
        _ guards: [Guard], _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingStream {
        let outputGuard = guards.isEmpty ? nil : OutputGuard(guards)
        let response: BlockingResponse
        do throws(StreamError) {
            response = try send(
                server.httpRequest(request), dialect,
                outputGuard.keepingTime(deadlines, or: options.http.deadlines), cancellation)
        } catch { throw outputGuard.applied(to: error) }
        return BlockingStream(
            reading: response, in: dialect, streams: streams,
            partialTextLimit: server.options.partialTextLimit,
            replyLimit: server.options.replyLimit, guards: outputGuard)
    }

    mutating func progress(
        _ request: OllamaRequest, _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingStream {
        BlockingStream(
            reading: try send(server.httpRequest(request), .native, deadlines, cancellation),
            partialTextLimit: server.options.partialTextLimit, of: .progress)
    }

    /// The whole answer to a call: also to one of a route that has no function here.
    ///
    ///     try client.answer(to: OllamaCall(OllamaRequest("GET", "/api/new")) { $0["field"] })
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets another thread end this call.
    public mutating func answer<Answer>(
        to call: OllamaCall<Answer>, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) throws(StreamError) -> Answer {
        try answer(to: call, as: server.httpRequest(call.request), deadlines, cancellation)
    }

    mutating func answer<Answer>(
        to call: OllamaCall<Answer>, as request: HTTPRequest, _ deadlines: Deadlines?,
        _ cancellation: Cancellation?
    ) throws(StreamError) -> Answer {
        var hasHead = false
        let status: Int
        let body: [UInt8]
        do throws(TransportError) {
            var response = try http.send(
                request, deadlines: deadlines, cancellation: cancellation)
            hasHead = true
            status = response.status
            // Of a refusal, the status says more than why the rest did not come.
            body =
                OllamaServer.isSuccess(status)
                ? try response.readBody(limit: options.http.recordLimit)
                : (try? response.readBody(limit: OllamaServer.refusalLimit)) ?? []
        } catch { throw StreamError(error, inStream: hasHead) }
        return try call.decode(status: status, body.span)
    }

    /// Returns with the head of a response that is no refusal.
    private mutating func send(
        _ request: HTTPRequest, _ dialect: Dialect, _ deadlines: Deadlines?,
        _ cancellation: Cancellation?
    ) throws(StreamError) -> BlockingResponse {
        let status: Int
        let body: [UInt8]
        do throws(TransportError) {
            var response = try http.send(
                request, deadlines: deadlines, cancellation: cancellation)
            status = response.status
            if OllamaServer.isSuccess(status) { return response }
            body = (try? response.readBody(limit: OllamaServer.refusalLimit)) ?? []
        } catch { throw StreamError(error) }
        throw .server(.init(status: status, body: body.span, dialect: dialect))
    }
}
