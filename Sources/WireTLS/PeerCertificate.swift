#if TLS
internal import COpenSSL

/// A certificate, described when somebody asks.
@safe final class SharedCertificate: DescribedCertificate {
    /// Safe because it is counted by OpenSSL, and this count is given back once, in `deinit`.
    nonisolated(unsafe) private let pointer: OpaquePointer

    /// - Parameter pointer: stays its owner's, too.
    init?(_ pointer: OpaquePointer?) {
        guard let pointer = unsafe pointer, unsafe X509_up_ref(pointer) == 1 else { return nil }
        unsafe self.pointer = pointer
    }

    deinit { unsafe X509_free(pointer) }

    var subject: String? { unsafe PeerCertificate.subject(pointer) }
}

/// The server's certificate: judged while it is verified, and described.
enum PeerCertificate {
    static let keyDigestBytes = 32

    /// OpenSSL's verdict on one certificate of the chain, reviewed: called for each finding, and for
    /// each certificate without one.
    ///
    /// - Returns: whether the handshake may go on.
    static func judge(accepted: Bool, chain: OpaquePointer?) -> Bool {
        // Safe because OpenSSL lends all of these for the call.
        let index = SSL_get_ex_data_X509_STORE_CTX_idx()
        guard let owner = unsafe X509_STORE_CTX_get_ex_data(chain, index),
            let pipe = unsafe TLSPipe.of(OpaquePointer(owner))
        else { return false }
        let context = unsafe pipe.pointee.context
        if !accepted && context.verifies {
            unsafe pipe.pointee.refusal = .verification(failure(chain))
            return false
        }
        guard unsafe X509_STORE_CTX_get_error_depth(chain) == 0, !context.pinnedKeys.isEmpty
        else { return true }
        let certificate = unsafe X509_STORE_CTX_get_current_cert(chain)
        if unsafe hasPinnedKey(certificate, context.pinnedKeys) { return true }
        unsafe pipe.pointee.refusal = .keyNotPinned(subject: subject(certificate) ?? "")
        unsafe X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION)
        return false
    }

    static func hasPinnedKey(_ certificate: OpaquePointer?, _ pinned: [[UInt8]]) -> Bool {
        guard let certificate = unsafe certificate else { return false }
        var encoded: UnsafeMutablePointer<UInt8>?
        let count = unsafe i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &encoded)
        guard count > 0, let encoded = unsafe encoded else { return false }
        defer { unsafe CRYPTO_free(encoded, nil, 0) }
        var digest = [UInt8](repeating: 0, count: keyDigestBytes)
        // Safe because `encoded` holds `count` bytes and SHA-256 writes 32.
        let done = unsafe EVP_Digest(encoded, Int(count), &digest, nil, EVP_sha256(), nil)
        return done == 1 && pinned.contains(digest)
    }

    /// The subject as RFC 2253 text, in printable ASCII.
    static func subject(_ certificate: OpaquePointer?) -> String? {
        guard let certificate = unsafe certificate,
            let name = unsafe X509_get_subject_name(certificate)
        else { return nil }
        return unsafe text { bio in
            _ = unsafe copenssl_print_name(bio, name)
        }
    }

    private static func failure(_ chain: OpaquePointer?) -> TLSVerificationFailure {
        let code = unsafe X509_STORE_CTX_get_error(chain)
        let certificate = unsafe X509_STORE_CTX_get_current_cert(chain)
        return unsafe TLSVerificationFailure(
            rule: rule(code), code: Int(code),
            reason: String(cString: X509_verify_cert_error_string(Int(code))),
            depth: Int(X509_STORE_CTX_get_error_depth(chain)),
            subject: subject(certificate) ?? "", names: names(certificate))
    }

    private static func names(_ certificate: OpaquePointer?) -> String {
        guard let certificate = unsafe certificate else { return "" }
        let place = unsafe X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1)
        guard place >= 0, let names = unsafe X509_get_ext(certificate, place) else { return "" }
        return unsafe text { bio in _ = unsafe X509V3_EXT_print(bio, names, 0, 0) }
    }

    /// At most 500 bytes of what is printed; what is not printable ASCII, a peer's choice, as `?`.
    private static func text(_ print: (OpaquePointer) -> Void) -> String {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        unsafe print(bio)
        var start: UnsafeMutablePointer<CChar>?
        let count = unsafe copenssl_memory(bio, &start)
        // Safe because the BIO holds `count` bytes from `start` on until it is freed.
        let bytes = unsafe UnsafeBufferPointer(start: start, count: min(count, 500))
        return unsafe String(
            decoding: bytes.map { 0x20 <= $0 && $0 < 0x7F ? UInt8($0) : UInt8(ascii: "?") },
            as: UTF8.self)
    }

    private static func rule(_ code: Int32) -> TLSVerificationFailure.Rule {
        switch code {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .nameMismatch
        case X509_V_ERR_CERT_HAS_EXPIRED: .expired
        case X509_V_ERR_CERT_NOT_YET_VALID: .notYetValid
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT: .selfSigned
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
            X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            .unknownAuthority
        case X509_V_ERR_CERT_SIGNATURE_FAILURE: .badSignature
        case X509_V_ERR_CERT_REVOKED: .revoked
        case X509_V_ERR_UNABLE_TO_GET_CRL, X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER,
            X509_V_ERR_CRL_SIGNATURE_FAILURE, X509_V_ERR_CRL_NOT_YET_VALID,
            X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_KEYUSAGE_NO_CRL_SIGN,
            X509_V_ERR_DIFFERENT_CRL_SCOPE, X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION,
            X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
            .revocationUnknown
        case X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_PURPOSE, X509_V_ERR_CERT_REJECTED,
            X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
            .wrongPurpose
        case X509_V_ERR_EE_KEY_TOO_SMALL, X509_V_ERR_CA_KEY_TOO_SMALL, X509_V_ERR_CA_MD_TOO_WEAK:
            .tooWeak
        default: .other
        }
    }
}
#endif
