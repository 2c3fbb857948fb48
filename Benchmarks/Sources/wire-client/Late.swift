import WireBlocking
import WireHTTPClient

/// How much later than it passed does a caller hear of a deadline? Each kind that a peer on loopback can
/// be made to miss. The URL has to be of a stream that pauses for longer than `limit`.
func late(_ options: Options, _ driver: Driver, times: Int) async throws -> Result {
    let silent = try Listener(backlog: 4_096)
    let full = try Listener(backlog: 0)
    let fillers = try (0..<8).map { _ in try full.connect() }
    defer { for filler in fillers { full.drop(filler) } }
    let limit = Timeout.milliseconds(50)
    let stream = try options.request()
    let quiet = "http://127.0.0.1:\(silent.port)/"
    // More than the kernel's buffers hold.
    let upload = try HTTPRequest("POST", url: quiet, body: [UInt8](repeating: 0, count: 32 << 20))
    let cases: [(Deadline, WritableKeyPath<Deadlines, Timeout>, HTTPRequest)] = [
        (.connect, \.connect, try .get("http://127.0.0.1:\(full.port)/")),
        (.tlsHandshake, \.tlsHandshake, try .get("https://127.0.0.1:\(silent.port)/")),
        (.requestWrite, \.requestWrite, upload), (.responseHead, \.responseHead, try .get(quiet)),
        (.bodyIdle, \.bodyIdle, stream), (.contentIdle, \.contentIdle, stream),
        (.total, \.total, try .get(quiet)),
    ]
    var client = Waiting(driver)
    var result = Result()
    for (deadline, path, request) in cases {
        var late: [Double] = []
        for _ in 0..<times {
            let start = nanoseconds()
            let error = await client.failure(of: request, Deadlines.standard.with(path, limit))
            let elapsed = Int64(nanoseconds() - start)
            guard case .timeout(deadline, let waited, let progress) = error else {
                throw error ?? .cancelled(Progress())
            }
            // By how much it was missed when it was seen, and the way from there to here.
            let way = elapsed - progress.elapsed.nanoseconds
            late.append(Double(waited.nanoseconds - limit.nanoseconds + way) / 1e3)
        }
        late.sort()
        note("\(deadline): median \(late[times / 2]) us, worst \(late[times - 1]) us")
        result.units += times
        result.latencies += late
    }
    return result
}

/// A client of the driver that is measured.
private struct Waiting: ~Copyable {
    private let driver: Driver
    private var blocking = BlockingHTTPClient()
    private let http = HTTPClient()

    init(_ driver: Driver) { self.driver = driver }

    mutating func failure(of request: HTTPRequest, _ deadlines: Deadlines) async -> TransportError?
    {
        do throws(TransportError) {
            switch driver {
            case .blocking:
                var response = try blocking.send(request, deadlines: deadlines)
                while try response.nextLine() != nil {}
            case .reactor:
                let end = await http.handle(request, deadlines: deadlines, with: LastWord())
                if case .failed(let error) = end.outcome { throw error }
            case .task, .async, .main:
                var response = try await http.send(request, deadlines: deadlines)
                while try await response.nextLine() != nil {}
            }
        } catch { return error }
        return nil
    }
}

private struct LastWord: ResponseHandler {
    var outcome: ResponseEnd.Outcome?

    mutating func begin(_ head: ResponseHead) -> BodyUnit? { .line }
    mutating func receive(_ record: borrowing SSEFramer.Event) -> StreamVerdict { .goOn }
    mutating func end(_ end: ResponseEnd) { outcome = end.outcome }
}
