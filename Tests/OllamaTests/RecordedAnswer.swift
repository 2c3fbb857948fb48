import OllamaProtocol
import TestSupport
import Testing
import WireServer
import WireSystem

/// A recorded answer to a POST on `/api/chat` or `/api/generate`, and what the manifest says that a
/// correct client makes of it.
struct RecordedAnswer: Sendable, CustomTestStringConvertible {
    let name: String
    let target: String
    /// The body of the request; nil where its bytes were not kept or are not well-formed HTTP.
    let request: [UInt8]?
    let response: [UInt8]
    /// The server closes behind it.
    let closes: Bool
    let status: Int
    let outcome: Outcome

    struct Outcome: Sendable {
        let kind: String
        /// Nil for a long one: compare its digest.
        let text: String?
        let textSHA256: String?
        let thinking: String
        let doneReason: String?
        let error: String?
        let evalCount: Int?
        let toolCallCount: Int
    }

    var testDescription: String { name }

    static let all: [RecordedAnswer] = {
        // A test without its fixtures cannot do anything else.
        let path = "\(ManifestRecording.directory)/manifest.json"
        let manifest = ManifestJSON(parsing: try! Files.read(path, limit: 64 << 20))
        return manifest["recordings"].array!.flatMap { answers(of: $0) }
    }()

    static func named(_ name: String) -> RecordedAnswer { all.first { $0.name == name }! }

    private static func answers(of entry: ManifestJSON) -> [RecordedAnswer] {
        let name = entry["name"].string!
        let answered = entry["responses"].array!.enumerated().filter { !$1["outcome"].isNull }
        if answered.isEmpty { return [] }
        let recording = try! Recording(path: "\(ManifestRecording.directory)/\(name)")
        return answered.map { index, response in
            let request = entry["requests"].array![response["request"].integer!]
            let exchange = recording.exchanges.indices.contains(index)
            return RecordedAnswer(
                name: index == 0 ? name : "\(name)#\(index)", target: request["target"].string!,
                request: exchange ? recording.exchanges[index].body : nil,
                response: Array(
                    recording.response[response["start"].integer!..<response["end"].integer!]),
                closes: !response["reusable"].bool!, status: response["status"].integer!,
                outcome: Outcome(response["outcome"]))
        }
    }
}

extension RecordedAnswer.Outcome {
    init(_ entry: ManifestJSON) {
        kind = entry["kind"].string!
        text = entry["text"].string
        textSHA256 = entry["text_sha256"].string
        thinking = entry["thinking_text"].string!
        doneReason = entry["done_reason"].string
        error = entry["error"].string
        evalCount = entry["eval_count"].integer
        toolCallCount = entry["tool_calls"].integer!
    }
}
