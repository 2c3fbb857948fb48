import Ollama
import OllamaBlocking
import WireBlocking
import WireHTTPClient

struct Enough: Error {}

/// Where a stream was left.
struct Departure {
    /// CLOCK_MONOTONIC, just before.
    var left = 0
    var bytes = 0
}

/// Leaves a stream after some records, again and again: how soon does the server see that?
func leave(
    _ options: Options, _ driver: Driver, after count: Int, times: Int, _ how: Leaving
) async throws -> Result {
    let request = try options.request()
    var result = Result()
    for _ in 0..<times {
        let departure: Departure
        switch driver {
        case .blocking: departure = try blockingLeave(request, count, how)
        case .reactor, .task:
            departure = try await onLoop { try await borrowedLeave(request, count, how) }
        case .async:
            departure = try await onDefaultExecutor { try await sequenceLeave(request, count, how) }
        case .main: throw NotYet()
        }
        result.units += count
        result.bytes += departure.bytes
        result.leftMicroseconds.append(Double(departure.left) / 1e3)
        try await Task.sleep(nanoseconds: 10_000_000)
    }
    return result
}

private func blockingLeave(
    _ request: HTTPRequest, _ count: Int, _ how: Leaving
) throws -> Departure {
    var departure = Departure()
    func read() throws {
        var http = BlockingHTTPClient()
        let cancellation = Cancellation()
        var stream = BlockingStream(reading: try http.send(request, cancellation: cancellation))
        var seen = 0
        while let record = try stream.next() {
            seen += 1
            departure.bytes += record.content.count
            if seen < count { continue }
            departure.left = nanoseconds()
            switch how {
            case .throw: throw Enough()
            case .cancel: cancellation.cancel()
            case .break, .drop: break
            }
            return
        }
    }
    do { try read() } catch is Enough {}
    return departure
}

private func borrowedLeave(
    _ request: HTTPRequest, _ count: Int, _ how: Leaving
) async throws -> Departure {
    do {
        return try await HTTPClient().answer(to: request).withRecords { records in
            var departure = Departure()
            var seen = 0
            while let record = try await records.next() {
                seen += 1
                departure.bytes += record.content.count
                if seen < count { continue }
                departure.left = nanoseconds()
                if how == .throw { throw Left(departure: departure) }
                break
            }
            if how == .cancel { records.cancel() }
            return departure
        }
    } catch let left as Left { return left.departure }
}

struct Left: Error {
    let departure: Departure
}

private func sequenceLeave(
    _ request: HTTPRequest, _ count: Int, _ how: Leaving
) async throws -> Departure {
    let answer = HTTPClient().answer(to: request)
    var seen = 0
    var departure = Departure()
    switch how {
    case .break:
        for try await part in answer {
            seen += 1
            departure.bytes += part.textCount
            if seen < count { continue }
            departure.left = nanoseconds()
            break
        }
    case .throw:
        do {
            for try await part in answer {
                seen += 1
                departure.bytes += part.textCount
                if seen < count { continue }
                departure.left = nanoseconds()
                throw Enough()
            }
        } catch is Enough {}
    case .drop:
        var iterator: Answer.Iterator? = answer.makeAsyncIterator()
        while seen < count, let part = try await iterator?.next() {
            seen += 1
            departure.bytes += part.textCount
        }
        departure.left = nanoseconds()
        iterator = nil
    case .cancel: return try await cancelledLeave(answer, count)
    }
    return departure
}

/// The task that reads is cancelled by another one.
private func cancelledLeave(_ answer: Answer, _ count: Int) async throws -> Departure {
    let (enough, continuation) = AsyncStream.makeStream(of: Int.self)
    let task = Task {
        var seen = 0
        var bytes = 0
        for try await part in answer {
            seen += 1
            bytes += part.textCount
            if seen == count { continuation.yield(bytes) }
        }
    }
    var departure = Departure()
    for await bytes in enough {
        departure.bytes = bytes
        departure.left = nanoseconds()
        task.cancel()
        break
    }
    _ = await task.result
    return departure
}

extension AnswerPart {
    fileprivate var textCount: Int {
        if case .text(let text) = self { text.utf8.count } else { 0 }
    }
}
