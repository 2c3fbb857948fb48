import Glibc
import OllamaBlocking
import WireBlocking

/// One response read to its end: how fast can records be taken off a connection?
func firehose(_ url: String, body: String?, takesContent: Bool) throws -> Result {
    var http = BlockingHTTPClient()
    let method = body == nil ? "GET" : "POST"
    var response = try http.send(
        HTTPRequest(
            method, url: url, fields: [("Content-Type", "application/json")],
            body: body.map { Array($0.utf8) }))
    var result = Result()
    if response.head.fields["content-type"]?.hasPrefix("text/event-stream") == true {
        if takesContent { throw Usage.Unsupported("content of server-sent events") }
        while let event = try response.nextEvent() {
            result.units += 1
            result.bytes += event.data.count
        }
        return result
    }
    if !takesContent {
        while let line = try response.nextLine() {
            result.units += 1
            result.bytes += line.bytes.count + 1
        }
        return result
    }
    var stream = BlockingStream(reading: response)
    while let record = try stream.next() {
        result.units += 1
        result.bytes += record.content.count
    }
    return result
}

/// Small requests one after another on one connection: what does an exchange cost?
func pingpong(_ url: String, requests: Int) throws -> Result {
    var http = BlockingHTTPClient()
    let request = try HTTPRequest("GET", url: url)
    var result = Result()
    result.latencies.reserveCapacity(requests)
    for _ in 0..<requests {
        let start = nanoseconds()
        var response = try http.send(request)
        while let piece = try response.nextBytes() { result.bytes += piece.count }
        result.latencies.append(Double(nanoseconds() - start) / 1e3)
        result.units += 1
    }
    return result
}

private func nanoseconds() -> Int {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return time.tv_sec * 1_000_000_000 + time.tv_nsec
}

extension Usage {
    struct Unsupported: Error, CustomStringConvertible {
        let description: String
        init(_ what: String) { description = "not supported: \(what)" }
    }
}
