public import WireHTTP1
public import WireJSON

/// A request of `POST /api/show`.
public struct ShowRequest: OllamaJSONRequest, Equatable {
    /// Which model.
    public var model: String
    /// Also the long arrays of `ModelInfo.modelInfo`: the vocabulary, for one, which is megabytes.
    public var verbose: Bool?
    /// What the shown model would be with this system message.
    public var system: String?
    /// Sent as they are.
    public var options = ModelOptions()
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/show`: what is known of a model.
    public init(model: String, verbose: Bool? = nil) {
        self.model = model
        self.verbose = verbose
    }

    /// `POST`; answers with one document.
    public static let route = "/api/show"
    public var route: String { ShowRequest.route }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("verbose", verbose)
        fields.add("system", system)
        fields.add(options)
        return try fields.encoded(extra)
    }
}

/// A request of `POST /api/copy`.
public struct CopyRequest: OllamaJSONRequest, Equatable {
    /// The model that there is.
    public var source: String
    /// The name that it will have as well.
    public var destination: String

    /// `POST /api/copy`: another name for a model.
    public init(source: String, destination: String) {
        self.source = source
        self.destination = destination
    }

    /// `POST`; answers with no body.
    public static let route = "/api/copy"
    public var route: String { CopyRequest.route }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("source", source)
        fields.add("destination", destination)
        return try fields.encoded([])
    }
}

/// A request of `DELETE /api/delete`.
public struct DeleteRequest: OllamaJSONRequest, Equatable {
    /// Which model.
    public var model: String

    /// `DELETE /api/delete`: removes a model.
    public init(model: String) { self.model = model }

    /// `DELETE` with a body; answers with none.
    public static let route = "/api/delete"
    public var route: String { DeleteRequest.route }
    public var method: String { "DELETE" }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        return try fields.encoded([])
    }
}

/// A request of `POST /api/pull` or `POST /api/push`.
public struct TransferRequest: OllamaJSONRequest, Equatable {
    /// From the registry, or to it.
    public enum Direction: String, Sendable {
        case pull, push
    }

    /// From the registry, or to it.
    public let direction: Direction
    /// Which model; to push, with its namespace.
    public var model: String
    /// Lets the server talk to a registry without TLS.
    public var insecure: Bool?
    /// False asks for one record at the end, without any before.
    public var stream = true
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/pull` or `/api/push`.
    ///
    /// - Parameter insecure: whether a registry without TLS will do.
    public init(_ direction: Direction, model: String, insecure: Bool? = nil) {
        self.direction = direction
        self.model = model
        self.insecure = insecure
    }

    /// `POST /api/pull`: downloads a model; answers with a stream of progress.
    public static func pull(_ model: String, insecure: Bool? = nil) -> TransferRequest {
        TransferRequest(.pull, model: model, insecure: insecure)
    }

    /// `POST /api/push`: uploads a model; answers with a stream of progress.
    public static func push(_ model: String, insecure: Bool? = nil) -> TransferRequest {
        TransferRequest(.push, model: model, insecure: insecure)
    }

    public var route: String { "/api/\(direction.rawValue)" }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("insecure", insecure)
        fields.add(stream: stream)
        return try fields.encoded(extra)
    }
}

/// What loads a model into memory, or out of it: `POST /api/generate` without a prompt, or, for
/// models that only embed, `POST /api/embed` without a text.
public struct LoadRequest: OllamaJSONRequest, Equatable {
    /// What the model is for: which route loads it.
    public enum Purpose: Sendable {
        case text
        /// Models that only embed refuse `/api/generate`.
        case embedding
    }

    /// Which model.
    public var model: String
    /// What it is for.
    public var purpose: Purpose
    /// How long it stays; `.now` unloads it.
    public var keepAlive: KeepAlive?
    /// Those of loading have to be the ones of the requests that follow: others load it again.
    public var options = ModelOptions()
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// Loads a model without asking it anything: `POST /api/generate` without a prompt,
    /// `/api/embed` for embeddings.
    public init(model: String, for purpose: Purpose = .text, keepAlive: KeepAlive? = nil) {
        self.model = model
        self.purpose = purpose
        self.keepAlive = keepAlive
    }

    public var route: String {
        purpose == .text ? GenerateRequest.route : EmbedRequest.route
    }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        if purpose == .embedding { fields.add("input", JSONValue.array([])) }
        fields.add(keepAlive)
        fields.add(options)
        return try fields.encoded(extra)
    }
}
