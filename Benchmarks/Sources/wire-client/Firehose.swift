import Ollama
import OllamaBlocking
import WireBlocking
import WireHTTPClient

/// One response read to its end: how fast can records be taken off a connection?
func firehose(_ options: Options, _ driver: Driver, takesContent: Bool) async throws -> Result {
    let request = try options.request()
    switch driver {
    case .blocking:
        return takesContent ? try blockingContent(request) : try blockingLines(request)
    case .reactor:
        return try await onLoop {
            takesContent
                ? try await borrowedContent(request) : try await asyncLines(HTTPClient(), request)
        }
    case .async:
        return try await onDefaultExecutor {
            takesContent ? try await sequenceContent(request) : try await sequenceLines(request)
        }
    case .main:
        return takesContent
            ? try await mainActorContent(request) : try await mainActorLines(request)
    }
}

private func blockingLines(_ request: HTTPRequest) throws -> Result {
    var http = BlockingHTTPClient()
    var response = try http.send(request)
    var result = Result()
    if response.head.isEventStream {
        while let event = try response.nextEvent() {
            result.units += 1
            result.bytes += event.data.count
        }
        return result
    }
    while let line = try response.nextLine() {
        result.units += 1
        result.bytes += line.bytes.count + 1
    }
    return result
}

private func blockingContent(_ request: HTTPRequest) throws -> Result {
    var http = BlockingHTTPClient()
    let response = try http.send(request)
    if response.head.isEventStream { throw NotYet() }
    var stream = BlockingStream(reading: response)
    var result = Result()
    while let record = try stream.next() {
        result.units += 1
        result.bytes += record.content.count
    }
    return result
}

func asyncLines(_ http: HTTPClient, _ request: HTTPRequest) async throws -> Result {
    var response = try await http.send(request)
    var result = Result()
    if response.head.isEventStream {
        while let event = try await response.nextEvent() {
            result.units += 1
            result.bytes += event.data.count
        }
        return result
    }
    while let line = try await response.nextLine() {
        result.units += 1
        result.bytes += line.bytes.count + 1
    }
    return result
}

private func sequenceLines(_ request: HTTPRequest) async throws -> Result {
    var result = Result()
    for try await line in HTTPClient().lines(of: request) {
        result.units += 1
        result.bytes += line.utf8.count + 1
    }
    return result
}

@MainActor private func mainActorLines(_ request: HTTPRequest) async throws -> Result {
    var result = Result()
    for try await line in HTTPClient().lines(of: request) {
        result.units += 1
        result.bytes += line.utf8.count + 1
    }
    return result
}

private func borrowedContent(_ request: HTTPRequest) async throws -> Result {
    try await HTTPClient().answer(to: request).withRecords { records in
        var result = Result()
        while let record = try await records.next() {
            result.units += 1
            result.bytes += record.content.count
        }
        return result
    }
}

private func sequenceContent(_ request: HTTPRequest) async throws -> Result {
    var result = Result()
    for try await part in HTTPClient().answer(to: request) { result.add(part) }
    return result
}

@MainActor private func mainActorContent(_ request: HTTPRequest) async throws -> Result {
    var result = Result()
    for try await part in HTTPClient().answer(to: request) { result.add(part) }
    return result
}

extension Result {
    fileprivate mutating func add(_ part: AnswerPart) {
        units += 1
        if case .text(let text) = part { bytes += text.utf8.count }
    }
}

extension ResponseHead {
    var isEventStream: Bool { fields["content-type"]?.hasPrefix("text/event-stream") == true }
}

/// Runs a task on the shared reactor's loop.
func onLoop<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let loop = try Reactor.shared.loops()[0]
    return try await Task(executorPreference: loop.taskExecutor) { try await body() }.value
}

func onDefaultExecutor<Value: Sendable>(
    _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await Task.detached { try await body() }.value
}
