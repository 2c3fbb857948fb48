public import WireJSON

/// All that the server knows of a model (`/api/show`).
public struct ModelInfo: Sendable, Equatable {
    /// One of the model's tensors; told in the verbose form.
    public struct Tensor: Sendable, Equatable {
        /// Its name in the file.
        public let name: String
        /// Such as `F16`.
        public let type: String
        /// Its dimensions.
        public let shape: [Int]

        /// A tensor of a type such as `F16`.
        public init(name: String, type: String, shape: [Int]) {
            self.name = name
            self.type = type
            self.shape = shape
        }
    }

    /// The licenses as one text; empty for none.
    public let license: String
    /// The Modelfile that makes the same model again.
    public let modelfile: String
    /// A name and a value on each line.
    public let parameters: String
    /// A Go template.
    public let template: String
    /// The system message that it has; empty for none.
    public let system: String
    /// The server's renderer of prompts; empty for none.
    public let renderer: String
    /// The server's parser of answers; empty for none.
    public let parser: String
    /// Format, family and size.
    public let details: ModelDetails
    /// Turns that every conversation begins with.
    public let messages: [Message]
    /// Of a model that runs elsewhere: its name there.
    public let remoteModel: String?
    /// Of a model that runs elsewhere: where.
    public let remoteHost: String?
    /// The file's metadata (`general.architecture`, ...); long arrays are null or empty unless they
    /// were asked for (`verbose`).
    public let modelInfo: [JSONValue.Member]
    /// Of a model that sees: its projector's metadata.
    public let projectorInfo: [JSONValue.Member]
    /// Only in the verbose form.
    public let tensors: [Tensor]
    /// Of `completion`, `tools`, `insert`, `vision`, `embedding`, `thinking`, `image`, `audio`.
    public let capabilities: [String]
    /// RFC 3339, as sent (`Timestamp`).
    public let modifiedAt: String
    /// The least version of the server; empty when any will do.
    public let requires: String
    /// The answer as a whole, fields unknown here included.
    public let json: JSONValue

    /// - Returns: nil for a value of another form.
    public init?(_ value: JSONValue) {
        guard value["details"]?.members != nil || value["model_info"]?.members != nil
        else { return nil }
        func text(_ key: String) -> String { value[key]?.stringValue ?? "" }
        license = text("license")
        modelfile = text("modelfile")
        parameters = text("parameters")
        template = text("template")
        system = text("system")
        renderer = text("renderer")
        parser = text("parser")
        details = ModelDetails(value["details"])
        messages = (value["messages"]?.arrayValue ?? []).compactMap { Message($0) }
        remoteModel = value["remote_model"]?.stringValue
        remoteHost = value["remote_host"]?.stringValue
        modelInfo = value["model_info"]?.members ?? []
        projectorInfo = value["projector_info"]?.members ?? []
        tensors = (value["tensors"]?.arrayValue ?? []).compactMap { Tensor($0) }
        capabilities = (value["capabilities"]?.arrayValue ?? []).compactMap(\.stringValue)
        modifiedAt = text("modified_at")
        requires = text("requires")
        json = value
    }
}

extension ModelInfo.Tensor {
    init?(_ value: JSONValue) {
        guard let name = value["name"]?.stringValue else { return nil }
        self.name = name
        type = value["type"]?.stringValue ?? ""
        shape = (value["shape"]?.arrayValue ?? []).compactMap { $0.int64Value.map { Int($0) } }
    }
}

/// What the server says of itself (`/api/status`).
public struct ServerStatus: Sendable, Equatable {
    /// It runs no models in the cloud.
    public let isCloudDisabled: Bool
    /// Who disabled it: `none`, `env`, `config` or `both`.
    public let cloudSource: String
    /// The answer as a whole, fields unknown here included.
    public let json: JSONValue

    /// - Returns: nil for a value of another form.
    public init?(_ value: JSONValue) {
        guard let isDisabled = value["cloud"]?["disabled"]?.boolValue else { return nil }
        isCloudDisabled = isDisabled
        cloudSource = value["cloud"]?["source"]?.stringValue ?? ""
        json = value
    }
}
