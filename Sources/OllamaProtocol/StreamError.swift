public import WireExchange
public import WireHTTP1
public import WireJSON
public import WireTime

/// Everything that can end a call other than success. A stream that just stops is among it: only the
/// terminal record makes it complete.
public enum StreamError: Error, Sendable, Equatable {
    /// The caller's fault; nothing was sent.
    case request(RequestError)
    case connect([ConnectAttempt])
    case timeout(TimedOut)
    /// The server said that it failed: by its status, or by an `error` record inside the stream.
    case server(ServerFailure)
    /// The stream ended without its terminal record.
    case incomplete(Incomplete)
    /// A record that is no JSON object of the expected form.
    case malformed(MalformedRecord)
    /// A guard has ended the stream: see `Guard`.
    case stopped(Stopped)
    case cancelled(partialText: String)
    /// Anything else on the way: a name without address, broken HTTP, a limit.
    case transport(TransportError, partialText: String)

    /// Which deadline has passed, and what had come by then.
    public struct TimedOut: Sendable, Equatable {
        /// Which one.
        public let deadline: Deadline
        /// How long it was.
        public let waited: Timeout
        /// How far the exchange had come.
        public let progress: Progress
        /// The text so far.
        public let partialText: String

        /// What was waited for.
        public var phase: Phase { deadline.phase }
        /// Of the response, head and framing included.
        public var bytesReceived: Int { progress.bytesReceived }
    }

    /// What the server says has failed.
    public struct ServerFailure: Sendable, Equatable {
        /// The response's status: 200 when the failure came inside the stream.
        public let status: Int
        /// In the server's words.
        public let message: String
        /// Where a cloud model wants its user to sign in.
        public let signinURL: String?
        /// It came as a record of the stream, whose head was of success.
        public let isInsideStream: Bool
        /// The text so far; empty before the stream.
        public let partialText: String
        /// What may be the matter, where the server does not know the route.
        public let hint: String?

        /// As decoded from a response or a record.
        public init(
            status: Int, message: String, signinURL: String? = nil, isInsideStream: Bool = false,
            partialText: String = "", hint: String? = nil
        ) {
            self.hint = hint
            self.status = status
            self.message = message
            self.signinURL = signinURL
            self.isInsideStream = isInsideStream
            self.partialText = partialText
        }
    }

    /// The stream ended without its last record.
    public struct Incomplete: Sendable, Equatable {
        /// What the transport saw; nil when the response was well-formed to its end.
        public let transport: TransportError?
        /// Records that had come.
        public let recordCount: Int
        /// The text so far.
        public let partialText: String

        /// How the connection ended: `transport` is nil for a clean end of the body.
        public init(transport: TransportError?, recordCount: Int, partialText: String) {
            self.transport = transport
            self.recordCount = recordCount
            self.partialText = partialText
        }
    }

    /// A record that is not what the dialect has.
    public struct MalformedRecord: Sendable, Equatable {
        /// Why, and where in the record.
        public let error: JSONError
        /// Where the record starts in the body.
        public let offset: Int
        /// The record, or its first 256 bytes.
        public let excerpt: String
        /// The text so far.
        public let partialText: String

        /// What is wrong with it, where in the body it begins, and its first bytes.
        public init(error: JSONError, offset: Int, excerpt: String, partialText: String) {
            self.error = error
            self.offset = offset
            self.excerpt = excerpt
            self.partialText = partialText
        }
    }

    /// Which guard has ended the stream.
    public struct Stopped: Sendable, Equatable {
        /// Which guard, and at what; never `goOn`.
        public let verdict: OutputGuard.Verdict
        /// All that had come, the piece included at which it was stopped.
        public let partialText: String

        /// Of a guard's verdict.
        public init(verdict: OutputGuard.Verdict, partialText: String) {
            self.verdict = verdict
            self.partialText = partialText
        }
    }

    /// Puts a transport's failure into the caller's terms.
    ///
    /// - Parameters:
    ///   - inStream: the response's head had come, so a close cuts a stream off.
    public init(
        _ error: TransportError, inStream: Bool = false, recordCount: Int = 0,
        partialText: String = ""
    ) {
        switch error {
        case .request(let request): self = .request(request)
        case .connect(let attempts, _): self = .connect(attempts)
        case .cancelled: self = .cancelled(partialText: partialText)
        case .timeout(let deadline, let waited, let progress):
            self = .timeout(
                TimedOut(
                    deadline: deadline, waited: waited, progress: progress,
                    partialText: partialText))
        case .reset where inStream, .http where inStream && error.kind == .closedEarly:
            self = .incomplete(
                Incomplete(transport: error, recordCount: recordCount, partialText: partialText))
        default: self = .transport(error, partialText: partialText)
        }
    }

    /// Text that had come before the failure.
    public var partialText: String {
        switch self {
        case .request, .connect: ""
        case .timeout(let timeout): timeout.partialText
        case .server(let failure): failure.partialText
        case .incomplete(let incomplete): incomplete.partialText
        case .malformed(let record): record.partialText
        case .stopped(let stop): stop.partialText
        case .cancelled(let text), .transport(_, let text): text
        }
    }
}

extension StreamError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .request(let error): return error.description
        case .connect(let attempts):
            return TransportError.connect(attempts, Progress()).description
        case .timeout(let timeout):
            return TransportError.timeout(
                timeout.deadline, waited: timeout.waited, timeout.progress
            )
            .description
        case .server(let failure):
            let place = failure.isInsideStream ? "inside the stream" : "status \(failure.status)"
            let message = failure.message.isEmpty ? "no message" : failure.message
            let hint = failure.hint.map { " (\($0))" } ?? ""
            return "the server failed (\(place)): \(message)\(hint)"
        case .incomplete(let incomplete):
            let cause = incomplete.transport.map { ": \($0)" } ?? ""
            return "the stream ended without its terminal record after "
                + "\(incomplete.recordCount) records\(cause)"
        case .malformed(let record):
            return "malformed record at byte \(record.offset) of the body: \(record.error): "
                + record.excerpt
        case .stopped(let stop): return "stopped by a guard: \(stop.verdict)"
        case .cancelled: return "cancelled"
        case .transport(let error, _): return error.description
        }
    }
}
