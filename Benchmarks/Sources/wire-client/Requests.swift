import WireBlocking
import WireHTTPClient

/// Small requests one after another on one connection: what does an exchange cost?
func pingpong(_ options: Options, _ driver: Driver, requests: Int) async throws -> Result {
    let request = try options.request()
    switch driver {
    case .blocking: return try blockingPingpong(request, requests)
    case .reactor:
        return try await handledRequests(
            request, .shared, connections: 1, requests: requests, measures: true)
    case .task:
        return try await onLoop { try await asyncPingpong(HTTPClient(), request, requests) }
    case .async:
        return try await onDefaultExecutor {
            try await asyncPingpong(HTTPClient(), request, requests)
        }
    case .main: return try await mainActorPingpong(request, requests)
    }
}

private func blockingPingpong(_ request: HTTPRequest, _ requests: Int) throws -> Result {
    var http = BlockingHTTPClient()
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

private func asyncPingpong(
    _ http: HTTPClient, _ request: HTTPRequest, _ requests: Int
) async throws -> Result {
    var result = Result()
    result.latencies.reserveCapacity(requests)
    for _ in 0..<requests {
        let start = nanoseconds()
        var response = try await http.send(request)
        while let piece = try await response.nextBytes() { result.bytes += piece.count }
        result.latencies.append(Double(nanoseconds() - start) / 1e3)
        result.units += 1
    }
    return result
}

@MainActor private func mainActorPingpong(
    _ request: HTTPRequest, _ requests: Int
) async throws -> Result {
    try await asyncPingpong(HTTPClient(), request, requests)
}

/// Keep-alive connections kept busy: what does an exchange cost when a wait brings several answers?
func fanout(
    _ options: Options, _ driver: Driver, _ connections: Int, _ requests: Int
) async throws -> Result {
    let request = try options.request()
    let reactor = Reactor(loops: options["loops"] ?? 1)
    if driver == .reactor {
        return try await handledRequests(
            request, reactor, connections: connections, requests: requests, measures: false)
    }
    let http = HTTPClient(HTTPClient.Options(), reactor: reactor)
    let share = (requests + connections - 1) / connections
    let results = try await many(connections, driver, reactor) { number in
        let mine = min(share, requests - number * share)
        return mine > 0 ? try await busyConnection(http, request, mine) : Result()
    }
    return results
}

private func busyConnection(
    _ http: HTTPClient, _ request: HTTPRequest, _ requests: Int
) async throws -> Result {
    var result = Result()
    for _ in 0..<requests {
        var response = try await http.send(request)
        while let piece = try await response.nextBytes() { result.bytes += piece.count }
        result.units += 1
    }
    return result
}

/// Runs as many tasks at once, on the loops or on the default executor, and adds up what they did.
func many(
    _ count: Int, _ driver: Driver, _ reactor: Reactor,
    _ body: @escaping @Sendable (Int) async throws -> Result
) async throws -> Result {
    let loops = try reactor.loops()
    let onLoops: Bool
    switch driver {
    case .task: onLoops = true
    case .async: onLoops = false
    case .blocking, .main, .reactor: throw NotYet()
    }
    return try await withThrowingTaskGroup(of: Result.self) { group in
        for number in 0..<count {
            let executor = onLoops ? loops[number % loops.count].taskExecutor : nil
            group.addTask(executorPreference: executor) { try await body(number) }
        }
        var all = Result()
        for try await result in group { all.add(result) }
        return all
    }
}
