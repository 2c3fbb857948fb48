import Ollama
import OllamaBlocking
import WireBlocking
import WireHTTPClient

/// One response read to its end: how fast can records be taken off a connection?
func firehose(_ options: Options, _ driver: Driver, takesContent: Bool) async throws -> Result {
    let request = try options.request()
    let settings = options.settings
    let dialect = options.dialect
    switch driver {
    case .blocking:
        return takesContent
            ? try blockingContent(request, settings, dialect)
            : try blockingLines(request, settings)
    case .reactor:
        return try await handledFirehose(
            request, settings, dialect, takesContent: takesContent)
    case .task:
        return try await onLoop {
            takesContent
                ? try await borrowedContent(request, settings, dialect)
                : try await asyncLines(HTTPClient(settings), request)
        }
    case .async:
        return try await onDefaultExecutor {
            takesContent
                ? try await sequenceContent(request, settings, dialect)
                : try await sequenceLines(request, settings, dialect)
        }
    case .main:
        return takesContent
            ? try await mainActorContent(request, settings, dialect)
            : try await mainActorLines(request, settings, dialect)
    }
}

private func blockingLines(
    _ request: HTTPRequest, _ settings: HTTPClient.Options
) throws -> Result {
    var http = BlockingHTTPClient(settings)
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

private func blockingContent(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) throws -> Result {
    var http = BlockingHTTPClient(settings)
    var stream = BlockingStream(reading: try http.send(request), in: dialect)
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

private func sequenceLines(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) async throws -> Result {
    var result = Result()
    if dialect == .openAI {
        for try await event in HTTPClient(settings).events(of: request) {
            result.units += 1
            result.bytes += event.data.utf8.count
        }
        return result
    }
    for try await line in HTTPClient(settings).lines(of: request) {
        result.units += 1
        result.bytes += line.utf8.count + 1
    }
    return result
}

@MainActor private func mainActorLines(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) async throws -> Result {
    try await sequenceLines(request, settings, dialect)
}

private func borrowedContent(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) async throws -> Result {
    try await HTTPClient(settings).answer(to: request, in: dialect).withRecords { records in
        var result = Result()
        while let record = try await records.next() {
            result.units += 1
            result.bytes += record.content.count
        }
        return result
    }
}

private func sequenceContent(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) async throws -> Result {
    var result = Result()
    for try await part in HTTPClient(settings).answer(to: request, in: dialect) { result.add(part) }
    return result
}

@MainActor private func mainActorContent(
    _ request: HTTPRequest, _ settings: HTTPClient.Options, _ dialect: Dialect
) async throws -> Result {
    var result = Result()
    for try await part in HTTPClient(settings).answer(to: request, in: dialect) { result.add(part) }
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
