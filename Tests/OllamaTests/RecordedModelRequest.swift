import OllamaProtocol
import TestSupport
import WireJSON

/// A recorded request about models as a typed one; nil where our types cannot say the same.
enum RecordedModelRequest {
    static func request(_ json: ManifestJSON, target: String) -> (any OllamaJSONRequest)? {
        guard case .object(var members) = json else { return nil }
        func take(_ key: String) -> ManifestJSON? { members.removeValue(forKey: key) }
        if target == CopyRequest.route {
            return CopyRequest(
                source: take("source")!.string!, destination: take("destination")!.string!)
        }
        guard let model = take("model")?.string else { return nil }
        func rest() -> [JSONValue.Member] {
            members.map { JSONValue.Member(key: $0.key, value: $0.value.value) }
        }
        switch target {
        case EmbedRequest.route:
            guard let given = take("input"), let input = input(given) else { return nil }
            var request = EmbedRequest(model: model, input: input)
            request.dimensions = take("dimensions")?.integer
            request.truncate = take("truncate")?.bool
            request.extra = rest()
            return request
        case EmbeddingsRequest.route:
            guard let prompt = take("prompt")?.string else { return nil }
            var request = EmbeddingsRequest(model: model, prompt: prompt)
            request.extra = rest()
            return request
        case ShowRequest.route:
            var request = ShowRequest(model: model, verbose: take("verbose")?.bool)
            request.extra = rest()
            return request
        case DeleteRequest.route: return members.isEmpty ? DeleteRequest(model: model) : nil
        case "/api/pull", "/api/push":
            let direction: TransferRequest.Direction = target == "/api/pull" ? .pull : .push
            var request = TransferRequest(direction, model: model)
            request.insecure = take("insecure")?.bool
            request.stream = take("stream")?.bool ?? true
            return members.isEmpty ? request : nil
        case CreateRequest.route: return create(model, members)
        default: return nil
        }
    }

    private static func input(_ json: ManifestJSON) -> EmbedRequest.Input? {
        if let text = json.string { return .text(text) }
        guard let list = json.array else { return nil }
        let texts = list.compactMap(\.string)
        return texts.count == list.count ? .texts(texts) : nil
    }

    private static func create(
        _ model: String, _ members: [String: ManifestJSON]
    ) -> CreateRequest? {
        var members = members
        func take(_ key: String) -> ManifestJSON? { members.removeValue(forKey: key) }
        var request = CreateRequest(model: model, from: take("from")?.string)
        if case .object(let files) = take("files") {
            request.files = files.compactMapValues { $0.string.flatMap { BlobDigest($0) } }
        }
        request.template = take("template")?.string
        request.system = take("system")?.string
        request.license = take("license")?.string.map { [$0] } ?? []
        request.quantize = take("quantize")?.string
        request.stream = take("stream")?.bool ?? true
        if case .object(let parameters) = take("parameters") {
            request.parameters = parameters.map { .init(key: $0.key, value: $0.value.value) }
        }
        return members.isEmpty ? request : nil
    }
}
