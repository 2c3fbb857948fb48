import OllamaProtocol
import TestSupport
import Testing
import WireServer
import WireSystem

/// A recorded exchange of the native API, other than a chat or a generation.
struct RecordedCall: Sendable, CustomTestStringConvertible {
    let name: String
    let method: String
    let target: String
    /// The body of the request; nil where its bytes were not kept or are not well-formed HTTP.
    let request: [UInt8]?
    let response: [UInt8]
    let status: Int
    /// The server closes behind it.
    let closes: Bool

    var testDescription: String { name }

    /// What the routes with functions of their own were asked.
    static let all: [RecordedCall] = {
        // A test without its fixtures cannot do anything else.
        try! ManifestRecording.all().flatMap { entry -> [RecordedCall] in
            let recording = try! Recording(path: "\(ManifestRecording.directory)/\(entry.name)")
            return entry.responses.enumerated().compactMap { index, response in
                let request = entry.requests[response.request]
                guard let method = request.method, let target = request.target else { return nil }
                let exchanges = recording.exchanges
                return RecordedCall(
                    name: index == 0 ? entry.name : "\(entry.name)#\(index)", method: method,
                    target: target,
                    request: exchanges.indices.contains(index) ? exchanges[index].body : nil,
                    response: entry.bytes(of: response), status: response.status,
                    closes: !response.isReusable)
            }
        }.filter { call in
            RecordedCall.routes[call.target] == call.method
                || call.target.hasPrefix("/api/blobs/sha256:")
        }
    }()

    static let routes = [
        "/api/tags": "GET", "/api/ps": "GET", "/api/version": "GET", "/api/status": "GET",
        "/api/show": "POST", "/api/embed": "POST", "/api/embeddings": "POST", "/api/copy": "POST",
        "/api/delete": "DELETE", "/api/create": "POST", "/api/pull": "POST", "/api/push": "POST",
    ]

    static func named(_ name: String) -> RecordedCall { all.first { $0.name == name }! }

    /// The answer to the connection's only request.
    var script: ConnectionScript {
        ConnectionScript([.request, .bytes(response)] + (closes ? [.end] : []))
    }

    /// What the body says of a failure, read without the code that is tested; empty when it is no JSON.
    var errorMessage: String {
        let text = String(decoding: response, as: UTF8.self)
        guard let head = text.firstRange(of: "\r\n\r\n") ?? text.firstRange(of: "\n\n") else {
            return ""
        }
        let body = text[head.upperBound...]
        guard let start = body.firstIndex(of: "{"), let end = body.lastIndex(of: "}") else {
            return String(body)
        }
        let json = ManifestJSON(parsing: Array(body[start...end].utf8))
        let message = json["error"].string!
        guard message.hasPrefix("{") else { return message }
        return ManifestJSON(parsing: Array(message.utf8))["error"]["message"].string!
    }
}
