internal import WireBytes
public import WireHTTP1
internal import WireJSON

// How requests are put in the OpenAI-compatible API. What it has no field for is refused: its servers
// pass over fields that they do not know, and the caller would never learn of it.

extension ChatRequest {
    /// `POST`; answers with events, or with one document.
    public static let openAIRoute = "/v1/chat/completions"

    /// The request's body in `/v1`.
    ///
    /// - Throws: `RequestError.invalidRequest` for what that has no field for, and for a number that
    ///   JSON cannot hold.
    public func encodedForOpenAI() throws(RequestError) -> [UInt8] {
        if messages.isEmpty { throw .notInOpenAI("loading a model (no messages)") }
        var fields = RequestFields()
        fields.add("model", model)
        var turns: [JSONValue] = []
        for message in messages { turns.append(try message.openAI()) }
        fields.add("messages", JSONValue.array(turns))
        fields.add("tools", tools)
        if let toolChoice { fields.add("tool_choice", toolChoice.json) }
        fields.add("response_format", format?.openAI)
        fields.add("reasoning_effort", think?.effort)
        fields.add("logprobs", logprobs)
        fields.add("top_logprobs", topLogprobs)
        try fields.addOpenAI(options, stream: stream, usage: asksForUsage)
        try RequestError.refuse([
            ("keep_alive", keepAlive != nil), ("truncate", truncate != nil),
            ("shift", shift != nil),
        ])
        return try fields.encodedForOpenAI(extra)
    }
}

extension GenerateRequest {
    /// `POST`; answers with events, or with one document.
    public static let openAIRoute = "/v1/completions"

    /// The request's body in `/v1`.
    ///
    /// - Throws: `RequestError.invalidRequest` for what that has no field for, and for a number that
    ///   JSON cannot hold.
    public func encodedForOpenAI() throws(RequestError) -> [UInt8] {
        if prompt.isEmpty { throw .notInOpenAI("loading a model (an empty prompt)") }
        try RequestError.refuse([
            ("system", system != nil), ("template", template != nil),
            ("context", !context.isEmpty), ("raw", raw != nil), ("images", !images.isEmpty),
            ("format", format != nil), ("think", think != nil), ("keep_alive", keepAlive != nil),
            ("truncate", truncate != nil), ("shift", shift != nil),
        ])
        var fields = RequestFields()
        fields.add("model", model)
        fields.add("prompt", prompt)
        fields.add("suffix", suffix)
        // In this route the number of alternatives stands for the wish.
        if logprobs == true { fields.add("logprobs", topLogprobs ?? 1) }
        try fields.addOpenAI(options, stream: stream, usage: asksForUsage)
        return try fields.encodedForOpenAI(extra)
    }
}

/// `tool_choice`: whether the model may, must or must not call tools. Only the OpenAI-compatible API has
/// it, and Ollama's passes over it.
public enum ToolChoice: Sendable, Equatable {
    case auto, none, required
    case function(String)

    var json: JSONValue {
        switch self {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .function(let name): ["type": "function", "function": ["name": .string(name)]]
        }
    }
}

extension RequestFields {
    fileprivate mutating func addOpenAI(
        _ options: ModelOptions, stream: Bool, usage: Bool
    ) throws(RequestError) {
        for option in options.members {
            switch option.key {
            case "temperature", "top_p", "seed", "stop", "presence_penalty", "frequency_penalty":
                add(option.key, option.value)
            case "num_predict":
                // -1 is no limit, which is what leaving it out says.
                if option.value != .int(-1) { add("max_tokens", option.value) }
            default: throw .notInOpenAI("option \(option.key)")
            }
        }
        guard stream else { return }
        add("stream", true)
        if usage {
            add("stream_options", JSONValue.object([.init(key: "include_usage", value: true)]))
        }
    }

    fileprivate func encodedForOpenAI(_ extra: [JSONValue.Member]) throws(RequestError) -> [UInt8] {
        let native: Set = [
            "options", "num_ctx", "num_predict", "keep_alive", "format", "think", "truncate",
            "shift", "template", "system", "context", "raw", "images",
        ]
        for member in extra where native.contains(member.key) {
            throw .notInOpenAI(member.key)
        }
        return try encoded(extra)
    }
}

extension RequestError {
    static func notInOpenAI(_ what: String) -> RequestError {
        .invalidRequest(
            "\(what): \(Dialect.openAI) has no such field; \(Dialect.native) can do it (a base URL "
                + "without /v1)")
    }

    static func refuse(
        _ fields: [(name: String, isSet: Bool)]
    ) throws(RequestError) {
        for field in fields where field.isSet { throw notInOpenAI(field.name) }
    }

    /// Refuses what Ollama's own API would pass over, although it can be told in another way or not at
    /// all.
    static func checkNative(
        _ extra: [JSONValue.Member], toolChoice: ToolChoice?
    ) throws(RequestError) {
        if let toolChoice, toolChoice != .auto {
            throw .invalidRequest(
                "tool_choice: \(Dialect.native) has no such field; \(Dialect.openAI) can do it, of "
                    + "servers other than Ollama")
        }
        for member in extra {
            let other: String
            switch member.key {
            case "max_tokens": other = "options.numPredict"
            case "response_format": other = "format"
            case "reasoning_effort", "reasoning": other = "think"
            case "temperature", "top_p", "top_k", "min_p", "seed", "stop", "presence_penalty",
                "frequency_penalty", "num_ctx", "num_predict":
                other = "options"
            case "tool_choice", "parallel_tool_calls", "n", "logit_bias":
                throw .invalidRequest(
                    "\(member.key): \(Dialect.native) has no such field; \(Dialect.openAI) can do "
                        + "it, of servers other than Ollama")
            default: continue
            }
            throw .invalidRequest(
                "\(member.key): \(Dialect.native) passes over it; set \(other) instead")
        }
    }
}

extension Message {
    fileprivate func openAI() throws(RequestError) -> JSONValue {
        var fields = RequestFields()
        fields.add("role", role.rawValue)
        if images.isEmpty {
            fields.add("content", content)
        } else {
            var parts: [JSONValue] = []
            if !content.isEmpty { parts.append(["type": "text", "text": .string(content)]) }
            for image in images { parts.append(try Message.part(image)) }
            fields.add("content", parts)
        }
        fields.add("reasoning", thinking)
        var calls: [JSONValue] = []
        for call in toolCalls { calls.append(try call.openAI()) }
        fields.add("tool_calls", calls)
        fields.add("name", toolName)
        fields.add("tool_call_id", toolCallID)
        return .object(fields.members)
    }

    private static func part(_ file: [UInt8]) throws(RequestError) -> JSONValue {
        let data = Base64.encode(file)
        func isAt(_ offset: Int, _ magic: [UInt8]) -> Bool {
            file.dropFirst(offset).starts(with: magic)
        }
        func image(_ type: String) -> JSONValue {
            [
                "type": "image_url",
                "image_url": ["url": .string("data:image/\(type);base64,\(data)")],
            ]
        }
        func audio(_ format: String) -> JSONValue {
            [
                "type": "input_audio",
                "input_audio": ["data": .string(data), "format": .string(format)],
            ]
        }
        if isAt(0, [0x89, 0x50, 0x4E, 0x47]) { return image("png") }
        if isAt(0, [0xFF, 0xD8, 0xFF]) { return image("jpeg") }
        if isAt(0, Array("GIF8".utf8)) { return image("gif") }
        if isAt(0, Array("RIFF".utf8)), isAt(8, Array("WEBP".utf8)) { return image("webp") }
        if isAt(0, Array("RIFF".utf8)), isAt(8, Array("WAVE".utf8)) { return audio("wav") }
        if isAt(0, Array("ID3".utf8)) || isAt(0, [0xFF, 0xFB]) { return audio("mp3") }
        throw .invalidRequest(
            "an image that is no PNG, JPEG, GIF or WebP: \(Dialect.openAI) wants its type; "
                + "\(Dialect.native) does not")
    }
}

extension ToolCall {
    fileprivate func openAI() throws(RequestError) -> JSONValue {
        let arguments: [UInt8]
        do throws(JSONWriteError) { arguments = try function.arguments.encoded() } catch {
            throw .invalidRequest("a value that JSON cannot hold: \(error)")
        }
        var fields = RequestFields()
        fields.add("id", id)
        fields.add("type", "function")
        let function: JSONValue = [
            "name": .string(self.function.name),
            "arguments": .string(String(decoding: arguments, as: UTF8.self)),
        ]
        fields.add("function", function)
        return .object(fields.members)
    }
}

extension ResponseFormat {
    fileprivate var openAI: JSONValue {
        switch self {
        case .json: return ["type": "json_object"]
        case .schema(let schema):
            // The name is wanted, and says nothing to who generates.
            let title = (schema["title"]?.stringValue ?? "").filter {
                $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "_" || $0 == "-")
            }
            let name = title.isEmpty ? "answer" : String(title.prefix(64))
            return [
                "type": "json_schema",
                "json_schema": ["name": .string(name), "schema": schema],
            ]
        }
    }
}

extension Think {
    /// `reasoning_effort`. There is none for "think, however hard": the middle one.
    fileprivate var effort: String {
        switch self {
        case .off: "none"
        case .low: "low"
        case .on, .medium: "medium"
        case .high: "high"
        case .max: "max"
        }
    }
}
