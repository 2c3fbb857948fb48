#if TLS
internal import COpenSSL
internal import Glibc

/// OpenSSL's error queue (one per thread) as values. Whoever calls OpenSSL empties the queue before
/// and reads it after, before anything else runs on the thread.
enum OpenSSLErrors {
    /// Empties the queue. It mostly is empty, and to clear it all the same costs OpenSSL 3 as much as
    /// a third of a record: it frees every slot.
    static func clear() {
        if ERR_peek_error() != 0 { ERR_clear_error() }
    }

    /// The reason of the first error in the queue; empties it.
    static func takeReason() -> String {
        let code = ERR_get_error()
        ERR_clear_error()
        return reason(code)
    }

    static func internalFailure() -> TLSError { .internalFailure(reason: takeReason()) }

    /// Why the peer, or what it sent, ended the connection; empties the queue.
    static func takeFailure() -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard ERR_GET_LIB(code) == ERR_LIB_SSL else {
            return .internalFailure(reason: reason(code))
        }
        let number = ERR_GET_REASON(code)
        if number == SSL_R_UNEXPECTED_EOF_WHILE_READING { return .truncated }
        // Alerts that the peer sent are reasons from this number on.
        if number >= SSL_AD_REASON_OFFSET, let alert = UInt8(exactly: number - SSL_AD_REASON_OFFSET)
        {
            let text = unsafe String(cString: SSL_alert_desc_string_long(Int32(alert)))
            return .alert(TLSAlert(code: alert, description: text))
        }
        return .protocolViolation(reason: reason(code))
    }

    private static func reason(_ code: UInt) -> String {
        if code == 0 { return "no reason given" }
        // Safe because the texts are static, or the thread's own and copied at once.
        if code & systemError != 0 {
            return unsafe String(
                cString: strerror(Int32(truncatingIfNeeded: code & (systemError - 1))))
        }
        if let text = unsafe ERR_reason_error_string(code) { return unsafe String(cString: text) }
        return "error \(code)"
    }

    /// The bit that says that the rest is an `errno`.
    private static let systemError = UInt(1) << 31
}
#endif
