internal import Synchronization
internal import WireSockets
public import WireHTTP1
public import WireTime

/// A request that a server has received to its end.
public struct ServedRequest: Sendable {
    /// The connection's number, from 0 in the order of acceptance.
    public let connection: Int
    /// Its place on the connection, from 0.
    public let index: Int
    public let head: ReceivedRequest
    /// Decoded.
    public let body: [UInt8]
    /// When its last byte had come.
    public let receivedAt: Instant

    package init(
        connection: Int, index: Int, head: ReceivedRequest, body: [UInt8], receivedAt: Instant
    ) {
        self.connection = connection
        self.index = index
        self.head = head
        self.body = body
        self.receivedAt = receivedAt
    }

    public var method: String { head.method }
    public var target: String { head.target }
}

/// What a server says to a client that waits for `100 Continue` (RFC 9110 10.1.1).
public enum Expectation: Sendable {
    /// Send on; preceded by these bytes.
    case proceed([UInt8])
    /// The answer, without the body; the connection is closed behind it.
    case refuse(Script)

    public static let standard = Expectation.proceed([UInt8]("HTTP/1.1 100 Continue\r\n\r\n".utf8))
}

/// Decides what a server answers. Called on the server's thread: it must not block.
public protocol RequestHandler: Sendable {
    func script(for request: ServedRequest) -> Script
    func expectation(of request: ReceivedRequest) -> Expectation
    /// What answers the request when that is more than a script.
    ///
    /// - Parameter waker: gives the connection its turn; to be kept no longer than the source.
    func answer(to request: ServedRequest, waking waker: any ConnectionWaker) -> any ResponseSource
    /// What a new connection does instead of reading requests; nil, the usual: nothing.
    func opening(of connection: Int) -> Opening?
}

extension RequestHandler {
    public func expectation(of request: ReceivedRequest) -> Expectation { .standard }

    public func answer(
        to request: ServedRequest, waking waker: any ConnectionWaker
    ) -> any ResponseSource {
        ScriptSource(script(for: request), from: request.receivedAt)
    }

    public func opening(of connection: Int) -> Opening? { nil }
}

/// A script that a connection performs instead of reading requests: what comes is dropped.
public struct Opening: Sendable {
    /// How many bytes have to have come first.
    public let afterBytes: Int
    public let script: Script

    public init(afterBytes: Int = 0, _ script: Script) {
        self.afterBytes = afterBytes
        self.script = script
    }
}

/// A closure as a handler.
struct ClosureHandler: RequestHandler {
    let body: @Sendable (ServedRequest) -> Script

    func script(for request: ServedRequest) -> Script { body(request) }
}

/// Answers with recorded responses; 404 for a request that none of them is for.
public final class RecordedHandler: RequestHandler {
    private let matcher: Lock<RequestMatcher>
    private let pace: Pace

    public init(_ matcher: RequestMatcher, pace: Pace) {
        self.matcher = Lock(matcher)
        self.pace = pace
    }

    /// The exchanges of whole recordings.
    public convenience init(
        _ recordings: [Recording], pace: Pace,
        strictness: RequestMatcher.Strictness = .json, choice: RequestMatcher.Choice = .first
    ) {
        let exchanges = recordings.flatMap(\.exchanges)
        self.init(RequestMatcher(exchanges, strictness: strictness, choice: choice), pace: pace)
    }

    public func script(for request: ServedRequest) -> Script {
        let found = matcher.withLock { $0.next(for: request.head, body: request.body) }
        guard let found else {
            return .error(
                "no recording matches \(request.method) \(request.target)", status: 404,
                toHEAD: request.method == "HEAD")
        }
        // What a client that waited for it has been sent already.
        let sent = request.head.expectsContinue ? found.informationalBytes : 0
        return .replaying(found, pace: pace, skipping: sent)
    }

    public func expectation(of request: ReceivedRequest) -> Expectation {
        matcher.withLock { matcher in
            if let refusal = matcher.refusal(of: request) {
                return .refuse(.replaying(refusal, pace: pace))
            }
            return matcher.informational(for: request).map { .proceed($0) } ?? .standard
        }
    }
}
