#if TLS
internal import COpenSSL

/// Certificates and keys out of PEM text.
enum Credentials {
    /// Every certificate in it; at least one.
    static func forEachCertificate(
        _ source: TLSConfiguration.PEM, _ role: (String?) -> TLSCredential,
        _ body: (OpaquePointer) -> Bool
    ) throws(TLSError) {
        try unsafe forEach(
            source, role, { unsafe PEM_read_bio_X509($0, nil, noPassword, nil) },
            { unsafe X509_free($0) }, body)
    }

    /// Every list of revoked certificates in it; at least one.
    static func forEachRevocationList(
        _ source: TLSConfiguration.PEM, _ role: (String?) -> TLSCredential,
        _ body: (OpaquePointer) -> Bool
    ) throws(TLSError) {
        try unsafe forEach(
            source, role, { unsafe PEM_read_bio_X509_CRL($0, nil, noPassword, nil) },
            { unsafe X509_CRL_free($0) }, body)
    }

    private static func forEach(
        _ source: TLSConfiguration.PEM, _ role: (String?) -> TLSCredential,
        _ read: (OpaquePointer) -> OpaquePointer?, _ free: (OpaquePointer) -> Void,
        _ body: (OpaquePointer) -> Bool
    ) throws(TLSError) {
        ERR_clear_error()
        let bio = try unsafe open(source, role)
        defer { unsafe BIO_free(bio) }
        var count = 0
        while let object = unsafe read(bio) {
            defer { unsafe free(object) }
            guard unsafe body(object) else { throw unusable(source, role) }
            count += 1
        }
        let last = ERR_peek_last_error()
        let isEnd = ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE
        guard isEnd, count > 0 else { throw unusable(source, role) }
        ERR_clear_error()
    }

    /// - Returns: an `EVP_PKEY` that the caller frees.
    static func privateKey(_ source: TLSConfiguration.PEM) throws(TLSError) -> OpaquePointer {
        ERR_clear_error()
        let bio = try unsafe open(source) { .privateKey(file: $0) }
        defer { unsafe BIO_free(bio) }
        guard let key = unsafe PEM_read_bio_PrivateKey(bio, nil, noPassword, nil) else {
            throw unusable(source) { .privateKey(file: $0) }
        }
        return unsafe key
    }

    static func unusable(
        _ source: TLSConfiguration.PEM, _ role: (String?) -> TLSCredential
    ) -> TLSError {
        var file: String?
        if case .file(let path) = source { file = path }
        return .unusableCredential(role(file), reason: OpenSSLErrors.takeReason())
    }

    private static func open(
        _ source: TLSConfiguration.PEM, _ role: (String?) -> TLSCredential
    ) throws(TLSError) -> OpaquePointer {
        switch source {
        case .file(let path):
            guard let bio = unsafe BIO_new_file(path, "r") else { throw unusable(source, role) }
            return unsafe bio
        case .bytes(let bytes):
            guard let bio = unsafe BIO_new(BIO_s_mem()) else {
                throw OpenSSLErrors.internalFailure()
            }
            let copied = unsafe bytes.withUnsafeBytes {
                // Safe because the bytes are copied during the call.
                unsafe BIO_write(bio, $0.baseAddress, Int32(clamping: $0.count))
            }
            if copied != bytes.count {
                unsafe BIO_free(bio)
                throw unusable(source, role)
            }
            return unsafe bio
        }
    }

    /// OpenSSL would ask on the terminal.
    private static let noPassword:
        @convention(c) (
            UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?
        ) -> Int32 = { _, _, _, _ in -1 }
}

/// This side's certificate and key.
enum Identity {
    static func load(
        _ identity: TLSConfiguration.Identity, into context: OpaquePointer
    ) throws(TLSError) {
        var isFirst = true
        let role = { TLSCredential.certificate(file: $0) }
        try unsafe Credentials.forEachCertificate(identity.certificates, role) { certificate in
            defer { isFirst = false }
            return unsafe isFirst
                ? SSL_CTX_use_certificate(context, certificate) == 1
                : copenssl_add_chain(context, certificate) == 1
        }
        let key = try unsafe Credentials.privateKey(identity.key)
        defer { unsafe EVP_PKEY_free(key) }
        guard unsafe SSL_CTX_use_PrivateKey(context, key) == 1,
            unsafe SSL_CTX_check_private_key(context) == 1
        else { throw Credentials.unusable(identity.key) { .privateKey(file: $0) } }
    }
}
#endif
