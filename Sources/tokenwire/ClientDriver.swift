import Ollama
import OllamaBlocking
import WireBlocking
import WireHTTPClient

/// Which way into the library a command takes: `--driver`.
enum ClientDriver {
    case blocking, reactor
}

/// A response, whichever driver reads it.
protocol ReadableResponse: ~Copyable {
    var head: ResponseHead { get }
    var contentCodings: [ContentCoding] { get }
    var trailers: Fields { get }
    var timings: ExchangeTimings { get }
    var progress: Progress { get }
    var isReusedConnection: Bool { get }
    var wasConnectionKept: Bool { get }
    var tls: TLSFacts? { get }

    /// Gives `body` the next piece of the body; nil at its end. (By closure, because a borrowed value
    /// does not get through a protocol's requirement yet.)
    mutating func withNextPiece<Result>(
        _ body: (Span<UInt8>) -> Result
    ) async throws(TransportError) -> Result?
    mutating func cancel()
}

extension BlockingResponse: ReadableResponse {
    mutating func withNextPiece<Result>(
        _ body: (Span<UInt8>) -> Result
    ) async throws(TransportError) -> Result? {
        guard let piece = try nextBytes() else { return nil }
        return body(piece)
    }
}

extension HTTPResponse: ReadableResponse {
    mutating func withNextPiece<Result>(
        _ body: (Span<UInt8>) -> Result
    ) async throws(TransportError) -> Result? {
        guard let piece = try await nextBytes() else { return nil }
        return body(piece)
    }
}

/// The records of an answer, whichever driver reads them.
protocol RecordStream: ~Copyable {
    var summary: Summary? { get }
    var progress: Progress { get }

    /// Gives `body` the next record; nil behind the last.
    mutating func withNextRecord<Result>(
        _ body: (borrowing AnswerRecord) -> Result
    ) async throws(StreamError) -> Result?
}

extension BlockingStream: RecordStream {
    mutating func withNextRecord<Result>(
        _ body: (borrowing AnswerRecord) -> Result
    ) async throws(StreamError) -> Result? {
        guard let record = try next() else { return nil }
        return body(record)
    }
}

extension AnswerRecords: RecordStream {
    mutating func withNextRecord<Result>(
        _ body: (borrowing AnswerRecord) -> Result
    ) async throws(StreamError) -> Result? {
        guard let record = try await next() else { return nil }
        return body(record)
    }
}
