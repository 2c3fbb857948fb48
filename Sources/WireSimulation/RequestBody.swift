internal import WireJSON
internal import WireServer
internal import WireTime

/// A request's JSON, read as the real server's decoder does: what is behind the first value does not
/// count, and wrong types are named as Go names them.
struct RequestBody {
    private let value: JSONValue
    /// The Go type in the server that the text is read into.
    private let typeName: String

    init(_ bytes: [UInt8], as typeName: String) throws(Refusal) {
        self.typeName = typeName
        guard bytes.contains(where: { $0 > 0x20 }) else {
            throw Refusal(400, "missing request body")
        }
        var cursor = JSONCursor(bytes.span)
        do throws(JSONError) { value = try JSONValue(reading: &cursor) } catch {
            let offset = error.at
            if offset >= bytes.count { throw Refusal(400, "unexpected EOF") }
            let byte = bytes[offset]
            let shown = byte < 0x80 ? String(UnicodeScalar(byte)) : "\\x\(String(byte, radix: 16))"
            throw Refusal(
                400, "invalid character '\(shown)' looking for beginning of value")
        }
        guard value.members != nil else {
            throw Refusal(
                400,
                "json: cannot unmarshal \(RequestBody.goName(value)) into Go value of type api.\(typeName)"
            )
        }
    }

    subscript(key: String) -> JSONValue? {
        guard let found = value[key], !found.isNull else { return nil }
        return found
    }

    func string(_ key: String) throws(Refusal) -> String? {
        guard let found = self[key] else { return nil }
        guard let text = found.stringValue else { throw wrong(key, found, "string") }
        return text
    }

    /// `model`, or `name` as it was called before; empty when neither is there.
    func modelName() throws(Refusal) -> String {
        if let name = try string("model") { return name }
        return try string("name") ?? ""
    }

    func bool(_ key: String) throws(Refusal) -> Bool? {
        guard let found = self[key] else { return nil }
        guard let flag = found.boolValue else { throw wrong(key, found, "bool") }
        return flag
    }

    func integer(_ key: String) throws(Refusal) -> Int? {
        guard let found = self[key] else { return nil }
        guard let number = found.int64Value else { throw wrong(key, found, "int") }
        return Int(number)
    }

    func array(_ key: String, of type: String) throws(Refusal) -> [JSONValue]? {
        guard let found = self[key] else { return nil }
        guard let elements = found.arrayValue else { throw wrong(key, found, "[]\(type)") }
        return elements
    }

    func wrong(_ key: String, _ found: JSONValue, _ type: String) -> Refusal {
        Refusal(
            400,
            "json: cannot unmarshal \(RequestBody.goName(found)) into Go struct field "
                + "\(typeName).\(key) of type \(type)")
    }

    /// `keep_alive`: seconds, or a duration of Go's; below zero for ever.
    func keepAlive() throws(Refusal) -> Timeout? {
        guard let found = self["keep_alive"] else { return nil }
        let nanoseconds: Double
        if let seconds = found.doubleValue {
            nanoseconds = seconds * 1e9
        } else if let text = found.stringValue {
            guard let parsed = GoText.duration(text) else {
                throw Refusal(400, "time: invalid duration \"\(text)\"")
            }
            nanoseconds = parsed
        } else {
            throw wrong("keep_alive", found, "api.Duration")
        }
        return nanoseconds < 0 || nanoseconds >= 9e18
            ? .never : Timeout(nanoseconds: Int64(nanoseconds))
    }

    /// Of `options`: wrong types are errors of the server, as the real one has it.
    func option(integer key: String) throws(Refusal) -> Int? {
        guard let found = self["options"]?[key], !found.isNull else { return nil }
        guard let number = found.doubleValue else {
            throw Refusal(500, "option \"\(key)\" must be of type integer")
        }
        return Int(max(-1e9, min(1e9, number)))
    }

    func stopOption() throws(Refusal) -> [[UInt8]] {
        guard let found = self["options"]?["stop"], !found.isNull else { return [] }
        guard let texts = found.arrayValue else {
            throw Refusal(500, "option \"stop\" must be of type array")
        }
        return texts.compactMap { $0.stringValue.map { [UInt8]($0.utf8) } }
    }

    private static func goName(_ value: JSONValue) -> String {
        switch value {
        case .null: "null"
        case .bool: "bool"
        case .int, .uint, .double: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension GenerationJob {
    /// `POST /api/chat`
    static func chat(_ bytes: [UInt8]) throws(Refusal) -> GenerationJob {
        let body = try RequestBody(bytes, as: "ChatRequest")
        var job = try native(body, .chat)
        if job.modelName.isEmpty { throw Refusal(400, "model is required") }
        let messages = try body.array("messages", of: "api.Message") ?? []
        try job.take(messages)
        job.tools = try body.array("tools", of: "api.Tool") ?? []
        return job
    }

    /// `POST /api/generate`
    static func generate(_ bytes: [UInt8]) throws(Refusal) -> GenerationJob {
        let body = try RequestBody(bytes, as: "GenerateRequest")
        var job = try native(body, .generate)
        job.isRaw = try body.bool("raw") ?? false
        let prompt = try body.string("prompt") ?? ""
        if !prompt.isEmpty {
            let system = try body.string("system") ?? ""
            let before = (body["context"]?.arrayValue ?? []).compactMap { $0.int64Value }
            job.prompt =
                before.map { UInt32(truncatingIfNeeded: $0) }
                + Tokenizer.numbers(of: system.utf8) + Tokenizer.numbers(of: prompt.utf8)
        }
        return job
    }

    private static func native(
        _ body: RequestBody, _ api: GenerationJob.API
    ) throws(Refusal) -> GenerationJob {
        var job = GenerationJob(
            api, modelName: try body.string("model") ?? "",
            streams: try body.bool("stream") ?? true)
        job.keepAlive = try body.keepAlive()
        let limit = try body.option(integer: "num_predict") ?? -1
        // 0 is not sent on by the real server: as if it had not been said.
        job.tokenLimit = limit > 0 ? limit : nil
        job.seed = try body.option(integer: "seed").map { UInt64(bitPattern: Int64($0)) }
        job.stops = try body.stopOption()
        job.thinks = try thinking(body["think"])
        if let format = body["format"], format.stringValue != "" {
            guard format.stringValue == "json" || format.members != nil else {
                let shown = String(decoding: (try? format.encoded()) ?? [], as: UTF8.self)
                let quoted = String(decoding: GoText.quoted([UInt8](shown.utf8)), as: UTF8.self)
                throw Refusal(
                    500,
                    "invalid format: \(quoted); expected \"json\" or a valid JSON Schema object")
            }
            job.format = format
        }
        return job
    }

    private static func thinking(_ value: JSONValue?) throws(Refusal) -> Bool? {
        guard let value else { return nil }
        if let flag = value.boolValue { return flag }
        if let level = value.stringValue, ["low", "medium", "high", "max"].contains(level) {
            return true
        }
        throw Refusal(
            400,
            "invalid think value: must be \"high\", \"medium\", \"low\", \"max\", true, or false")
    }

    /// `POST /v1/chat/completions`
    static func openAIChat(_ bytes: [UInt8]) throws(Refusal) -> GenerationJob {
        let body = try RequestBody(bytes, as: "ChatCompletionRequest")
        var job = try openAI(body, .openAIChat)
        let messages = try body.array("messages", of: "openai.Message") ?? []
        if messages.isEmpty { throw Refusal(400, "[] is too short - 'messages'") }
        try job.take(messages)
        job.tools = try body.array("tools", of: "api.Tool") ?? []
        let effort = (body["reasoning_effort"] ?? body["reasoning"]?["effort"])?.stringValue
        job.thinks = effort.map { $0 != "none" }
        switch body["response_format"]?["type"]?.stringValue {
        case "json_object": job.format = "json"
        case "json_schema":
            job.format = body["response_format"]?["json_schema"]?["schema"]
        default: break
        }
        return job
    }

    /// `POST /v1/completions`
    static func openAICompletions(_ bytes: [UInt8]) throws(Refusal) -> GenerationJob {
        let body = try RequestBody(bytes, as: "CompletionRequest")
        var job = try openAI(body, .openAICompletions)
        job.prompt = Tokenizer.numbers(of: (try body.string("prompt") ?? "").utf8)
        return job
    }

    private static func openAI(
        _ body: RequestBody, _ api: GenerationJob.API
    ) throws(Refusal) -> GenerationJob {
        var job = GenerationJob(
            api, modelName: try body.string("model") ?? "",
            streams: try body.bool("stream") ?? false)
        let limit = try body.integer("max_tokens") ?? -1
        job.tokenLimit = limit > 0 ? limit : nil
        job.seed = try body.integer("seed").map { UInt64(bitPattern: Int64($0)) }
        switch body["stop"] {
        case .string(let text): job.stops = [[UInt8](text.utf8)]
        case .array(let texts):
            job.stops = texts.compactMap { $0.stringValue.map { [UInt8]($0.utf8) } }
        default: break
        }
        job.includesUsage = body["stream_options"]?["include_usage"]?.boolValue ?? false
        return job
    }

    /// The turns of a conversation as tokens, a mark in front of each.
    private mutating func take(_ messages: [JSONValue]) throws(Refusal) {
        if messages.isEmpty { return }
        var tokens: [UInt32] = []
        for message in messages {
            let role = message["role"]?.stringValue ?? "user"
            tokens.append(UInt32(truncatingIfNeeded: Randomness.hash(role.utf8) % 256))
            switch message["content"] {
            case .string(let text): tokens += Tokenizer.numbers(of: text.utf8)
            case .array(let parts):
                for part in parts {
                    tokens += Tokenizer.numbers(of: (part["text"]?.stringValue ?? "").utf8)
                }
            case nil, .null: break
            case let other?:
                throw Refusal(
                    400,
                    "json: cannot unmarshal \(other.int64Value == nil ? "object" : "number") into "
                        + "Go struct field ChatRequest.messages.content of type string")
            }
            for call in message["tool_calls"]?.arrayValue ?? [] {
                tokens += Tokenizer.numbers(of: (try? call.encoded()) ?? [])
            }
        }
        tokens.append(257)
        prompt = tokens
        answersTool = messages.last?["role"]?.stringValue == "tool"
    }
}
