internal import WireBytes
internal import WireHTTP1
public import WireJSON

/// A request of Ollama's API as data; the server's address and credentials are not in it
/// (`OllamaServer`).
public struct OllamaRequest: Sendable, Equatable {
    public let method: String
    /// Such as `/api/chat`.
    public let route: String
    /// JSON; nil for none.
    public let body: [UInt8]?

    public init(_ method: String, _ route: String, body: [UInt8]? = nil) {
        self.method = method
        self.route = route
        self.body = body
    }

    /// - Throws: `StreamError.request` for a number that JSON cannot hold.
    public init(_ request: ChatRequest) throws(StreamError) {
        do throws(RequestError) {
            self.init("POST", ChatRequest.route, body: try request.encoded())
        } catch { throw .request(error) }
    }

    /// - Throws: `StreamError.request` for a number that JSON cannot hold.
    public init(_ request: GenerateRequest) throws(StreamError) {
        do throws(RequestError) {
            self.init("POST", GenerateRequest.route, body: try request.encoded())
        } catch { throw .request(error) }
    }
}

/// A request whose answer is one JSON value, and what that says.
public struct OllamaCall<Answer>: Sendable {
    public let request: OllamaRequest
    /// Nil for a value of another form.
    private let read: @Sendable (JSONValue) -> Answer?

    /// - Parameter read: gives nil for a value of another form than the server's.
    public init(_ request: OllamaRequest, read: @escaping @Sendable (JSONValue) -> Answer?) {
        self.request = request
        self.read = read
    }

    /// Reads the whole answer.
    ///
    /// - Throws: `server` when the status says failure, `malformed` when the body is no JSON or has
    ///   another form.
    public func decode(status: Int, _ body: Span<UInt8>) throws(StreamError) -> Answer {
        guard OllamaServer.isSuccess(status) else {
            throw .server(.init(status: status, body: body))
        }
        do throws(JSONError) {
            guard let answer = read(try JSONValue(parsing: body)) else {
                throw JSONError(.typeMismatch, at: 0)
            }
            return answer
        } catch {
            throw .malformed(
                .init(
                    error: error, offset: 0,
                    excerpt: String(decoding: body.extracting(first: 256)), partialText: ""))
        }
    }
}

extension OllamaCall where Answer == [ModelSummary] {
    /// `GET /api/tags`: the models on the server.
    public static var list: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/tags")) { models(in: $0, ModelSummary.init) }
    }
}

extension OllamaCall where Answer == [RunningModel] {
    /// `GET /api/ps`: the models in memory. The server does not answer while one is being loaded.
    public static var ps: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/ps")) { models(in: $0, RunningModel.init) }
    }
}

extension OllamaCall where Answer == String {
    /// `GET /api/version`: answers at once whatever the server is busy with.
    public static var version: OllamaCall {
        OllamaCall(OllamaRequest("GET", "/api/version")) { $0["version"]?.stringValue }
    }
}

/// The elements of `models`; nil when one of them is none.
private func models<Model>(in value: JSONValue, _ make: (JSONValue) -> Model?) -> [Model]? {
    guard let elements = value["models"]?.arrayValue else { return nil }
    var models: [Model] = []
    for element in elements {
        guard let model = make(element) else { return nil }
        models.append(model)
    }
    return models
}
