import WireBlocking
import WireHTTPClient

/// One small exchange on each of so many connections, one after another: what does connecting cost?
func handshakes(_ options: Options, _ driver: Driver, times: Int) async throws -> Result {
    let request = try options.request()
    var settings = options.settings
    settings.pool.idle = 0
    switch driver {
    case .blocking:
        var http = BlockingHTTPClient(settings)
        var result = Result()
        for _ in 0..<times {
            var response = try http.send(request)
            while let piece = try response.nextBytes() { result.bytes += piece.count }
            try require(response.tls, resumed: settings.tls.resumesSessions && result.units > 0)
            result.units += 1
        }
        return result
    case .task:
        let settings = settings
        return try await onLoop { try await asyncHandshakes(settings, request, times) }
    case .async:
        let settings = settings
        return try await onDefaultExecutor {
            try await asyncHandshakes(settings, request, times)
        }
    case .main, .reactor: throw NotYet()
    }
}

private func asyncHandshakes(
    _ settings: HTTPClient.Options, _ request: HTTPRequest, _ times: Int
) async throws -> Result {
    let http = HTTPClient(settings)
    var result = Result()
    for _ in 0..<times {
        var response = try await http.send(request)
        while let piece = try await response.nextBytes() { result.bytes += piece.count }
        try require(response.tls, resumed: settings.tls.resumesSessions && result.units > 0)
        result.units += 1
    }
    return result
}

private struct NotAsAsked: Error {}

private func require(_ facts: TLSFacts?, resumed: Bool) throws {
    if let facts, facts.isResumed != resumed { throw NotAsAsked() }
}

/// Connections that have served and wait for the next request: what does one of them hold?
func idleConnections(
    _ options: Options, _ driver: Driver, _ connections: Int
) async throws -> Result {
    let request = try options.request()
    var settings = options.settings
    settings.pool.idle = connections
    settings.pool.perOrigin = connections
    var result = Result()
    switch driver {
    case .blocking:
        var http = BlockingHTTPClient(settings)
        for count in [1, connections] {
            let before = residentBytes()
            try leaveIdle(&http, request, count)
            result.bytes = residentBytes() - before
        }
        guard http.connections.idle == connections else { throw NotAsAsked() }
    case .task:
        let settings = settings
        result.bytes = try await onLoop {
            let http = HTTPClient(settings)
            var grown = 0
            for count in [1, connections] {
                let before = residentBytes()
                try await leaveIdle(http, request, count)
                grown = residentBytes() - before
            }
            guard http.connections.idle == connections else { throw NotAsAsked() }
            return grown
        }
    case .main, .reactor, .async: throw NotYet()
    }
    // What every connection but the first has added.
    result.units = connections - 1
    return result
}

/// As many responses at once, so that none of them gets the connection of another.
private func leaveIdle(
    _ http: inout BlockingHTTPClient, _ request: HTTPRequest, _ count: Int
) throws {
    var held: [HeldBlocking] = []
    for _ in 0..<count { held.append(HeldBlocking(try http.send(request))) }
    for one in held { try one.response.drain() }
}

private func leaveIdle(_ http: HTTPClient, _ request: HTTPRequest, _ count: Int) async throws {
    var held: [HeldTask] = []
    for _ in 0..<count { held.append(HeldTask(try await http.send(request))) }
    for one in held { try await one.response.drain() }
}

private final class HeldBlocking {
    var response: BlockingResponse
    init(_ response: consuming BlockingResponse) { self.response = response }
}

private final class HeldTask {
    var response: HTTPResponse
    init(_ response: consuming HTTPResponse) { self.response = response }
}

extension BlockingResponse {
    fileprivate mutating func drain() throws {
        while let piece = try nextBytes() { _ = piece.count }
    }
}

extension HTTPResponse {
    fileprivate mutating func drain() async throws {
        while let piece = try await nextBytes() { _ = piece.count }
    }
}
