import WireBlocking
import WireHTTPClient

struct Enough: Error {}

/// Leaves a stream after some records, again and again: how soon does the server see that?
func leave(
    _ options: Options, _ driver: Driver, after count: Int, times: Int, _ how: Leaving
) async throws -> Result {
    let request = try options.request()
    var result = Result()
    for _ in 0..<times {
        let left: Int
        switch driver {
        case .blocking: left = try blockingLeave(request, count, how)
        case .reactor: left = try await onLoop { try await borrowedLeave(request, count, how) }
        case .async:
            left = try await onDefaultExecutor { try await sequenceLeave(request, count, how) }
        case .main: throw NotYet()
        }
        result.units += 1
        result.leftMicroseconds.append(Double(left) / 1e3)
        try await Task.sleep(nanoseconds: 10_000_000)
    }
    return result
}

private func blockingLeave(_ request: HTTPRequest, _ count: Int, _ how: Leaving) throws -> Int {
    var http = BlockingHTTPClient()
    let cancellation = Cancellation()
    var response = try http.send(request, cancellation: cancellation)
    var seen = 0
    while try response.nextLine() != nil {
        seen += 1
        if seen == count { break }
    }
    let left = nanoseconds()
    switch how {
    case .cancel: cancellation.cancel()
    case .break, .drop, .throw: response.cancel()
    }
    return left
}

private func borrowedLeave(
    _ request: HTTPRequest, _ count: Int, _ how: Leaving
) async throws -> Int {
    let http = HTTPClient()
    var left = 0
    func read() async throws {
        var response = try await http.send(request)
        var seen = 0
        while try await response.nextLine() != nil {
            seen += 1
            if seen < count { continue }
            left = nanoseconds()
            switch how {
            case .throw: throw Enough()
            case .cancel: response.cancel()
            case .break, .drop: break
            }
            return
        }
    }
    do { try await read() } catch is Enough {}
    return left
}

private func sequenceLeave(
    _ request: HTTPRequest, _ count: Int, _ how: Leaving
) async throws -> Int {
    let http = HTTPClient()
    let lines = http.lines(of: request)
    var seen = 0
    var left = 0
    switch how {
    case .break:
        for try await _ in lines {
            seen += 1
            if seen < count { continue }
            left = nanoseconds()
            break
        }
    case .throw:
        do {
            for try await _ in lines {
                seen += 1
                if seen < count { continue }
                left = nanoseconds()
                throw Enough()
            }
        } catch is Enough {}
    case .drop:
        var iterator: ResponseRecords<LineForm>.Iterator? = lines.makeAsyncIterator()
        while seen < count, try await iterator?.next() != nil { seen += 1 }
        left = nanoseconds()
        iterator = nil
    case .cancel:
        let task = Task {
            var seen = 0
            for try await _ in lines {
                seen += 1
                if seen == count { Signal.shared.reached() }
            }
        }
        await Signal.shared.wait()
        left = nanoseconds()
        task.cancel()
        _ = await task.result
    }
    return left
}

/// Tells the canceller that the records have come.
actor Signal {
    static let shared = Signal()
    private var waiting: CheckedContinuation<Void, Never>?
    private var isReached = false

    nonisolated func reached() { Task { await note() } }

    private func note() {
        isReached = true
        resume()
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            waiting = continuation
            resume()
        }
    }

    private func resume() {
        guard isReached, let waiting else { return }
        isReached = false
        self.waiting = nil
        waiting.resume()
    }
}
