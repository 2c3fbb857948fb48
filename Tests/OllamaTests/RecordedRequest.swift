import OllamaProtocol
import TestSupport
import WireJSON

/// A recorded request's JSON as a typed request; nil where our types cannot say the same.
enum RecordedRequest {
    static func encoded(_ json: ManifestJSON, target: String) throws -> [UInt8]? {
        switch target {
        case ChatRequest.route: try chat(json)?.encoded()
        case GenerateRequest.route:
            try generate(json)?.encoded() ?? load(json)?.encoded()
        default: try RecordedModelRequest.request(json, target: target)?.encoded()
        }
    }

    /// A generation without a prompt.
    private static func load(_ json: ManifestJSON) -> LoadRequest? {
        guard case .object(var members) = json, let model = take("model", &members)?.string
        else { return nil }
        var request = LoadRequest(model: model)
        if take("keep_alive", &members) == .number(0) { request.keepAlive = .now }
        return members.isEmpty ? request : nil
    }

    private static func chat(_ json: ManifestJSON) -> ChatRequest? {
        guard case .object(var members) = json, let model = take("model", &members)?.string,
            let turns = take("messages", &members)?.array
        else { return nil }
        let messages = turns.compactMap(message)
        guard messages.count == turns.count else { return nil }
        var request = ChatRequest(model: model, messages: messages)
        request.tools = (take("tools", &members)?.array ?? []).map(\.value)
        guard
            takeCommon(
                &members, &request.stream, &request.format, &request.options, &request.think,
                &request.keepAlive)
        else { return nil }
        request.truncate = take("truncate", &members)?.bool
        request.shift = take("shift", &members)?.bool
        request.logprobs = take("logprobs", &members)?.bool
        request.topLogprobs = take("top_logprobs", &members)?.integer
        request.extra = members.map { .init(key: $0.key, value: $0.value.value) }
        return request
    }

    private static func generate(_ json: ManifestJSON) -> GenerateRequest? {
        guard case .object(var members) = json, let model = take("model", &members)?.string,
            let prompt = take("prompt", &members)?.string
        else { return nil }
        var request = GenerateRequest(model: model, prompt: prompt)
        request.suffix = take("suffix", &members)?.string
        request.system = take("system", &members)?.string
        request.template = take("template", &members)?.string
        request.context = (take("context", &members)?.array ?? []).map { $0.integer! }
        request.raw = take("raw", &members)?.bool
        if let list = take("images", &members)?.array {
            guard let images = images(list) else { return nil }
            request.images = images
        }
        guard
            takeCommon(
                &members, &request.stream, &request.format, &request.options, &request.think,
                &request.keepAlive)
        else { return nil }
        request.truncate = take("truncate", &members)?.bool
        request.shift = take("shift", &members)?.bool
        request.logprobs = take("logprobs", &members)?.bool
        request.topLogprobs = take("top_logprobs", &members)?.integer
        request.extra = members.map { .init(key: $0.key, value: $0.value.value) }
        return request
    }

    private static func take(
        _ key: String, _ members: inout [String: ManifestJSON]
    ) -> ManifestJSON? {
        members.removeValue(forKey: key)
    }

    private static func takeCommon(
        _ members: inout [String: ManifestJSON], _ stream: inout Bool,
        _ format: inout ResponseFormat?, _ options: inout ModelOptions, _ think: inout Think?,
        _ keepAlive: inout KeepAlive?
    ) -> Bool {
        // That a stream is wanted goes without saying: only the wish for the contrary is a field.
        if members["stream"] == .bool(false) {
            members["stream"] = nil
            stream = false
        }
        switch take("format", &members) {
        case nil: break
        case .string("json"): format = .json
        case .object(let schema): format = .schema(ManifestJSON.object(schema).value)
        default: return false
        }
        switch take("think", &members) {
        case nil: break
        case .bool(let value): think = value ? .on : .off
        case .string("low"): think = .low
        case .string("medium"): think = .medium
        case .string("high"): think = .high
        case .string("max"): think = .max
        default: return false
        }
        switch take("keep_alive", &members) {
        case nil: break
        case .number(0): keepAlive = .now
        case .number(-1): keepAlive = .forever
        case .number(let seconds): keepAlive = .seconds(seconds)
        case .string(let text): keepAlive = .text(text)
        default: return false
        }
        if case .object(let given) = take("options", &members) { options = modelOptions(given) }
        return true
    }

    static func modelOptions(_ given: [String: ManifestJSON]) -> ModelOptions {
        var given = given
        var options = ModelOptions()
        // A value of another type is one for `extra`.
        func int(_ key: String) -> Int? {
            guard let value = given[key]?.integer else { return nil }
            given[key] = nil
            return value
        }
        options.numCtx = int("num_ctx")
        options.numPredict = int("num_predict")
        options.numThread = int("num_thread")
        options.seed = int("seed")
        if let temperature = given["temperature"]?.double {
            options.temperature = temperature
            given["temperature"] = nil
        }
        if let stop = given["stop"]?.array {
            options.stop = stop.map { $0.string! }
            given["stop"] = nil
        }
        options.extra = given.map { .init(key: $0.key, value: $0.value.value) }
        return options
    }

    static func message(_ json: ManifestJSON) -> Message? {
        guard case .object(var members) = json, let content = take("content", &members)?.string,
            let role = take("role", &members)?.string.flatMap(Message.Role.init)
        else { return nil }
        var message = Message(role, content)
        message.thinking = take("thinking", &members)?.string
        message.toolName = take("tool_name", &members)?.string
        message.toolCallID = take("tool_call_id", &members)?.string
        message.toolCalls = (take("tool_calls", &members)?.array ?? []).map { call in
            ToolCall(
                id: call["id"].string, name: call["function"]["name"].string!,
                arguments: call["function"]["arguments"].value)
        }
        if let list = take("images", &members)?.array {
            guard let images = images(list) else { return nil }
            message.images = images
        }
        return members.isEmpty ? message : nil
    }

    /// Base64, decoded by rules of its own (RFC 4648 4).
    private static func images(_ list: [ManifestJSON]) -> [[UInt8]]? {
        let alphabet = Array(
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var images: [[UInt8]] = []
        for text in list.map({ Array($0.string!.utf8) }) {
            let digits = text.prefix { $0 != UInt8(ascii: "=") }.map(alphabet.firstIndex)
            guard text.count % 4 == 0, !digits.contains(nil) else { return nil }
            var bits = 0
            var value = 0
            var image: [UInt8] = []
            for digit in digits {
                value = (value << 6 | digit!) & 0xFFFF
                bits += 6
                if bits >= 8 {
                    bits -= 8
                    image.append(UInt8(truncatingIfNeeded: value >> bits))
                }
            }
            images.append(image)
        }
        return images
    }
}

extension ManifestJSON {
    var value: JSONValue {
        switch self {
        case .null: .null
        case .bool(let value): .bool(value)
        case .number(let value): Int64(exactly: value).map { .int($0) } ?? .double(value)
        case .string(let value): .string(value)
        case .array(let elements): .array(elements.map(\.value))
        case .object(let members):
            .object(members.map { .init(key: $0.key, value: $0.value.value) })
        }
    }
}
