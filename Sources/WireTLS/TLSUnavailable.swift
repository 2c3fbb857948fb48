#if !TLS
/// A build without the package trait `TLS` has no OpenSSL: no context can be made, and so nothing
/// else either.
public final class TLSContext: Sendable {
    public static var isAvailable: Bool { false }

    /// - Throws: always `TLSError.notBuiltIn`.
    public init(_ configuration: TLSConfiguration) throws(TLSError) { throw .notBuiltIn }
}

/// Never there in this build; the same interface, so that its users need no conditions.
public struct TLSEngine: ~Copyable, Sendable {
    private let never: Never

    public init(
        _ context: TLSContext, server: String, sessionKey: String? = nil
    ) throws(TLSError) { throw .notBuiltIn }

    public mutating func receive(_ bytes: Span<UInt8>) -> Int { switch never {} }
    public mutating func refill<Result>(_ body: (inout OutputRawSpan) -> Result) -> Result? {
        switch never {}
    }
    public mutating func endOfInput() { switch never {} }
    public mutating func handshake() throws(TLSError) -> TLSHandshakeProgress { switch never {} }
    public mutating func read(
        into output: inout OutputRawSpan
    ) throws(TLSError) -> TLSReadResult { switch never {} }
    public mutating func write(_ plain: Span<UInt8>) throws(TLSError) -> Int { switch never {} }
    public mutating func isSilent() -> Bool { switch never {} }
    public mutating func close() { switch never {} }
    public mutating func releaseBuffers() { switch never {} }
    public var outgoing: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get { switch never {} }
    }
    public var outgoingCount: Int { switch never {} }
    public mutating func consumeOutgoing(_ count: Int) { switch never {} }
    public var isEstablished: Bool { switch never {} }
    public var hasReceivedCloseNotify: Bool { switch never {} }
    public var hasReachedEnd: Bool { switch never {} }
    public var hasBufferedInput: Bool { switch never {} }
    public func facts() -> TLSFacts? { switch never {} }
}
#endif
