/// What connections have in common: whom they trust, as whom they come. Verification is on unless
/// it is turned off by its long name.
public struct TLSConfiguration: Sendable {
    /// PEM text (RFC 7468) in memory, or a file of it, read when the context is made.
    public enum PEM: Sendable, Equatable {
        case bytes([UInt8])
        case file(String)
    }

    /// Which authorities may vouch for a server.
    public enum Trust: Sendable, Equatable {
        /// Those of `SSL_CERT_FILE` and `SSL_CERT_DIR` if either is set; else OpenSSL's own default
        /// paths; else the places where distributions keep them.
        case system
        /// Those and these.
        case systemAnd([PEM])
        /// These alone.
        case only([PEM])
    }

    public enum Verification: Sendable, Equatable {
        /// The chain, the dates and the server's name (RFC 9110 4.3.4, RFC 9525).
        case full
        /// None at all: whoever answers is talked to. Pinned keys still hold.
        case insecureAcceptingAnyCertificate
    }

    /// What this side shows a server that asks for a certificate.
    public struct Identity: Sendable, Equatable {
        /// The certificate, then any intermediate ones.
        public var certificates: PEM
        /// The private key, not encrypted.
        public var key: PEM

        public init(certificates: PEM, key: PEM) {
            self.certificates = certificates
            self.key = key
        }
    }

    public var trust: Trust = .system
    public var verification: Verification = .full
    /// Lists of certificates that their authorities have revoked (CRLs, RFC 5280 5). With any, every
    /// certificate of a server's chain, the trusted one included, needs a list of its issuer that is in
    /// force, or is refused by `revocationUnknown`. None: nobody asks whether one was revoked; nothing
    /// is ever fetched. They are read when the context is made, and not again.
    public var revocationLists: [PEM] = []
    public var identity: Identity?
    /// SHA-256 digests (32 bytes each) of the public keys (SubjectPublicKeyInfo, DER) of which the
    /// server's own certificate must have one, besides being verified. Empty: any key.
    public var pinnedKeys: [[UInt8]] = []
    /// Sessions are kept in the context and resumed; false: every handshake is a whole one.
    public var resumesSessions = true
    /// Gets lines in the format of `SSLKEYLOGFILE`, without line ends: whoever has them can read
    /// the traffic. Called in the middle of a handshake; it must not use the engine.
    public var keyLog: (@Sendable (String) -> Void)?

    public init() {}
}

/// Printed without the key's bytes.
extension TLSConfiguration.Identity: CustomReflectable {
    public var customMirror: Mirror {
        let shown: TLSConfiguration.PEM? = if case .file = key { key } else { nil }
        return Mirror(
            self, children: ["certificates": certificates, "key": shown as Any],
            displayStyle: .struct)
    }
}

/// How a handshake went, for reports.
public struct TLSFacts: Sendable, Equatable {
    /// `TLSv1.3`
    public var version: String
    /// `TLS_AES_256_GCM_SHA384`
    public var cipher: String
    /// The subject of the server's certificate (RFC 2253); nil where it has none.
    public var peerSubject: String? { certificate?.subject }
    /// The protocol that the server chose; nil when it chose none.
    public var applicationProtocol: String?
    /// An earlier session was resumed: no certificate was sent in this handshake.
    public var isResumed: Bool

    private let certificate: (any DescribedCertificate)?

    package init(
        version: String, cipher: String, certificate: (any DescribedCertificate)?,
        applicationProtocol: String?, isResumed: Bool
    ) {
        self.version = version
        self.cipher = cipher
        self.certificate = certificate
        self.applicationProtocol = applicationProtocol
        self.isResumed = isResumed
    }

    public static func == (a: TLSFacts, b: TLSFacts) -> Bool {
        a.version == b.version && a.cipher == b.cipher && a.peerSubject == b.peerSubject
            && a.applicationProtocol == b.applicationProtocol && a.isResumed == b.isResumed
    }
}

/// A certificate whose text is made when it is asked for: most who connect never ask.
package protocol DescribedCertificate: Sendable {
    var subject: String? { get }
}
