public import WireBytes

/// The peer's bytes broke HTTP/1.1, or a limit. Terminal for the connection.
public struct HTTP1Error: Error, Equatable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Not `HTTP/1.x SP 3DIGIT` (RFC 9112 4).
        case badStatusLine = "bad-status-line"
        /// Of a request: not `method SP target SP HTTP/1.x` (RFC 9112 3).
        case badRequestLine = "bad-request-line"
        /// A field line that RFC 9112 5 forbids.
        case badHeader = "bad-header"
        /// Content-Length or Transfer-Encoding invalid or in conflict (RFC 9112 6.3).
        case badFraming = "bad-framing"
        /// The chunked coding is broken (RFC 9112 7.1).
        case badChunk = "bad-chunk"
        case tooLarge = "too-large"
        /// Valid, but this client does not do it.
        case unsupported
        /// The input ended before the message was complete.
        case closedEarly = "closed-early"
    }

    public let kind: Kind
    /// Bytes of the message before the one at fault, from its first (1xx responses included).
    public let offset: Int
    public let message: String

    public init(_ kind: Kind, at offset: Int, _ message: String) {
        self.kind = kind
        self.offset = offset
        self.message = message
    }
}

/// How much of a head, of trailers and of chunk framing a peer may send.
public struct HTTP1Limits: Sendable, Equatable {
    public var startLine = ByteLimit.kibibytes(16)
    public var fieldLine = ByteLimit.kibibytes(64)
    /// The whole head: start line, field lines and the empty line.
    public var head = ByteLimit.kibibytes(256)
    public var fieldCount = 512
    public var trailers = ByteLimit.kibibytes(16)
    /// Framing that carries nothing: each chunk's line beyond 16 bytes plus twice its data, summed
    /// (one-byte chunks are honest streaming; unbounded extensions are not).
    public var chunkOverhead = ByteLimit.kibibytes(16)
    public var informationalCount = 32
    public var informational = ByteLimit.kibibytes(64)

    public init() {}

    public static let standard = HTTP1Limits()
}

/// What a response's head may have that the rules forbid, for servers that are known to send it. All of
/// it is off unless asked for: who accepts what a proxy in between reads otherwise can be shown another
/// message than that one saw.
public struct HTTP1Leniencies: OptionSet, Sendable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Lines may end with LF alone (RFC 9112 2.2 allows a recipient that): old CGI programs and servers
    /// in devices send such heads; Go's net/http, hyper and picohttpparser take them.
    public static let bareLineFeeds = HTTP1Leniencies(rawValue: 1)
    /// Blanks may stand between a field's name and the colon, and are passed over (RFC 9112 5.1 forbids
    /// them, and has proxies remove them from responses); hyper has the same option.
    public static let blanksBeforeColon = HTTP1Leniencies(rawValue: 2)
}
