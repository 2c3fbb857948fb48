internal import WireJSON
internal import WireTime

/// What a generation looks like in the API that it was asked for by, field for field in the order of
/// the real server. Bodies only: how they go on the wire is `ReplyFraming`'s.
struct ReplyDialect {
    private let job: GenerationJob
    /// `chatcmpl-`, and a small number: not unique, as with the real one.
    private let id: String
    /// What stands in front of and behind a record's creation time.
    private let opening: [UInt8]
    private let model: [UInt8]
    private let form: RecordForm
    private var timestamp = Timestamp()
    private(set) var recordCount = 0

    var isSSE: Bool { job.api == .openAIChat || job.api == .openAICompletions }

    init(_ job: GenerationJob, number: UInt64) {
        self.job = job
        model = GoText.quoted([UInt8](job.modelName.utf8))
        id = (job.api == .openAIChat ? "chatcmpl-" : "cmpl-") + String(number % 999)
        switch job.api {
        case .chat, .generate: opening = [UInt8]("{\"model\":".utf8) + model
        case .openAIChat:
            opening = [UInt8](
                "{\"id\":\"\(id)\",\"object\":\"chat.completion.chunk\",\"created\":".utf8)
        case .openAICompletions:
            opening = [UInt8]("{\"id\":\"\(id)\",\"object\":\"text_completion\",\"created\":".utf8)
        }
        form = RecordForm(
            job.api, opening: opening, model: model,
            usage: job.includesUsage ? ReplyDialect.usage(GenerationResult()) : nil)
    }

    var streamContentType: String { isSSE ? "text/event-stream" : "application/x-ndjson" }
    var wholeContentType: String {
        isSSE ? "application/json" : "application/json; charset=utf-8"
    }

    // MARK: Streams

    /// Appends a record that says something.
    mutating func put(text: [UInt8], thinking: [UInt8], wall: Int64, to out: inout [UInt8]) {
        out += form.beforeTime
        if isSSE {
            out += String(wall / 1_000_000_000).utf8
        } else {
            timestamp.put(wall, to: &out)
        }
        out += recordCount == 0 ? form.behindFirstTime : form.behindTime
        GoText.putQuoted(text, to: &out)
        if !thinking.isEmpty, let name = form.thinkingName { add(thinking, as: name, to: &out) }
        out += form.behindText
        recordCount += 1
    }

    mutating func record(calls: [ToolCall], wall: Int64) -> [UInt8] {
        defer { recordCount += 1 }
        if job.api == .openAIChat {
            var delta = [UInt8]("{".utf8)
            if recordCount == 0 { delta += "\"role\":\"assistant\",".utf8 }
            delta += "\"content\":\"\",\"tool_calls\":".utf8
            delta += openAICalls(calls) + [UInt8(ascii: "}")]
            return event(chatChunk(delta: delta, finish: nil, wall))
        }
        var out = native(wall)
        addAnswer([], [], calls, to: &out)
        out += ",\"done\":false}\n".utf8
        return out
    }

    /// What ends the stream for its reader, in one piece.
    func last(_ result: GenerationResult, calls: Bool, wall: Int64) -> [UInt8] {
        switch job.api {
        case .chat, .generate:
            return whole(result, text: [], thinking: [], calls: [], wall: wall) + [0x0A]
        case .openAIChat:
            let reason = calls && result.reason == "stop" ? "tool_calls" : result.reason
            var out = event(chatChunk(delta: [UInt8]("{}".utf8), finish: reason, wall))
            if job.includesUsage {
                out += event(
                    opening + "\(wall / 1_000_000_000),\"model\":".utf8 + model
                        + ",\"system_fingerprint\":\"fp_ollama\",\"choices\":[],".utf8
                        + ReplyDialect.usage(result) + [UInt8(ascii: "}")])
            }
            return out + "data: [DONE]\n\n".utf8
        case .openAICompletions:
            var out = event(completionChunk(text: [], finish: result.reason, wall))
            if job.includesUsage {
                out += event(
                    opening + "\(wall / 1_000_000_000),\"choices\":[],\"model\":".utf8 + model
                        + ",\"system_fingerprint\":\"fp_ollama\",".utf8 + ReplyDialect.usage(result)
                        + [UInt8(ascii: "}")])
            }
            return out + "data: [DONE]\n\n".utf8
        }
    }

    /// What is left of an error in the midst of a stream: the native API says it, the other's
    /// translation loses it.
    func error(_ message: String, wall: Int64) -> [UInt8] {
        if !isSSE {
            return [UInt8]("{\"error\":".utf8) + GoText.quoted([UInt8](message.utf8))
                + "}\n".utf8
        }
        return swallowedError(wall: wall)
    }

    func swallowedError(wall: Int64) -> [UInt8] {
        let seconds = wall / 1_000_000_000
        if job.api == .openAICompletions {
            return event(
                opening
                    + "\(seconds),\"choices\":[{\"text\":\"\",\"index\":0,\"finish_reason\":null}],\"model\":\"\",\"system_fingerprint\":\"fp_ollama\"}"
                    .utf8)
        }
        return event(
            opening
                + "\(seconds),\"model\":\"\",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":null}]}"
                .utf8)
    }

    // MARK: Whole replies

    /// One object; for the native APIs the last record of a stream is the same with no text.
    func whole(
        _ result: GenerationResult, text: [UInt8], thinking: [UInt8], calls: [ToolCall],
        wall: Int64
    ) -> [UInt8] {
        switch job.api {
        case .generate, .chat:
            var out = native(wall)
            addAnswer(text, thinking, calls, to: &out)
            return out + nativeEnd(result)
        case .openAIChat:
            var out = [UInt8](
                "{\"id\":\"\(id)\",\"object\":\"chat.completion\",\"created\":\(wall / 1_000_000_000),\"model\":"
                    .utf8)
            out += model
            out +=
                ",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
                .utf8
            out += GoText.quoted(text)
            if !thinking.isEmpty { add(thinking, as: "reasoning", to: &out) }
            if !calls.isEmpty { out += [UInt8](",\"tool_calls\":".utf8) + openAICalls(calls) }
            let reason = !calls.isEmpty && result.reason == "stop" ? "tool_calls" : result.reason
            out += "},\"finish_reason\":\"\(reason)\"}],".utf8
            return out + ReplyDialect.usage(result) + "}\n".utf8
        case .openAICompletions:
            var out = opening
            out += "\(wall / 1_000_000_000),\"model\":".utf8
            out += model
            out += ",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"text\":".utf8
            out += GoText.quoted(text)
            out += ",\"index\":0,\"finish_reason\":\"\(result.reason)\"}],".utf8
            return out + ReplyDialect.usage(result) + "}\n".utf8
        }
    }

    // MARK: Parts

    private func native(_ wall: Int64) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(192)
        out += opening
        out += ",\"created_at\":\"".utf8
        out += GoText.timestamp(wall)
        out.append(UInt8(ascii: "\""))
        return out
    }

    /// The text, where the native APIs have it.
    private func addAnswer(
        _ text: [UInt8], _ thinking: [UInt8], _ calls: [ToolCall], to out: inout [UInt8]
    ) {
        let isChat = job.api == .chat
        out +=
            (isChat ? ",\"message\":{\"role\":\"assistant\",\"content\":" : ",\"response\":").utf8
        out += GoText.quoted(text)
        if !thinking.isEmpty { add(thinking, as: "thinking", to: &out) }
        if !calls.isEmpty { out += [UInt8](",\"tool_calls\":".utf8) + nativeCalls(calls) }
        if isChat { out.append(UInt8(ascii: "}")) }
    }

    /// Counts and times that are zero are left out.
    private func nativeEnd(_ result: GenerationResult) -> [UInt8] {
        var out = [UInt8](",\"done\":true,\"done_reason\":\"\(result.reason)\"".utf8)
        if job.api == .generate, !job.isRaw, !result.context.isEmpty {
            out += ",\"context\":[".utf8
            for (index, number) in result.context.enumerated() {
                if index > 0 { out.append(UInt8(ascii: ",")) }
                GoText.put(number, to: &out)
            }
            out.append(UInt8(ascii: "]"))
        }
        let values: [(String, Int64)] = [
            ("total_duration", result.totalTime.nanoseconds),
            ("load_duration", result.loadTime.nanoseconds),
            ("prompt_eval_count", Int64(result.promptCount)),
            ("prompt_eval_duration", result.promptTime.nanoseconds),
            ("eval_count", Int64(result.tokenCount)),
            ("eval_duration", result.tokenTime.nanoseconds),
        ]
        for (name, value) in values where value != 0 { out += ",\"\(name)\":\(value)".utf8 }
        out.append(UInt8(ascii: "}"))
        return out
    }

    private static func usage(_ result: GenerationResult) -> [UInt8] {
        let (prompt, answer) = (result.promptCount, result.tokenCount)
        return [UInt8](
            "\"usage\":{\"prompt_tokens\":\(prompt),\"completion_tokens\":\(answer),\"total_tokens\":\(prompt + answer)}"
                .utf8)
    }

    private func chatChunk(delta: [UInt8], finish: String?, _ wall: Int64) -> [UInt8] {
        var out = opening
        out += "\(wall / 1_000_000_000),\"model\":".utf8
        out += model
        out += ",\"system_fingerprint\":\"fp_ollama\",\"choices\":[{\"index\":0,\"delta\":".utf8
        out += delta
        out += ",\"finish_reason\":\(finish.map { "\"\($0)\"" } ?? "null")}]}".utf8
        return out
    }

    private func completionChunk(text: [UInt8], finish: String?, _ wall: Int64) -> [UInt8] {
        var out = opening
        out += "\(wall / 1_000_000_000),\"choices\":[{\"text\":".utf8
        out += GoText.quoted(text)
        out += ",\"index\":0,\"finish_reason\":\(finish.map { "\"\($0)\"" } ?? "null")}],".utf8
        out += "\"model\":".utf8
        out += model
        out += ",\"system_fingerprint\":\"fp_ollama\"".utf8
        if job.includesUsage { out += ",".utf8 + ReplyDialect.usage(GenerationResult()) }
        out.append(UInt8(ascii: "}"))
        return out
    }

    private func event(_ data: [UInt8]) -> [UInt8] {
        [UInt8]("data: ".utf8) + data + [0x0A, 0x0A]
    }

    private func add(_ text: [UInt8], as name: String, to out: inout [UInt8]) {
        out += ",\"\(name)\":".utf8
        out += GoText.quoted(text)
    }

    private func nativeCalls(_ calls: [ToolCall]) -> [UInt8] {
        list(calls) { writer, index, call in
            writer.field("id", call.id)
            writer.key("function")
            writer.beginObject()
            writer.field("index", index)
            writer.field("name", call.name)
            writer.key("arguments")
            writer.raw((try? call.arguments.encoded()) ?? Array("{}".utf8))
            writer.endObject()
        }
    }

    private func openAICalls(_ calls: [ToolCall]) -> [UInt8] {
        list(calls) { writer, index, call in
            writer.field("id", call.id)
            writer.field("index", index)
            writer.field("type", "function")
            writer.key("function")
            writer.beginObject()
            writer.field("name", call.name)
            let arguments = (try? call.arguments.encoded()) ?? Array("{}".utf8)
            writer.field("arguments", String(decoding: arguments, as: UTF8.self))
            writer.endObject()
        }
    }

    private func list(
        _ calls: [ToolCall], _ write: (inout JSONWriter, Int, ToolCall) -> Void
    ) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginArray()
        for (index, call) in calls.enumerated() {
            writer.beginObject()
            write(&writer, index, call)
            writer.endObject()
        }
        writer.endArray()
        return GoText.escaped(writer.bytes)
    }
}
