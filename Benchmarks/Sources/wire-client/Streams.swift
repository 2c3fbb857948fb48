import WireBlocking
import WireHTTPClient

/// Many paced streams at once: what does a record cost that comes alone, and how late is it? The server
/// puts the time at which it sent a line into the line's content.
func streamsAtOnce(
    _ options: Options, _ driver: Driver, _ streams: Int
) async throws -> Result {
    let request = try options.request()
    let reactor = Reactor(loops: options["loops"] ?? 1)
    let http = HTTPClient(HTTPClient.Options(), reactor: reactor)
    return try await many(streams, driver, reactor) { _ in
        driver == .reactor
            ? try await borrowedStream(http, request) : try await sequenceStream(http, request)
    }
}

private func borrowedStream(_ http: HTTPClient, _ request: HTTPRequest) async throws -> Result {
    var response = try await http.send(request)
    var result = Result()
    while let line = try await response.nextLine() {
        result.units += 1
        result.bytes += line.bytes.count + 1
        if let sent = sendTime(in: line.bytes) {
            result.latencies.append(Double(nanoseconds() - sent) / 1e3)
        }
    }
    return result
}

private func sequenceStream(_ http: HTTPClient, _ request: HTTPRequest) async throws -> Result {
    var result = Result()
    for try await line in http.lines(of: request) {
        result.units += 1
        result.bytes += line.utf8.count + 1
        if let sent = sendTime(in: line.utf8Span.span) {
            result.latencies.append(Double(nanoseconds() - sent) / 1e3)
        }
    }
    return result
}

/// The number behind `"content":"`.
private func sendTime(in line: Span<UInt8>) -> Int? {
    var index = 0
    while let quote = ByteScan.firstIndex(of: 0x22, in: line, from: index) {
        index = quote + 1
        let key = ByteRange(start: quote, count: 11)
        if key.end <= line.count, ByteScan.equals(key, of: line, "\"content\":\"") {
            return number(in: line, from: key.end)
        }
    }
    return nil
}

private func number(in line: Span<UInt8>, from start: Int) -> Int? {
    var index = start
    var value = 0
    while index < line.count, (48...57).contains(line[index]) {
        value = value * 10 + Int(line[index] - 48)
        index += 1
    }
    return index > start ? value : nil
}
