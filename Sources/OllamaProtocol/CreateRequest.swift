public import WireHTTP1
public import WireJSON

/// A request of `POST /api/create`: a model from another one, or from files whose blobs are on the server
/// (`uploadBlob`). Either `from` or `files` has to be there.
public struct CreateRequest: OllamaJSONRequest, Equatable {
    /// The new model's name.
    public var model: String
    /// The model to start from.
    public var from: String?
    /// Names of files (`model.gguf`) and their blobs' digests.
    public var files: [String: BlobDigest] = [:]
    /// The same for LoRA adapters.
    public var adapters: [String: BlobDigest] = [:]
    /// The same for a draft model.
    public var draftFiles: [String: BlobDigest] = [:]
    /// A Go template.
    public var template: String?
    /// The system message that it will have.
    public var system: String?
    /// Its licenses, as text.
    public var license: [String] = []
    /// Default `options` of the model, by their names on the wire (`num_ctx`, `stop`, ...).
    public var parameters: [JSONValue.Member] = []
    /// Turns that every conversation begins with.
    public var messages: [Message] = []
    /// Such as `q8_0`; of models in F16, BF16 or F32.
    public var quantize: String?
    /// To what a draft model is quantized, such as `q4_K_M`.
    public var draftQuantize: String?
    /// The server's renderer of prompts, by name.
    public var renderer: String?
    /// The server's parser of answers, by name.
    public var parser: String?
    /// The least version of the server.
    public var requires: String?
    /// Of a model that runs elsewhere: where.
    public var remoteHost: String?
    /// `capabilities`, `context_length` and more, of a model that has no file to say it.
    public var info: [JSONValue.Member] = []
    /// False asks for one record at the end, without any before.
    public var stream = true
    /// Further fields of the request, sent as they are; one of a field above takes its place.
    public var extra: [JSONValue.Member] = []

    /// `POST /api/create` of a model out of another one or, with files, out of those.
    public init(model: String, from: String? = nil) {
        self.model = model
        self.from = from
    }

    /// `POST`; answers with a stream of progress.
    public static let route = "/api/create"
    public var route: String { CreateRequest.route }

    public func encoded() throws(RequestError) -> [UInt8] {
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("from", from)
        fields.add("files", CreateRequest.members(files))
        fields.add("adapters", CreateRequest.members(adapters))
        fields.add("draft_files", CreateRequest.members(draftFiles))
        fields.add("template", template)
        fields.add("system", system)
        if license.count == 1 {
            fields.add("license", license[0])
        } else {
            fields.add("license", license.map { JSONValue.string($0) })
        }
        fields.add("parameters", parameters)
        fields.add("messages", messages.map(\.json))
        fields.add("quantize", quantize)
        fields.add("draft_quantize", draftQuantize)
        fields.add("renderer", renderer)
        fields.add("parser", parser)
        fields.add("requires", requires)
        fields.add("remote_host", remoteHost)
        fields.add("info", info)
        fields.add(stream: stream)
        return try fields.encoded(extra)
    }

    private static func members(_ files: [String: BlobDigest]) -> [JSONValue.Member] {
        files.sorted { $0.key < $1.key }.map {
            JSONValue.Member(key: $0.key, value: .string($0.value.description))
        }
    }
}
