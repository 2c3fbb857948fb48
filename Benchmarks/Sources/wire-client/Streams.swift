import Ollama
import WireHTTPClient

/// Many paced streams at once: what does a record cost that comes alone, and how late is it? The server
/// puts the time at which it sent a line into the line's content.
func streamsAtOnce(
    _ options: Options, _ driver: Driver, _ streams: Int
) async throws -> Result {
    let request = try options.request()
    let reactor = Reactor(loops: options["loops"] ?? 1)
    let times = Histogram()
    if driver == .reactor {
        var result = try await handledStreams(request, reactor, streams, times)
        result.histogram = times
        return result
    }
    let http = HTTPClient(HTTPClient.Options(), reactor: reactor)
    var result = try await many(streams, driver, reactor) { _ in
        driver == .task
            ? try await borrowedStream(http, request, times)
            : try await sequenceStream(http, request, times)
    }
    result.histogram = times
    return result
}

private func borrowedStream(
    _ http: HTTPClient, _ request: HTTPRequest, _ times: Histogram
) async throws -> Result {
    try await http.answer(to: request).withRecords { records in
        var result = Result()
        while let record = try await records.next() {
            result.units += 1
            result.bytes += record.content.count
            times.noteDelivery(of: record.content)
        }
        return result
    }
}

private func sequenceStream(
    _ http: HTTPClient, _ request: HTTPRequest, _ times: Histogram
) async throws -> Result {
    var result = Result()
    for try await part in http.answer(to: request) {
        result.units += 1
        guard case .text(let text) = part else { continue }
        result.bytes += text.utf8.count
        times.noteDelivery(of: text.utf8Span.span)
    }
    return result
}

extension Histogram {
    func noteDelivery(of content: Span<UInt8>) {
        guard let sent = ASCII.decimal(content) else { return }
        note(nanoseconds: nanoseconds() - Int(sent))
    }
}
