public import WireJSON

/// `details` of a model.
public struct ModelDetails: Sendable, Equatable {
    /// The model that this one was made from; empty for none.
    public var parentModel = ""
    /// Such as `gguf`; empty when the server does not say.
    public var format = ""
    /// Such as `llama`.
    public var family = ""
    /// All of them, of a model with several parts.
    public var families: [String] = []
    /// Such as `8.0B`.
    public var parameterSize = ""
    /// Such as `Q4_K_M`.
    public var quantizationLevel = ""
    /// The longest context that the model was made for, in tokens.
    public var contextLength: Int?
    /// Dimensions of its vectors.
    public var embeddingLength: Int?

    init(_ value: JSONValue?) {
        guard let value else { return }
        parentModel = value["parent_model"]?.stringValue ?? ""
        format = value["format"]?.stringValue ?? ""
        family = value["family"]?.stringValue ?? ""
        families = (value["families"]?.arrayValue ?? []).compactMap(\.stringValue)
        parameterSize = value["parameter_size"]?.stringValue ?? ""
        quantizationLevel = value["quantization_level"]?.stringValue ?? ""
        contextLength = value["context_length"]?.int64Value.map { Int($0) }
        embeddingLength = value["embedding_length"]?.int64Value.map { Int($0) }
    }
}

/// A model on the server (`/api/tags`).
public struct ModelSummary: Sendable, Equatable {
    /// With its tag: `llama3.2:latest`.
    public var name: String
    /// Bytes.
    public var size: Int
    /// Hexadecimal, without `sha256:`.
    public var digest: String
    /// RFC 3339, as sent (`Timestamp`).
    public var modifiedAt: String
    /// Format, family and size.
    public var details: ModelDetails
    /// Such as `completion`, `tools`, `vision`, `thinking`, `embedding`.
    public var capabilities: [String]
    /// Of a model that runs elsewhere: its name there, and where.
    public var remoteModel: String?
    /// Of a model that runs elsewhere: where.
    public var remoteHost: String?
    /// The record as a whole, fields unknown here included.
    public var json: JSONValue

    /// An entry of `/api/tags`; nil for what has no name.
    public init?(_ value: JSONValue) {
        guard let name = value["name"]?.stringValue ?? value["model"]?.stringValue else {
            return nil
        }
        self.name = name
        size = value["size"]?.int64Value.map { Int($0) } ?? 0
        digest = value["digest"]?.stringValue ?? ""
        modifiedAt = value["modified_at"]?.stringValue ?? ""
        details = ModelDetails(value["details"])
        capabilities = (value["capabilities"]?.arrayValue ?? []).compactMap(\.stringValue)
        remoteModel = value["remote_model"]?.stringValue
        remoteHost = value["remote_host"]?.stringValue
        json = value
    }
}

/// A model in memory (`/api/ps`).
public struct RunningModel: Sendable, Equatable {
    /// With its tag: `llama3.2:latest`.
    public var name: String
    /// Bytes in all, and of these in the graphics card's memory.
    public var size: Int
    /// Bytes of it in memory of GPUs.
    public var sizeVRAM: Int
    /// Of its manifest, SHA-256 in hexadecimal.
    public var digest: String
    /// RFC 3339, as sent (`Timestamp`); some 292 years ahead when it is never unloaded.
    public var expiresAt: String
    /// The context that it was loaded with, in tokens.
    public var contextLength: Int
    /// Format, family and size.
    public var details: ModelDetails
    /// The whole entry, unknown fields too.
    public var json: JSONValue

    /// An entry of `/api/ps`; nil for what has no name.
    public init?(_ value: JSONValue) {
        guard let name = value["name"]?.stringValue ?? value["model"]?.stringValue else {
            return nil
        }
        self.name = name
        size = value["size"]?.int64Value.map { Int($0) } ?? 0
        sizeVRAM = value["size_vram"]?.int64Value.map { Int($0) } ?? 0
        digest = value["digest"]?.stringValue ?? ""
        expiresAt = value["expires_at"]?.stringValue ?? ""
        contextLength = value["context_length"]?.int64Value.map { Int($0) } ?? 0
        details = ModelDetails(value["details"])
        json = value
    }
}
