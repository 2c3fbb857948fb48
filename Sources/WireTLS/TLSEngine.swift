#if TLS
internal import COpenSSL
internal import WireBytes

/// One TLS connection's client side, without a socket and without a clock of its own (OpenSSL
/// reads the date when it verifies).
///
/// A driver moves bytes in three steps until it has what it wants: send `outgoing`; call
/// `handshake`, `read` or `write`; when that needs bytes, `receive` some. After any of them, and
/// after a failure too (an alert), there may be `outgoing` bytes to send. A failure is final: every
/// later call throws it again.
///
/// `@unchecked Sendable` because an engine may move between threads: the thread that owns it is that
/// of its only owner. What engines share is in `TLSContext`.
@safe public struct TLSEngine: ~Copyable, @unchecked Sendable {
    private enum Phase {
        case handshake
        case established
        case closed
    }

    /// Safe because both are made in `init` and freed once in `deinit`, `ssl` first.
    private let ssl: OpaquePointer
    private let pipe: UnsafeMutablePointer<TLSPipe>
    private let sessionKey: String?
    private var phase = Phase.handshake
    private var failure: TLSError?

    /// - Parameters:
    ///   - server: the host name or IP address that the certificate has to be for. Names are sent
    ///     as SNI, addresses are not.
    ///   - sessionKey: connections with the same key (an origin, say) may resume each other's
    ///     sessions; nil: none is resumed or kept.
    /// - Throws: `invalidServerName`, `internalFailure`.
    public init(
        _ context: TLSContext, server: String, sessionKey: String? = nil
    ) throws(TLSError) {
        OpenSSLErrors.clear()
        let name = try ServerName(server)
        // A session says nothing about names: it must not be resumed with another one.
        let key = sessionKey.map { "\($0)\u{0}\(name.text)" }
        guard let made = unsafe SSL_new(context.pointer) else {
            throw OpenSSLErrors.internalFailure()
        }
        let memory = UnsafeMutablePointer<TLSPipe>.allocate(capacity: 1)
        unsafe memory.initialize(to: TLSPipe(context: context))
        unsafe copenssl_set_owner(made, memory)
        guard let bio = unsafe ByteBIO.make(over: memory), unsafe TLSEngine.expect(name, made)
        else {
            let error = OpenSSLErrors.internalFailure()
            unsafe SSL_free(made)
            unsafe memory.deinitialize(count: 1)
            unsafe memory.deallocate()
            throw error
        }
        unsafe SSL_set_bio(made, bio, bio)
        unsafe SSL_set_connect_state(made)
        if let key, let session = context.sessions?.take(for: key) {
            unsafe SSL_set_session(made, session.pointer)
        }
        unsafe ssl = made
        unsafe pipe = memory
        self.sessionKey = key
    }

    deinit {
        // OpenSSL spoils the sessions of connections that were not shut down, a rule of old TLS.
        if failure == nil { unsafe SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN) }
        unsafe SSL_free(ssl)
        unsafe pipe.deinitialize(count: 1)
        unsafe pipe.deallocate()
    }

    private static func expect(_ server: ServerName, _ ssl: OpaquePointer) -> Bool {
        // Subject alternative names only; a wildcard is a whole label.
        unsafe SSL_set_hostflags(
            ssl, UInt32(X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
        switch server {
        case .name(let name):
            return unsafe SSL_set1_host(ssl, name) == 1
                && copenssl_set_server_name(ssl, name) == 1
        case .address(_, let octets):
            return unsafe X509_VERIFY_PARAM_set1_ip(SSL_get0_param(ssl), octets, octets.count) == 1
        }
    }

    // MARK: Bytes from and for the peer

    /// Takes bytes that came from the peer.
    ///
    /// - Returns: how many were taken: fewer than there are when enough wait to be read.
    public mutating func receive(_ bytes: Span<UInt8>) -> Int {
        let room = unsafe TLSPipe.inboundLimit.bytes - pipe.pointee.inbound.held
        let count = min(room, bytes.count)
        guard count > 0 else { return 0 }
        do {
            try unsafe pipe.pointee.inbound.append(bytes.extracting(..<count))
        } catch { return 0 }
        return count
    }

    /// Lets `body` append bytes that came from the peer, as `recv(2)` does.
    ///
    /// - Returns: what `body` returned; nil, without calling it, when enough wait to be read.
    public mutating func refill<Result>(_ body: (inout OutputRawSpan) -> Result) -> Result? {
        do {
            return try unsafe pipe.pointee.inbound.refill(body)
        } catch { return nil }
    }

    /// The peer has closed its side. What has been received is still read; then `read` says
    /// `closed` if `close_notify` was part of it, and throws `truncated` if not.
    public mutating func endOfInput() { unsafe pipe.pointee.inputEnded = true }

    /// Bytes to send; borrowed until the engine is used again.
    public var outgoing: Span<UInt8> {
        @_lifetime(borrow self)
        borrowing get {
            // Safe because the buffer is the engine's own and changes only with it.
            unsafe _overrideLifetime(pipe.pointee.outbound.raw, borrowing: self)
        }
    }

    public var outgoingCount: Int { unsafe pipe.pointee.outbound.rawCount }

    /// The first `count` bytes of `outgoing` have been sent.
    public mutating func consumeOutgoing(_ count: Int) {
        unsafe pipe.pointee.outbound.skip(count)
    }

    // MARK: The connection

    /// Goes on with the handshake. The server is verified when it is `done`, not before.
    public mutating func handshake() throws(TLSError) -> TLSHandshakeProgress {
        if let failure { throw failure }
        if phase != .handshake { return .done }
        OpenSSLErrors.clear()
        let result = unsafe SSL_do_handshake(ssl)
        if result != 1 {
            let code = unsafe SSL_get_error(ssl, result)
            if code == SSL_ERROR_WANT_READ { return .needsBytes }
            throw fail(failure(code))
        }
        if let error = objection() {
            unsafe pipe.pointee.outbound.removeAll()
            throw fail(error)
        }
        phase = .established
        keepSessions()
        return .done
    }

    /// Appends plaintext until `output` is full or nothing is left. Call it until it says
    /// `needsBytes` before waiting for the peer: one receive may have brought many records.
    ///
    /// - Precondition: the handshake is done; `output` has room.
    public mutating func read(
        into output: inout OutputRawSpan
    ) throws(TLSError) -> TLSReadResult {
        precondition(phase != .handshake, "reads before the handshake")
        precondition(output.freeCapacity > 0, "no room to read into")
        if let failure { throw failure }
        let before = output.byteCount
        let code = unsafe output.withUnsafeMutableBytes { buffer, count in
            while count < buffer.count {
                OpenSSLErrors.clear()
                var read = 0
                // Safe because OpenSSL writes at most into the rest of the buffer.
                let result = unsafe SSL_read_ex(
                    ssl, buffer.baseAddress! + count, buffer.count - count, &read)
                if result != 1 { return unsafe SSL_get_error(ssl, result) }
                count += read
            }
            return SSL_ERROR_NONE
        }
        keepSessions()
        let isNothing = output.byteCount == before
        switch code {
        case SSL_ERROR_NONE, SSL_ERROR_WANT_READ: break
        case SSL_ERROR_ZERO_RETURN: if isNothing { return .closed }
        default:
            // What came before the failure is delivered before it.
            let error = fail(failure(code))
            if isNothing { throw error }
        }
        return isNothing ? .needsBytes : .bytes(output.byteCount - before)
    }

    /// Encrypts as much as fits what may wait to be sent; call again with the rest once some of
    /// `outgoing` has been sent.
    ///
    /// - Precondition: the handshake is done and `close` was not called.
    /// - Returns: how many bytes were taken.
    public mutating func write(_ plain: Span<UInt8>) throws(TLSError) -> Int {
        precondition(phase == .established, "writes outside the connection's life")
        if let failure { throw failure }
        var taken = 0
        let code = unsafe plain.withUnsafeBytes { bytes in
            while unsafe taken < bytes.count
                && pipe.pointee.outbound.rawCount < TLSPipe.outboundMark
            {
                OpenSSLErrors.clear()
                var written = 0
                // Safe because OpenSSL reads at most the rest of the bytes.
                let result = unsafe SSL_write_ex(
                    ssl, bytes.baseAddress! + taken, bytes.count - taken, &written)
                if result != 1 { return unsafe SSL_get_error(ssl, result) }
                taken += written
            }
            return SSL_ERROR_NONE
        }
        if code != SSL_ERROR_NONE { throw fail(failure(code)) }
        return taken
    }

    /// Puts `close_notify` behind what is `outgoing`; nothing can be written any more. Does
    /// nothing before the handshake is done, after a failure, or a second time.
    public mutating func close() {
        guard phase == .established, failure == nil else { return }
        phase = .closed
        OpenSSLErrors.clear()
        unsafe SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    /// Gives back the memory of buffers that hold nothing, for a connection that is going to be idle.
    /// The next use allocates it again.
    public mutating func releaseBuffers() {
        unsafe SSL_free_buffers(ssl)
        if unsafe pipe.pointee.inbound.held == 0 {
            unsafe pipe.pointee.inbound = ReceiveBuffer(limit: TLSPipe.inboundLimit)
        }
        if unsafe pipe.pointee.outbound.held == 0 {
            unsafe pipe.pointee.outbound = ReceiveBuffer(limit: TLSPipe.outboundLimit)
        }
    }

    /// Takes in what was received on a connection of which nothing is expected.
    ///
    /// - Returns: whether it was nothing but what TLS itself has to say: session tickets.
    public mutating func isSilent() -> Bool {
        guard phase == .established, failure == nil else { return false }
        OpenSSLErrors.clear()
        var byte: UInt8 = 0
        var count = 0
        // Safe because OpenSSL writes at most one byte.
        let result = unsafe SSL_peek_ex(ssl, &byte, 1, &count)
        let isSilent = unsafe result != 1 && SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ
        OpenSSLErrors.clear()
        keepSessions()
        return unsafe isSilent && pipe.pointee.inbound.rawCount == 0
    }

    // MARK: Facts

    /// The handshake is done, the server verified.
    public var isEstablished: Bool { phase != .handshake }

    /// The peer has said that nothing more comes, and all that came before has been read.
    public var hasReceivedCloseNotify: Bool {
        unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    /// What `read` has not told yet, but will whatever else arrives: an end, or a failure.
    public var hasReachedEnd: Bool {
        unsafe failure != nil || pipe.pointee.inputEnded || hasReceivedCloseNotify
    }

    /// Bytes have been received that were not read: `read` before waiting for more.
    public var hasBufferedInput: Bool {
        unsafe pipe.pointee.inbound.rawCount > 0 || SSL_has_pending(ssl) == 1
    }

    /// How the handshake went; nil until it is done.
    public func facts() -> TLSFacts? {
        guard phase != .handshake else { return nil }
        // Safe because the texts are static, and the certificate is the session's.
        return unsafe TLSFacts(
            version: String(cString: SSL_get_version(ssl)),
            cipher: String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl))),
            certificate: SharedCertificate(SSL_get0_peer_certificate(ssl)),
            applicationProtocol: applicationProtocol, isResumed: SSL_session_reused(ssl) == 1)
    }

    // MARK: Private

    private var applicationProtocol: String? {
        var start: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &start, &count)
        guard let start = unsafe start, count > 0 else { return nil }
        // Safe because OpenSSL keeps `count` bytes for the connection's life.
        return unsafe String(
            decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// What is wrong with a handshake that OpenSSL is content with.
    private func objection() -> TLSError? {
        let context = unsafe pipe.pointee.context
        if let chosen = applicationProtocol, chosen != TLSContext.offeredProtocol {
            return .unexpectedProtocol(chosen)
        }
        let verdict = unsafe SSL_get_verify_result(ssl)
        if context.verifies && verdict != Int(X509_V_OK) {
            return .protocolViolation(reason: "no verified certificate")
        }
        // Where a session is resumed, no certificate was sent and judged.
        let certificate = unsafe SSL_get0_peer_certificate(ssl)
        if !context.pinnedKeys.isEmpty,
            unsafe !PeerCertificate.hasPinnedKey(certificate, context.pinnedKeys)
        {
            return unsafe .keyNotPinned(subject: PeerCertificate.subject(certificate) ?? "")
        }
        return nil
    }

    private mutating func fail(_ error: TLSError) -> TLSError {
        failure = error
        return error
    }

    private func failure(_ code: Int32) -> TLSError {
        let error = OpenSSLErrors.takeFailure()
        if let refusal = unsafe pipe.pointee.refusal { return refusal }
        if unsafe pipe.pointee.outputRefused {
            return .outgoingLimit(bytes: TLSPipe.outboundLimit.bytes)
        }
        return code == SSL_ERROR_ZERO_RETURN ? .truncated : error
    }

    /// Sessions that came during the handshake or with data; only now is it known that they belong
    /// to a verified connection.
    private mutating func keepSessions() {
        guard unsafe !pipe.pointee.newSessions.isEmpty else { return }
        if let sessionKey, let cache = unsafe pipe.pointee.context.sessions {
            for session in unsafe pipe.pointee.newSessions { cache.put(session, for: sessionKey) }
        }
        unsafe pipe.pointee.newSessions.removeAll()
    }
}
#endif
