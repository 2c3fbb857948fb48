/// Why TLS failed. Texts come from OpenSSL, and from the peer's certificate with everything but
/// printable ASCII replaced.
public enum TLSError: Error, Sendable, Equatable {
    /// This build has no TLS: it was made without the package trait `TLS`.
    case notBuiltIn

    // The caller's side: found before a byte is sent.

    /// No authority was found anywhere: nothing could be verified. With the places looked at.
    case noTrustedAuthorities(searched: [String])
    /// A file or a text that should hold certificates or a key does not.
    case unusableCredential(TLSCredential, reason: String)
    /// Neither a host name nor an IP address.
    case invalidServerName(String)

    // The peer's side.

    /// The server could not prove who it is.
    case verification(TLSVerificationFailure)
    /// The server's certificate is in order, but has none of the pinned keys.
    case keyNotPinned(subject: String)
    /// The server chose a protocol that was not offered.
    case unexpectedProtocol(String)
    /// The peer ended the connection with a fatal alert (RFC 8446 6.2).
    case alert(TLSAlert)
    /// The peer broke the protocol, or does not speak it.
    case protocolViolation(reason: String)
    /// The connection ended without `close_notify`: something may be missing.
    case truncated
    /// The peer provokes more answers than are taken off `outgoing`.
    case outgoingLimit(bytes: Int)

    /// OpenSSL failed by itself: memory, say.
    case internalFailure(reason: String)
}

/// What a configuration names.
public enum TLSCredential: Sendable, Equatable {
    case authorities(file: String?)
    case certificate(file: String?)
    case privateKey(file: String?)
    case pinnedKey
}

/// A fatal alert by its number.
public struct TLSAlert: Sendable, Equatable, CustomStringConvertible {
    public var code: UInt8
    /// `certificate required`
    public var description: String

    public init(code: UInt8, description: String) {
        self.code = code
        self.description = description
    }
}

/// What was wrong with a certificate.
public struct TLSVerificationFailure: Sendable, Equatable {
    /// The rule that it broke.
    public enum Rule: Sendable, Equatable {
        /// It is for other names or addresses.
        case nameMismatch
        case expired
        case notYetValid
        /// It vouches for itself, and is not trusted.
        case selfSigned
        /// Nobody trusted vouches for it; or an intermediate certificate is missing.
        case unknownAuthority
        case badSignature
        case revoked
        /// It is for another purpose than being a server, or was issued by what is no authority.
        case wrongPurpose
        /// Its key or digest is too weak for the system's security level.
        case tooWeak
        case other
    }

    public var rule: Rule
    /// OpenSSL's `X509_V_ERR_` number and its text.
    public var code: Int
    public var reason: String
    /// Which certificate: 0 is the server's own, 1 its issuer's, and so on.
    public var depth: Int
    public var subject: String
    /// What the certificate is for (its subjectAltName), shortened.
    public var names: String
}
