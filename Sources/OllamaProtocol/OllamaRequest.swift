internal import WireHTTP1

/// A request of Ollama's API as data; the server's address and credentials are not in it
/// (`OllamaServer`).
public struct OllamaRequest: Sendable, Equatable {
    /// Such as `POST`.
    public let method: String
    /// Such as `/api/chat`.
    public let route: String
    /// JSON; nil for none.
    public let body: [UInt8]?
    /// Which model is to work for it; nil for none.
    public var model: String?

    /// Any request: also of a route that has no type here.
    public init(_ method: String, _ route: String, body: [UInt8]? = nil) {
        self.method = method
        self.route = route
        self.body = body
    }

    /// - Throws: `StreamError.request` for what the dialect would pass over, and for a number that JSON
    ///   cannot hold.
    public init(_ chat: ChatRequest, in dialect: Dialect) throws(StreamError) {
        var request = chat
        do throws(RequestError) {
            try CompletionLimit.move(from: &request.extra, to: &request.options)
            switch dialect {
            case .native:
                try RequestError.checkNative(request.extra, toolChoice: request.toolChoice)
                self.init("POST", ChatRequest.route, body: try request.encoded())
            case .openAI:
                self.init("POST", ChatRequest.openAIRoute, body: try request.encodedForOpenAI())
            }
        } catch { throw .request(error) }
        model = request.model
    }

    /// - Throws: `StreamError.request` for what the dialect would pass over, and for a number that JSON
    ///   cannot hold.
    public init(_ generation: GenerateRequest, in dialect: Dialect) throws(StreamError) {
        var request = generation
        do throws(RequestError) {
            try CompletionLimit.move(from: &request.extra, to: &request.options)
            switch dialect {
            case .native:
                try RequestError.checkNative(request.extra, toolChoice: nil)
                self.init("POST", GenerateRequest.route, body: try request.encoded())
            case .openAI:
                self.init("POST", GenerateRequest.openAIRoute, body: try request.encodedForOpenAI())
            }
        } catch { throw .request(error) }
        model = request.model
    }

    /// - Throws: `StreamError.request` for a number that JSON cannot hold.
    public init(_ request: some OllamaJSONRequest) throws(StreamError) {
        do throws(RequestError) {
            self.init(request.method, request.route, body: try request.encoded())
        } catch { throw .request(error) }
    }
}
