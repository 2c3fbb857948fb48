public import WireHTTP1
package import WireSockets
internal import WireSystem
public import WireTime

/// What became of one connection.
public struct ConnectionRecord: Sendable {
    public struct Request: Sendable {
        public let method: String
        public let target: String
        public let bodyBytes: Int
        /// When its last byte had come.
        public let receivedAt: Instant
        /// How many bytes the connection had sent by then: where its answer begins.
        public let answerStart: Int
    }

    /// Bytes that the kernel took in one call.
    public struct Write: Sendable, Equatable {
        public let at: Instant
        /// Sent on the connection with this write.
        public let bytesSent: Int
    }

    /// How the client ended its side.
    public struct ClientClose: Sendable, Equatable {
        public enum Kind: String, Sendable { case fin, reset }
        public let kind: Kind
        /// When the server saw it.
        public let seenAt: Instant
        /// How many bytes had been sent by then.
        public let bytesSent: Int
    }

    /// How the server ended its side.
    public struct ServerClose: Sendable, Equatable {
        public enum Kind: String, Sendable {
            /// A script's `finish`, `close`, `reset`.
            case finish, close, reset
            /// The server was stopped.
            case stopped
        }
        public let kind: Kind
        public let at: Instant
    }

    /// From 0, in the order of acceptance.
    public let id: Int
    public let acceptedAt: Instant
    /// The first 10,000 of them.
    public package(set) var requests: [Request] = []
    /// What the client sent that was no request; it ended the connection.
    public package(set) var requestError: HTTP1Error?
    public package(set) var bytesReceived = 0
    /// Bytes that the kernel took. Those last ones may not have reached the client.
    public package(set) var bytesSent = 0
    /// The first 100,000 of them.
    public package(set) var writes: [Write] = []
    /// The kernel takes no more for now: the client does not read.
    public package(set) var isBlocked = false
    /// When the last script had no step left but to stall or to close.
    public package(set) var scriptDoneAt: Instant?
    public package(set) var clientClose: ClientClose?
    public package(set) var serverClose: ServerClose?
    /// Nothing of it will change any more.
    public package(set) var isOver = false

    init(id: Int, acceptedAt: Instant) {
        self.id = id
        self.acceptedAt = acceptedAt
    }

    /// How many bytes had been sent at an instant.
    public func bytesSent(at instant: Instant) -> Int {
        writes.last { $0.at <= instant }?.bytesSent ?? 0
    }
}

/// The fates of a server's connections, for any thread to look at and to wait for.
public final class ConnectionLog: Sendable {
    private struct State: Sendable {
        var records: [Int: ConnectionRecord] = [:]
        var oldest = 0
    }

    /// How many connections are remembered; the oldest are forgotten.
    private let capacity: Int
    private let observer: (any ConnectionObserver)?
    private let state = Monitor(State())

    package init(
        capacity: Int = 100_000, observer: (any ConnectionObserver)? = nil
    ) {
        self.capacity = capacity
        self.observer = observer
    }

    /// All connections, in the order of acceptance.
    public var connections: [ConnectionRecord] {
        state.read { $0.records.values.sorted { $0.id < $1.id } }
    }

    public subscript(connection: Int) -> ConnectionRecord? {
        state.read { $0.records[connection] }
    }

    /// Waits until a connection (accepted already, or yet to come) is as `condition` wants it.
    ///
    /// - Returns: the connection then; nil when `limit` has come first.
    public func wait(
        for connection: Int, until limit: Instant, where condition: (ConnectionRecord) -> Bool
    ) -> ConnectionRecord? {
        state.wait(untilNanoseconds: limit.nanoseconds) { state in
            state.records[connection].flatMap { condition($0) ? $0 : nil }
        }
    }

    /// Waits until the server has seen a client leave.
    ///
    /// - Returns: nil when `limit` has come first, or the server has closed and cannot see it.
    public func waitForClose(
        of connection: Int, until limit: Instant
    ) -> ConnectionRecord.ClientClose? {
        wait(for: connection, until: limit) { $0.clientClose != nil || $0.isOver }?.clientClose
    }

    package func accepted(_ connection: Int, from peer: SocketAddress? = nil, at now: Instant) {
        observer?.accepted(connection, from: peer, at: now)
        state.update { state in
            state.records[connection] = ConnectionRecord(id: connection, acceptedAt: now)
            if state.records.count > capacity {
                state.records[state.oldest] = nil
                state.oldest += 1
            }
        }
    }

    package func change(_ connection: Int, _ body: (inout ConnectionRecord) -> Void) {
        state.update { state in
            if let index = state.records.index(forKey: connection) {
                body(&state.records.values[index])
            }
        }
    }
}

extension ConnectionLog {
    package func received(_ request: ServedRequest) {
        observer?.received(request)
        received(
            request.connection, method: request.method, target: request.target,
            bodyBytes: request.body.count, at: request.receivedAt)
    }

    package func received(
        _ connection: Int, method: String, target: String, bodyBytes: Int, at now: Instant
    ) {
        change(connection) { record in
            guard record.requests.count < 10_000 else { return }
            record.requests.append(
                ConnectionRecord.Request(
                    method: method, target: target, bodyBytes: bodyBytes, receivedAt: now,
                    answerStart: record.bytesSent))
        }
    }

    /// - Parameter now: when, for its list of writes.
    package func sent(_ count: Int, on connection: Int, at now: Instant? = nil) {
        change(connection) { record in
            record.bytesSent += count
            guard let now, record.writes.count < 100_000 else { return }
            record.writes.append(ConnectionRecord.Write(at: now, bytesSent: record.bytesSent))
        }
    }

    package func clientClosed(
        _ connection: Int, _ kind: ConnectionRecord.ClientClose.Kind, at now: Instant
    ) {
        var close: ConnectionRecord.ClientClose?
        change(connection) { record in
            record.clientClose = ConnectionRecord.ClientClose(
                kind: kind, seenAt: now, bytesSent: record.bytesSent)
            record.isOver = true
            close = record.clientClose
        }
        if let close { observer?.left(connection, close) }
    }

    package func serverClosed(
        _ connection: Int, _ kind: ConnectionRecord.ServerClose.Kind, at now: Instant
    ) {
        let close = ConnectionRecord.ServerClose(kind: kind, at: now)
        change(connection) { record in
            if record.serverClose == nil { record.serverClose = close }
            record.isOver = kind != .finish
        }
        observer?.ended(connection, close)
    }
}
