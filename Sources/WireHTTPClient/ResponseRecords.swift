public import WireBytes
internal import WireDriver
public import WireExchange
public import WireFraming
public import WireHTTP1
internal import WireTime

/// Why a sequence of records came to no good end.
public enum ResponseError: Error, Sendable {
    case transport(TransportError)
    /// The server refused: its head, and as much of the body as `ResponseError.bodyLimit` allows.
    case status(ResponseHead, body: [UInt8])

    public static let bodyLimit = ByteLimit.kibibytes(64)
}

extension ResponseError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .transport(let error): error.description
        case .status(let head, let body):
            "status \(head.status): \(String(decoding: body.prefix(256), as: UTF8.self))"
        }
    }
}

/// What a body is read in, and what becomes of a record when it leaves the receive buffer.
public protocol RecordForm: Sendable {
    associatedtype Record: Sendable
    static var unit: BodyUnit { get }
    /// - Parameter event: of a line, only its `data` means something.
    static func record(_ event: borrowing SSEFramer.Event) -> Record
}

public enum BodyUnit: Sendable {
    case line, event
    /// Bytes as they came, however cut.
    case piece
}

/// Lines (LF or CRLF) as text; bytes that are not UTF-8 become U+FFFD.
public enum LineForm: RecordForm {
    public static var unit: BodyUnit { .line }
    public static func record(_ event: borrowing SSEFramer.Event) -> String {
        String(decoding: event.data)
    }
}

/// A server-sent event (WHATWG HTML 9.2).
public struct ServerSentEvent: Sendable, Equatable {
    /// `message` unless the server said otherwise.
    public let type: String
    public let data: String
    /// The last event id in force; empty when there is none.
    public let lastEventID: String

    public init(type: String, data: String, lastEventID: String) {
        self.type = type
        self.data = data
        self.lastEventID = lastEventID
    }
}

public enum EventForm: RecordForm {
    public static var unit: BodyUnit { .event }
    public static func record(_ event: borrowing SSEFramer.Event) -> ServerSentEvent {
        ServerSentEvent(
            type: event.name, data: String(decoding: event.data),
            lastEventID: String(decoding: event.lastEventID))
    }
}

/// The records of a response that is asked for when the first one is: `for try await line in
/// http.lines(of: request)`.
///
/// The iterator owns the exchange: leaving the loop in any way closes the connection before the next
/// statement runs, though this value lives on. Each iteration sends the request anew. (At the top level
/// of an async `main.swift` Swift never destroys iterators: call `cancel` there, or use a function.)
public struct ResponseRecords<Form: RecordForm>: AsyncSequence, Sendable {
    public typealias Element = Form.Record
    public typealias Failure = ResponseError

    let client: HTTPClient
    let request: HTTPRequest
    let deadlines: Deadlines?
    let cancellation: Cancellation

    public func makeAsyncIterator() -> Iterator {
        Iterator(source: RecordSource(client, request, deadlines, cancellation))
    }

    /// Ends every iteration, from whichever thread or task, and for good: its connection closes, and it
    /// throws `.transport(.cancelled)`.
    public func cancel() { cancellation.cancel() }

    public struct Iterator: AsyncIteratorProtocol {
        @usableFromInline let source: RecordSource

        init(source: RecordSource) { self.source = source }

        /// The next record, or nil at the end. Suspends only if none is buffered.
        @inlinable
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(ResponseError) -> Form.Record? {
            if let record = try source.buffered(Form.self) { return record }
            return try await source.next(Form.self)
        }
    }
}
