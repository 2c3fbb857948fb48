import TestSupport
import WireBlocking
import WireBytes
import WireExchange
import WireFraming
import WireHTTP1

/// What a client made of one recorded response.
struct RecordedOutcome: Equatable {
    var informational: [Int] = []
    var version = ""
    var status = 0
    var reason = ""
    var fields: [[String]] = []
    var framing = ""
    var trailers: [[String]] = []
    /// All of the body, when it was read in pieces; in lines, each with an LF.
    var body: [UInt8] = []
    /// Offset and length of each line, when it was read in lines.
    var lines: [[Int]] = []
    /// Bytes of all events, when it was read in events.
    var events: [UInt8] = []
    var eventCount = 0
    var wasKept = false
    var isReused = false
    var errorKind: String?
    var bytesReceived = 0

    enum Unit { case pieces, lines, events }

    static func reading(
        _ unit: Unit, of request: HTTPRequest, with client: inout TestClient
    ) -> RecordedOutcome {
        var outcome = RecordedOutcome()
        do throws(TransportError) {
            var response = try client.send(request)
            outcome.takeHead(of: response)
            switch unit {
            case .pieces:
                while let piece = try response.nextBytes() { outcome.body += piece }
            case .lines:
                while let line = try response.nextLine() {
                    outcome.lines.append([line.offset, line.bytes.count])
                    outcome.body += line.bytes
                    outcome.body.append(0x0A)
                }
            case .events:
                while let event = try response.nextEvent() {
                    outcome.eventCount += 1
                    outcome.events += event.type
                    outcome.events.append(0)
                    outcome.events += event.data
                    outcome.events.append(1)
                }
            }
            outcome.trailers = list(response.trailers)
            outcome.wasKept = response.wasConnectionKept
            outcome.bytesReceived = response.progress.bytesReceived
        } catch {
            outcome.errorKind = error.kind.rawValue
        }
        return outcome
    }

    private mutating func takeHead(of response: borrowing TestResponse) {
        informational = response.informational
        version = response.head.version
        status = response.status
        reason = response.head.reason
        fields = RecordedOutcome.list(response.head.fields)
        framing = response.framing.name
        isReused = response.isReusedConnection
    }

    private static func list(_ fields: Fields) -> [[String]] {
        (0..<fields.count).map { [fields.name(at: $0), fields.value(at: $0)] }
    }
}

extension ManifestRecording.Response {
    /// Read in units as its content type suggests.
    var unit: RecordedOutcome.Unit {
        lines != nil ? .lines : events != nil ? .events : .pieces
    }
}

extension ManifestRecording {
    func request(for response: Response) -> HTTPRequest {
        let recorded = requests[response.request]
        let method = recorded.method ?? "GET"
        let target = recorded.target.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "/"
        return HTTPRequest(
            method, HTTPURL(scheme: .http, host: "peer", port: 80, target: target),
            body: method == "POST" || method == "PUT" ? [UInt8]("{}".utf8) : nil)
    }

    /// How the peer ends the connection behind its last byte.
    var ending: [ConnectionScript.Input] { connectionEnd == "open" ? [] : [.end] }
}
