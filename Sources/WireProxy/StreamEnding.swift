internal import WireBytes
internal import WireHTTP1
internal import WireJSON

/// How a stream that this proxy ends, and not the upstream, is ended for the client: by a record in the
/// server's own manner where there is room for one, so that a client says why instead of "incomplete".
/// Pure.
struct StreamEnding {
    enum Reason {
        /// A deadline has passed, or the upstream cannot be understood.
        case failure(String)
        /// The client has had as much as it was to have.
        case enough
    }

    /// Between which bytes of a response something may be put in.
    enum Place {
        /// Of a chunked body: behind a chunk, or behind its data but before its line end.
        case chunkBoundary, chunkDataEnd
        /// Of a body that the close ends.
        case plain
    }

    /// What goes to the client behind what it has; nil when the stream can only be cut.
    static func bytes(
        for reason: Reason, target: String, isEventStream: Bool, at place: Place
    ) -> [UInt8]? {
        guard let record = record(for: reason, target: target, isEventStream: isEventStream)
        else { return nil }
        let text = Array(record.utf8)
        switch place {
        case .plain: return text
        case .chunkBoundary, .chunkDataEnd:
            var chunks = ChunkedEncoder()
            let pieces = chunks.piece(size: text.count) + text + chunks.end()
            return (place == .chunkDataEnd ? ChunkedEncoder.separator : []) + pieces
        }
    }

    private static func record(
        for reason: Reason, target: String, isEventStream: Bool
    ) -> String? {
        let path = target.prefix { $0 != "?" }
        switch reason {
        case .failure(let message):
            let text = JSONValue.string(message)
            if !isEventStream { return line(["error": text]) }
            return event(["error": .object([.init(key: "message", value: text)])])
        case .enough where !isEventStream:
            return enough[String(path)].map { "\($0)\n" }
        case .enough:
            return enough[String(path)].map { "data: \($0)\n\ndata: [DONE]\n\n" }
        }
    }

    /// Terminal records by route, as of a server that was told to stop at so many tokens.
    private static let enough = [
        "/api/chat":
            #"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"length"}"#,
        "/api/generate": #"{"response":"","done":true,"done_reason":"length"}"#,
        "/v1/chat/completions":
            #"{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"length"}]}"#,
        "/v1/completions":
            #"{"object":"text_completion","choices":[{"index":0,"text":"","finish_reason":"length"}]}"#,
    ]

    private static func line(_ members: [String: JSONValue]) -> String? {
        let object = JSONValue.object(members.map { .init(key: $0.key, value: $0.value) })
        return (try? object.encoded()).map { String(decoding: $0, as: UTF8.self) + "\n" }
    }

    private static func event(_ members: [String: JSONValue]) -> String? {
        line(members).map { "data: \($0)\n" }
    }
}
