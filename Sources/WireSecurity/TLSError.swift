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
    case revocationList(file: String?)
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
        /// Lists of revoked certificates were given, and none of its issuer that is in force.
        case revocationUnknown
        /// It is for another purpose than being a server, or was issued by what is no authority.
        case wrongPurpose
        /// Its key or digest is too weak: below 112 bits of security (an RSA key of less than 2048
        /// bits, SHA-1), or below what the system's policy asks for.
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

    public init(
        rule: Rule, code: Int, reason: String, depth: Int, subject: String, names: String
    ) {
        self.rule = rule
        self.code = code
        self.reason = reason
        self.depth = depth
        self.subject = subject
        self.names = names
    }
}

extension TLSError {
    /// The server could not prove who it is, or not in the way that was asked for.
    public var isVerification: Bool {
        switch self {
        case .verification, .keyNotPinned: true
        default: false
        }
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .notBuiltIn: "this build has no TLS (it was made without the package trait TLS)"
        case .noTrustedAuthorities(let searched):
            "no trusted authorities were found (searched \(searched.joined(separator: ", "))): "
                + "install ca-certificates, or name a file of them"
        case .unusableCredential(let credential, let reason): "\(credential): \(reason)"
        case .invalidServerName(let name): "'\(name)' is neither a host name nor an IP address"
        case .verification(let failure): failure.description
        case .keyNotPinned(let subject):
            "the server's certificate (\(subject)) has none of the pinned keys"
        case .unexpectedProtocol(let name): "the server chose '\(name)', which was not offered"
        case .alert(let alert):
            "the server ended TLS with the alert \(alert.code) (\(alert.description))"
        case .protocolViolation(let reason): "the server broke TLS: \(reason)"
        case .truncated: "the connection ended without close_notify: something may be missing"
        case .outgoingLimit(let bytes):
            "the server provokes answers without taking them (\(bytes) bytes wait)"
        case .internalFailure(let reason): "TLS failed: \(reason)"
        }
    }
}

extension TLSCredential: CustomStringConvertible {
    public var description: String {
        switch self {
        case .authorities(let file): "the authorities" + TLSCredential.suffix(file)
        case .revocationList(let file):
            "the list of revoked certificates" + TLSCredential.suffix(file)
        case .certificate(let file): "the client certificate" + TLSCredential.suffix(file)
        case .privateKey(let file): "the client key" + TLSCredential.suffix(file)
        case .pinnedKey: "the pinned key"
        }
    }

    private static func suffix(_ file: String?) -> String { file.map { " in \($0)" } ?? "" }
}

extension TLSVerificationFailure: CustomStringConvertible {
    public var description: String {
        let which = depth == 0 ? "the server's certificate" : "a certificate of the server's chain"
        let text = "\(which) (\(subject)) was not accepted: \(reason)"
        return rule == .nameMismatch
            ? "\(text) (it is for \(names.isEmpty ? "no name" : names))" : text
    }
}
