public import WireBytes
public import WireFraming
public import WireGzip
public import WireHTTP1
public import WireSecurity
public import WireTime

/// How far an exchange had come.
public struct Progress: Sendable, Equatable {
    public var phase = Phase.resolve
    /// Bytes of the request that the kernel has taken.
    public var bytesWritten = 0
    /// Bytes of the response received, framing included.
    public var bytesReceived = 0
    /// Records (lines, events, pieces of the body) that carried something.
    public var contentCount = 0
    /// Since the exchange began.
    public var elapsed = Timeout.zero
    /// Since the response's last byte; nil before its first.
    public var sinceLastByte: Timeout?
    /// Addresses that were tried and did not serve, in the order of their failing; at the connect
    /// deadline also those that had not answered.
    public var attempts: [ConnectAttempt] = []

    public init() {}
}

/// Why an exchange has no result. Each case says what happened, where, and how far things had come.
public enum TransportError: Error, Sendable, Equatable {
    /// The caller's fault: nothing was sent.
    case request(RequestError)
    case resolve(host: String, message: String, Progress)
    case connect([ConnectAttempt], Progress)
    case tls(TLSError, Progress)
    /// A deadline passed. `waited` is how long it had run.
    case timeout(Deadline, waited: Timeout, Progress)
    /// The peer broke HTTP, or closed before the response was complete.
    case http(HTTP1Error, Progress)
    /// A line or an event longer than its limit.
    case framing(FramingError, Progress)
    /// The body's content coding is broken, ends early, was not asked for, or would grow too far.
    case content(ContentError, Progress)
    /// More bytes than the caller wanted to hold.
    case tooLarge(ByteLimit, what: String, Progress)
    /// A redirect of this status leads nowhere, or too far.
    case redirect(RedirectError, status: Int, Progress)
    /// The peer reset the connection.
    case reset(Progress)
    /// A system call failed otherwise.
    case system(call: String, errorNumber: Int32, message: String, Progress)
    /// What this side reads the request's body from, or writes the response's to, has failed.
    case local(message: String, Progress)
    case cancelled(Progress)
    /// Valid, but this build does not do it.
    case unsupported(String)

    public enum Kind: String, Sendable, CaseIterable {
        case invalidURL = "invalid-url"
        case invalidRequest = "invalid-request"
        case resolveFailed = "resolve-failed"
        case connectRefused = "connect-refused"
        case connectFailed = "connect-failed"
        case tlsFailed = "tls-failed"
        case tlsVerifyFailed = "tls-verify-failed"
        case timeout
        case closedEarly = "closed-early"
        case reset
        case badStatusLine = "bad-status-line"
        case badHeader = "bad-header"
        case badFraming = "bad-framing"
        case badChunk = "bad-chunk"
        case badContentCoding = "bad-content-encoding"
        case tooLarge = "too-large"
        case tooManyRedirects = "too-many-redirects"
        case unsupported
        case cancelled
    }

    public var progress: Progress {
        switch self {
        case .request, .unsupported: Progress()
        case .resolve(_, _, let progress), .connect(_, let progress), .tls(_, let progress),
            .timeout(_, _, let progress), .http(_, let progress), .framing(_, let progress),
            .content(_, let progress), .tooLarge(_, _, let progress),
            .redirect(_, _, let progress), .reset(let progress),
            .system(_, _, _, let progress), .local(_, let progress), .cancelled(let progress):
            progress
        }
    }

    /// Where the failure belongs; of a timeout, the deadline's own phase.
    public var phase: Phase {
        switch self {
        case .timeout(let deadline, _, _): deadline.phase
        case .request, .unsupported: .request
        default: progress.phase
        }
    }

    /// Byte offset in the response of what is at fault, where there is one.
    public var offset: Int? {
        switch self {
        case .http(let error, _): error.offset
        case .framing(.lineTooLong(_, let offset), _), .framing(.eventTooLong(_, let offset), _):
            offset
        default: nil
        }
    }

    public var kind: Kind {
        switch self {
        case .request(.invalidURL): .invalidURL
        case .request(.invalidRequest), .local: .invalidRequest
        case .resolve: .resolveFailed
        case .connect(let attempts, _):
            attempts.contains { $0.cause.isRefusal } ? .connectRefused : .connectFailed
        case .tls(.notBuiltIn, _): .unsupported
        case .tls(let error, _): error.isVerification ? .tlsVerifyFailed : .tlsFailed
        case .timeout: .timeout
        case .http(let error, _): Kind(rawValue: error.kind.rawValue) ?? .badFraming
        case .content(.outputLimit, _), .content(.ratioLimit, _): .tooLarge
        case .content: .badContentCoding
        case .framing, .tooLarge: .tooLarge
        case .redirect(.tooMany, _, _): .tooManyRedirects
        case .redirect(.badLocation, _, _): .badHeader
        case .redirect(.leavesTLS, _, _): .unsupported
        case .reset: .reset
        case .system: progress.phase == .connect ? .connectFailed : .reset
        case .cancelled: .cancelled
        case .unsupported: .unsupported
        }
    }
}

extension TransportError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .request(let error): return error.description
        case .resolve(let host, let message, _): return "cannot resolve \(host): \(message)"
        case .connect(let attempts, _):
            return "cannot connect (\(ConnectAttempt.list(attempts)))"
        case .tls(let error, _): return error.description
        case .timeout(let deadline, let waited, let progress):
            let begun = "timeout: the \(deadline.name) deadline passed after \(waited) "
            if progress.phase == .connect, !progress.attempts.isEmpty {
                return begun + "(\(ConnectAttempt.list(progress.attempts)))"
            }
            return begun
                + "(\(progress.bytesWritten) bytes written, \(progress.bytesReceived) received)"
        case .http(let error, _): return "\(error.message) (at byte \(error.offset))"
        case .framing(let error, _): return error.description
        case .content(let error, _): return error.description
        case .tooLarge(let limit, let what, _):
            return "\(what) is larger than the limit of \(limit.bytes) bytes"
        case .redirect(let error, _, _): return error.description
        case .reset(let progress):
            return "the peer reset the connection after \(progress.bytesReceived) bytes"
        case .system(let call, let number, let message, _):
            return "\(call): \(message) (errno \(number))"
        case .local(let message, _): return message
        case .cancelled: return "cancelled"
        case .unsupported(let what): return "\(what) is not supported"
        }
    }
}

extension Deadline {
    /// As written in `Deadlines`.
    public var name: String { String(describing: self) }
}
