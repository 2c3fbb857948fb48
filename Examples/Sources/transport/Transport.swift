import WireHTTPClient

/// The transport by itself: the lines of a streamed response, borrowed from the receive buffer.
/// `transport http://127.0.0.1:11434`
@main struct Transport {
    struct Refused: Error {
        let status: Int
        let text: String
    }

    static func main() async throws {
        let host = CommandLine.arguments.dropFirst().first ?? "http://127.0.0.1:11434"
        let http = HTTPClient()
        let body = #"{"model":"tiny","messages":[{"role":"user","content":"hello"}]}"#
        try await http.withResponse(to: .post(host + "/api/chat", json: body)) { response in
            guard response.status == 200 else {
                throw Refused(
                    status: response.status, text: try await response.text(limit: .kibibytes(64)))
            }
            var (lines, bytes) = (0, 0)
            while let line = try await response.nextLine() {
                lines += 1
                bytes += line.bytes.count
            }
            print("\(lines) lines, \(bytes) bytes, kept: \(response.wasConnectionKept)")
        }
    }
}
