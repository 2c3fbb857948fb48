import Glibc
import WireHTTPClient

/// How long after `cancel` does a task go on that waits for the network? In each phase in which it can
/// wait, from the default executor.
func cancel(_ options: Options, _ driver: Driver, times: Int) async throws -> Result {
    guard driver == .async else { throw NotYet() }
    let silent = try Listener(backlog: 64)
    let full = try Listener(backlog: 0)
    let fillers = try (0..<8).map { _ in try full.connect() }
    defer { for filler in fillers { close(filler) } }
    var clientOptions = HTTPClient.Options()
    clientOptions.pool.perOrigin = 1
    let phases: [(String, HTTPRequest, HTTPClient, Bool)] = [
        ("connect", try .get("http://127.0.0.1:\(full.port)/"), HTTPClient(), false),
        ("head", try .get("http://127.0.0.1:\(silent.port)/"), HTTPClient(), false),
        ("pool", try .get("http://127.0.0.1:\(silent.port)/"), HTTPClient(clientOptions), true),
        ("body", try options.request(), HTTPClient(), false),
    ]
    var result = Result()
    for (name, request, http, queues) in phases {
        let holder = queues ? Task { try await http.send(request).cancelNow() } : nil
        if queues { while http.connections.leased == 0 { await Task.yield() } }
        var waits: [Double] = []
        for _ in 0..<times {
            let task = Task.detached {
                do {
                    for try await _ in http.lines(of: request) {}
                } catch {}
                return nanoseconds()
            }
            try await Task.sleep(nanoseconds: 2_000_000)
            let start = nanoseconds()
            task.cancel()
            waits.append(Double(await task.value - start) / 1e3)
        }
        holder?.cancel()
        _ = await holder?.result
        waits.sort()
        note("\(name): median \(waits[times / 2]) us, worst \(waits.last ?? 0) us")
        result.units += times
        result.latencies += waits
    }
    return result
}

extension HTTPResponse {
    fileprivate consuming func cancelNow() {}
}

func note(_ text: String) {
    let line = Array("\(text)\n".utf8)
    _ = unsafe line.withUnsafeBytes { unsafe write(2, $0.baseAddress, $0.count) }
}
