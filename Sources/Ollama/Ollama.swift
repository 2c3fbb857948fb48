public import OllamaProtocol
public import WireDriver
internal import WireExchange
package import WireHTTPClient
public import WireReactor
internal import WireSystem
public import WireTime

/// A client of Ollama's native API for tasks.
///
///     let ollama = Ollama()
///     for try await text in ollama.chat("llama3.2", "Why is the sky blue?").text {
///         print(text, terminator: "")
///     }
///
/// Any number of tasks may use it at once. Every call has a finite deadline in every phase; every
/// failure is a `StreamError`.
public final class Ollama: Sendable {
    public typealias Options = OllamaClientOptions

    public let options: Options
    private let server: Result<OllamaServer, StreamError>
    private let http: HTTPClient

    /// - Parameters:
    ///   - host: as `OLLAMA_HOST` has it; nil takes that variable, else `http://127.0.0.1:11434`. If it
    ///     is none, or an API key would leave this machine in clear text, every call throws
    ///     `StreamError.request`.
    ///   - reactor: the loops that watch the client's connections.
    public convenience init(
        host: String? = nil, options: Options = Options(), reactor: Reactor = .shared
    ) {
        self.init(host: host, options: options, http: HTTPClient(options.http, reactor: reactor))
    }

    public convenience init(host: String? = nil, deadlines: Deadlines) {
        self.init(host: host, options: Options(deadlines: deadlines))
    }

    /// - Parameter http: what sends the requests (in a test).
    package init(host: String?, options: Options, http: HTTPClient) {
        self.options = options
        self.http = http
        let host = host ?? Environment["OLLAMA_HOST"] ?? ""
        do throws(StreamError) {
            server = .success(try OllamaServer(host, options: options.ollama))
        } catch { server = .failure(error) }
    }

    // MARK: Streams

    /// `POST /api/chat` with one user message.
    public func chat(_ model: String, _ prompt: String, deadlines: Deadlines? = nil) -> Answer {
        chat(ChatRequest(model: model, messages: [.user(prompt)]), deadlines: deadlines)
    }

    /// `POST /api/chat`. Nothing is sent before the answer's first part is asked for.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: ends every iteration of the answer, as its own `cancel` does.
    public func chat(
        _ request: ChatRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> Answer {
        Answer(
            call: call(deadlines, cancellation) { () throws(StreamError) in
                try OllamaRequest(request)
            })
    }

    /// `POST /api/generate` with a prompt.
    public func generate(_ model: String, _ prompt: String, deadlines: Deadlines? = nil) -> Answer {
        generate(GenerateRequest(model: model, prompt: prompt), deadlines: deadlines)
    }

    /// `POST /api/generate`. Nothing is sent before the answer's first part is asked for.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: ends every iteration of the answer, as its own `cancel` does.
    public func generate(
        _ request: GenerateRequest, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) -> Answer {
        Answer(
            call: call(deadlines, cancellation) { () throws(StreamError) in
                try OllamaRequest(request)
            })
    }

    // MARK: Models

    /// `GET /api/tags`: the models on the server.
    public func list(
        cancellation: Cancellation? = nil
    ) async throws(StreamError) -> [ModelSummary] {
        try await answer(to: .list, cancellation)
    }

    /// `GET /api/ps`: the models in memory. The server does not answer while one is being loaded.
    public func ps(
        cancellation: Cancellation? = nil
    ) async throws(StreamError) -> [RunningModel] {
        try await answer(to: .ps, cancellation)
    }

    /// `GET /api/version`: answers at once whatever the server is busy with.
    public func version(cancellation: Cancellation? = nil) async throws(StreamError) -> String {
        try await answer(to: .version, cancellation)
    }

    // MARK: Connections

    /// Connections kept for later, those in use, and requests that wait for one.
    public var connections: (idle: Int, leased: Int, waiting: Int) { http.connections }

    /// Closes the connections that wait for their next request.
    public func closeIdleConnections() { http.closeIdleConnections() }

    /// Refuses requests from here on and closes idle connections; streams under way go on to their end.
    public func shutDown() { http.shutDown() }

    // MARK: Requests

    private func call(
        _ deadlines: Deadlines?, _ cancellation: Cancellation?,
        _ make: () throws(StreamError) -> OllamaRequest
    ) -> AnswerCall {
        let request: Result<HTTPRequest, StreamError>
        do throws(StreamError) {
            request = .success(httpRequest(try make(), of: try server.get()))
        } catch { request = .failure(error) }
        return AnswerCall(
            http: http, request: request, deadlines: deadlines,
            partialTextLimit: options.ollama.partialTextLimit,
            cancellation: cancellation ?? Cancellation())
    }

    private func httpRequest(_ request: OllamaRequest, of server: OllamaServer) -> HTTPRequest {
        HTTPRequest(
            request.method, server.url(of: request), fields: server.fields(of: request),
            body: request.body)
    }

    private func answer<Value>(
        to call: OllamaCall<Value>, _ cancellation: Cancellation?
    ) async throws(StreamError) -> Value {
        let request = httpRequest(call.request, of: try server.get())
        let status: Int
        let body: [UInt8]
        do throws(TransportError) {
            var response = try await http.send(request, cancellation: cancellation)
            status = response.status
            body = try await response.readBody(limit: options.http.recordLimit)
        } catch { throw StreamError(error, inStream: false) }
        return try call.decode(status: status, body.span)
    }
}
