public import WireTime

/// How soon a server noticed that a client had left a stream, and what it sent meanwhile.
public struct StreamReport: Sendable, Equatable {
    /// Records handed to the kernel in all; a record is a line of the body that is not empty.
    public let recordsSent: Int
    public let recordsSentAfterLeaving: Int
    public let bytesSentAfterLeaving: Int
    /// From the leaving to the server's seeing it; nil when it has not.
    public let closeSeenAfter: Timeout?
    public let closeKind: ConnectionRecord.ClientClose.Kind?

    /// - Parameters:
    ///   - request: which request of the connection was answered by the exchange.
    ///   - leftAt: when the client left, by the same clock (`MonotonicClock`).
    public init(
        _ connection: ConnectionRecord, request: Int = 0, answeredBy exchange: RecordedExchange,
        leftAt: Instant
    ) {
        let start =
            connection.requests.indices.contains(request)
            ? connection.requests[request].answerStart : 0
        func records(by bytes: Int) -> Int {
            exchange.recordEnds.prefix { $0 + start <= bytes }.count
        }
        let sentThen = connection.bytesSent(at: leftAt)
        recordsSent = records(by: connection.bytesSent)
        recordsSentAfterLeaving = recordsSent - records(by: sentThen)
        bytesSentAfterLeaving = connection.bytesSent - sentThen
        closeSeenAfter = connection.clientClose.map { $0.seenAt.since(leftAt) }
        closeKind = connection.clientClose?.kind
    }
}
