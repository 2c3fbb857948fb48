public import OllamaProtocol
public import WireDriver
public import WireExchange
package import WireHTTPClient
public import WireReactor
internal import WireSystem
public import WireTime

/// A client of Ollama, and of other servers with an OpenAI-compatible API, for tasks.
///
///     let ollama = Ollama()
///     for try await text in ollama.chat("llama3.2", "Why is the sky blue?").text {
///         print(text, terminator: "")
///     }
///
/// Any number of tasks may use it at once. Every call has a finite deadline in every phase; every
/// failure is a `StreamError`.
public final class Ollama: Sendable {
    /// How the client speaks HTTP, and how it speaks to a model server.
    public typealias Options = OllamaClientOptions

    /// What it was made with.
    public let options: Options
    let server: Result<OllamaServer, StreamError>
    let http: HTTPClient
    private let detection = DetectedDialect()

    /// The client of the static calls: of `OLLAMA_HOST`, with all defaults.
    public static let shared = Ollama()

    /// - Parameters:
    ///   - host: as `OLLAMA_HOST` has it; nil takes that variable, else `http://127.0.0.1:11434`. If it
    ///     is none, or an API key would leave this machine in clear text, every call throws
    ///     `StreamError.request`.
    ///   - reactor: the loops that watch the client's connections.
    public convenience init(
        host: String? = nil, options: Options = Options(), reactor: Reactor = .shared
    ) {
        let server = Ollama.server(host, options)
        let connections = (try? server.get())?.connections(options.http) ?? options.http
        self.init(server, options: options, http: HTTPClient(connections, reactor: reactor))
    }

    /// A client whose every request has these deadlines, unless it brings its own.
    ///
    /// - Parameter host: as in `OLLAMA_HOST`, which is taken when it is nil.
    public convenience init(host: String? = nil, deadlines: Deadlines) {
        self.init(host: host, options: Options(deadlines: deadlines))
    }

    /// - Parameter http: what sends the requests (in a test).
    package convenience init(host: String?, options: Options, http: HTTPClient) {
        self.init(Ollama.server(host, options), options: options, http: http)
    }

    private init(
        _ server: Result<OllamaServer, StreamError>, options: Options, http: HTTPClient
    ) {
        self.server = server
        self.options = options
        self.http = http
    }

    private static func server(
        _ host: String?, _ options: Options
    ) -> Result<OllamaServer, StreamError> {
        do throws(StreamError) {
            return .success(
                try OllamaServer(
                    host ?? Environment["OLLAMA_HOST"] ?? "", options: options.ollama))
        } catch { return .failure(error) }
    }

    // MARK: Streams

    /// `POST /api/chat` with one user message.
    public func chat(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = []
    ) -> Answer {
        chat(
            ChatRequest(model: model, messages: [.user(prompt)]), deadlines: deadlines,
            guards: guards)
    }

    /// `chat` of the shared client.
    public static func chat(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = []
    ) -> Answer {
        shared.chat(model, prompt, deadlines: deadlines, guards: guards)
    }

    /// `POST /api/chat`, or `POST /v1/chat/completions`. Nothing is sent before the answer's first part is
    /// asked for. What the server's dialect has no field for is refused, with an error that says so.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - guards: what stops an answer that runs away.
    ///   - cancellation: ends every iteration of the answer, as its own `cancel` does.
    public func chat(
        _ request: ChatRequest, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) -> Answer {
        Answer(call: call(.chat(request), deadlines, guards, cancellation))
    }

    /// `POST /api/generate` with a prompt.
    public func generate(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = []
    ) -> Answer {
        generate(
            GenerateRequest(model: model, prompt: prompt), deadlines: deadlines, guards: guards)
    }

    /// `generate` of the shared client.
    public static func generate(
        _ model: String, _ prompt: String, deadlines: Deadlines? = nil, guards: [Guard] = []
    ) -> Answer {
        shared.generate(model, prompt, deadlines: deadlines, guards: guards)
    }

    /// `POST /api/generate`, or `POST /v1/completions`. See `chat`.
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - guards: what stops an answer that runs away.
    ///   - cancellation: ends every iteration of the answer, as its own `cancel` does.
    public func generate(
        _ request: GenerateRequest, deadlines: Deadlines? = nil, guards: [Guard] = [],
        cancellation: Cancellation? = nil
    ) -> Answer {
        Answer(call: call(.generate(request), deadlines, guards, cancellation))
    }

    // MARK: Connections

    /// Connections kept for later, those in use, requests that wait for one, and how often one was used
    /// again.
    public var connections: ConnectionCounts { http.connections }

    /// Closes the connections that wait for their next request.
    public func closeIdleConnections() { http.closeIdleConnections() }

    /// Refuses requests from here on and closes idle connections; streams under way go on to their end.
    public func shutDown() { http.shutDown() }

    // MARK: Requests

    /// In which dialect the server is asked. Where it has to be asked for that, whatever it answers
    /// decides. (Streams do the same on their way: `AnswerExchange`.)
    func dialect(
        _ deadlines: Deadlines?, _ cancellation: Cancellation?
    ) async throws(StreamError) -> Dialect {
        let server = try server.get()
        if let known = server.dialect ?? detection.dialect { return known }
        do throws(TransportError) {
            var response = try await http.send(
                server.httpRequest(OllamaServer.detection),
                deadlines: OllamaServer.detectionDeadlines(
                    deadlines ?? options.http.deadlines),
                cancellation: cancellation)
            let body = (try? await response.readBody(limit: OllamaServer.refusalLimit)) ?? []
            let dialect = OllamaServer.dialect(status: response.status, body: body.span)
            detection.dialect = dialect
            return dialect
        } catch { throw StreamError(error) }
    }

    func call(
        _ source: AnswerCall.Source, _ deadlines: Deadlines?, _ guards: [Guard],
        _ cancellation: Cancellation?
    ) -> AnswerCall {
        AnswerCall(
            http: http, server: server, detection: detection, source: source,
            deadlines: deadlines, guards: guards,
            partialTextLimit: options.ollama.partialTextLimit,
            replyLimit: options.ollama.replyLimit,
            cancellation: cancellation ?? Cancellation())
    }

    /// The whole answer to a call: also to one of a route that has no function here.
    ///
    ///     try await ollama.answer(to: OllamaCall(OllamaRequest("GET", "/api/new")) { $0["field"] })
    ///
    /// - Parameters:
    ///   - deadlines: instead of the client's.
    ///   - cancellation: lets any other thread or task end this call.
    public func answer<Value>(
        to call: OllamaCall<Value>, deadlines: Deadlines? = nil, cancellation: Cancellation? = nil
    ) async throws(StreamError) -> Value {
        let request = try server.get().httpRequest(call.request)
        return try await answer(to: call, as: request, deadlines, cancellation)
    }

    func answer<Value>(
        to call: OllamaCall<Value>, as request: HTTPRequest, _ deadlines: Deadlines?,
        _ cancellation: Cancellation?
    ) async throws(StreamError) -> Value {
        var hasHead = false
        let status: Int
        let body: [UInt8]
        do throws(TransportError) {
            var response = try await http.send(
                request, deadlines: deadlines, cancellation: cancellation)
            hasHead = true
            status = response.status
            // Of a refusal, the status says more than why the rest did not come.
            body =
                OllamaServer.isSuccess(status)
                ? try await response.readBody(limit: options.http.recordLimit)
                : (try? await response.readBody(limit: OllamaServer.refusalLimit)) ?? []
        } catch { throw StreamError(error, inStream: hasHead) }
        return try call.decode(status: status, body.span)
    }
}
