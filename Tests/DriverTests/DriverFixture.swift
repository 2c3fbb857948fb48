import Testing
import TestSupport
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireTime

/// A client over a script, with its deadlines all different so that each shows by its time.
func makeClient(
    _ system: ScriptedSystem, deadlines: Deadlines = shortDeadlines,
    _ change: (inout ClientOptions) -> Void = { _ in }
) -> TestClient {
    var options = ClientOptions()
    options.deadlines = deadlines
    change(&options)
    return TestClient(options, system: system)
}

let shortDeadlines = Deadlines.standard
    .with(\.resolve, .seconds(1)).with(\.connect, .seconds(2)).with(\.requestWrite, .seconds(3))
    .with(\.responseHead, .seconds(4)).with(\.firstContent, .seconds(5))
    .with(\.bodyIdle, .seconds(6)).with(\.contentIdle, .seconds(7))
    .with(\.keepAliveIdle, .seconds(30))

func get(_ path: String = "/") -> HTTPRequest {
    HTTPRequest("GET", HTTPURL(scheme: .http, host: "peer", port: 80, target: path))
}

func post(_ body: [UInt8] = [UInt8]("{}".utf8)) -> HTTPRequest {
    HTTPRequest(
        "POST", HTTPURL(scheme: .http, host: "peer", port: 80, target: "/api/chat"), body: body)
}

let okHead = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
let okResponse = okHead + "ok"
let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
let lastChunk = "0\r\n\r\n"

func chunk(_ data: String) -> String {
    String(data.utf8.count, radix: 16) + "\r\n" + data + "\r\n"
}

/// `Issue.record` for a `guard`.
func fail(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
}

extension TransportError {
    /// Deadline and wait, of a timeout.
    var timeout: (deadline: Deadline, waited: Timeout)? {
        if case .timeout(let deadline, let waited, _) = self { return (deadline, waited) }
        return nil
    }
}

extension ScriptedSystem {
    /// Nothing went wrong, and all of the script has happened.
    func expectFinished(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(unfinished() == [], sourceLocation: sourceLocation)
    }
}
