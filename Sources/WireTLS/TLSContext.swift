#if TLS
internal import COpenSSL

/// A configuration made ready for use: certificates read, policies set. Make one and share it: any
/// number of engines on any threads may use it at once, and they share its sessions.
@safe public final class TLSContext: Sendable {
    /// Whether this build has TLS: only with the package trait `TLS`.
    public static var isAvailable: Bool { true }

    /// Safe because it is set up in `init`, not changed afterwards, freed in `deinit`; OpenSSL
    /// counts and locks what engines share.
    nonisolated(unsafe) let pointer: OpaquePointer
    let verifies: Bool
    let pinnedKeys: [[UInt8]]
    let sessions: SessionCache?
    let keyLog: (@Sendable (String) -> Void)?

    /// Reads what the configuration names.
    ///
    /// - Throws: `noTrustedAuthorities`, `unusableCredential`, `internalFailure`.
    public convenience init(_ configuration: TLSConfiguration) throws(TLSError) {
        try self.init(configuration, SystemTrust.current)
    }

    init(_ configuration: TLSConfiguration, _ system: SystemTrust) throws(TLSError) {
        ERR_clear_error()
        guard let made = unsafe SSL_CTX_new(TLS_client_method()) else {
            throw OpenSSLErrors.internalFailure()
        }
        unsafe pointer = made
        verifies = configuration.verification == .full
        pinnedKeys = configuration.pinnedKeys
        // What nobody verified must not be resumed as if somebody had.
        sessions = verifies && configuration.resumesSessions ? SessionCache() : nil
        keyLog = configuration.keyLog
        try setPolicies()
        try setVerification(configuration, system)
        if let identity = configuration.identity {
            try unsafe Identity.load(identity, into: pointer)
        }
        setCallbacks()
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    private func setPolicies() throws(TLSError) {
        unsafe copenssl_context_defaults(pointer)
        let offered =
            [UInt8(TLSContext.offeredProtocol.utf8.count)] + TLSContext.offeredProtocol.utf8
        let refused = unsafe SSL_CTX_set_alpn_protos(pointer, offered, UInt32(offered.count))
        guard refused == 0, unsafe copenssl_set_minimum_version(pointer, TLS1_2_VERSION) == 1 else {
            throw OpenSSLErrors.internalFailure()
        }
    }

    static let offeredProtocol = "http/1.1"
    /// 112 bits (`SSL_CTX_set_security_level(3)`), whatever OpenSSL was built with.
    private static let securityLevel: Int32 = 2

    private func setVerification(
        _ configuration: TLSConfiguration, _ system: SystemTrust
    ) throws(TLSError) {
        if pinnedKeys.contains(where: { $0.count != PeerCertificate.keyDigestBytes }) {
            throw .unusableCredential(.pinnedKey, reason: "not the 32 bytes of a SHA-256 digest")
        }
        if verifies, let store = unsafe SSL_CTX_get_cert_store(pointer) {
            try unsafe TrustStore.load(configuration.trust, system, into: store)
            try unsafe TrustStore.load(
                revocationLists: configuration.revocationLists, into: store)
            unsafe copenssl_set_minimum_security(pointer, TLSContext.securityLevel)
            // An intermediate authority that the caller trusts is an anchor too.
            unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
        }
        // The callback lets everything pass when nothing is to be verified, but for pinned keys.
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER) { accepted, chain in
            unsafe PeerCertificate.judge(accepted: accepted != 0, chain: chain) ? 1 : 0
        }
    }

    private func setCallbacks() {
        if sessions != nil {
            unsafe copenssl_cache_outside(pointer)
            unsafe SSL_CTX_sess_set_new_cb(pointer) { ssl, session in
                unsafe TLSPipe.of(ssl)?.pointee.keep(session) == true ? 1 : 0
            }
        }
        if keyLog != nil {
            unsafe SSL_CTX_set_keylog_callback(pointer) { ssl, line in
                guard let line = unsafe line, let pipe = unsafe TLSPipe.of(ssl) else { return }
                unsafe pipe.pointee.context.keyLog?(String(cString: line))
            }
        }
    }
}
#endif
