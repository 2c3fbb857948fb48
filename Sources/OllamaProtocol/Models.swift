public import WireJSON

/// `details` of a model.
public struct ModelDetails: Sendable, Equatable {
    public var format = ""
    public var family = ""
    public var families: [String] = []
    public var parameterSize = ""
    public var quantizationLevel = ""
    public var contextLength: Int?
    public var embeddingLength: Int?

    init(_ value: JSONValue?) {
        guard let value else { return }
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
    public var name: String
    /// Bytes.
    public var size: Int
    /// Hexadecimal, without `sha256:`.
    public var digest: String
    /// RFC 3339, as sent.
    public var modifiedAt: String
    public var details: ModelDetails
    public var capabilities: [String]
    /// The record as a whole, fields unknown here included.
    public var json: JSONValue

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
        json = value
    }
}

/// A model in memory (`/api/ps`).
public struct RunningModel: Sendable, Equatable {
    public var name: String
    /// Bytes in all, and of these in the graphics card's memory.
    public var size: Int
    public var sizeVRAM: Int
    public var digest: String
    /// RFC 3339, as sent; some 292 years ahead when it is never unloaded.
    public var expiresAt: String
    public var contextLength: Int
    public var details: ModelDetails
    public var json: JSONValue

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
