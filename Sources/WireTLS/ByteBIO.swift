#if TLS
internal import COpenSSL
internal import WireBytes

/// What OpenSSL reads from and writes to, and what its callbacks leave for the engine. It has an
/// address of its own for as long as the engine lives.
///
/// Callbacks run inside an OpenSSL call, while the engine holds no access to any of it.
struct TLSPipe: ~Copyable {
    /// As much as a driver reads at once; a record is at most 16 KiB and some.
    static let inboundLimit = ByteLimit.kibibytes(128)
    /// Nothing more is encrypted while so much waits to be sent.
    static let outboundMark = 64 << 10
    /// Above the mark: a record, and answers that the protocol itself demands.
    static let outboundLimit = ByteLimit.kibibytes(192)

    let context: TLSContext
    var inbound = ReceiveBuffer(limit: inboundLimit)
    var outbound = ReceiveBuffer(limit: outboundLimit)
    /// The peer has closed its side of the connection: nothing comes behind `inbound`.
    var inputEnded = false
    var outputRefused = false
    /// Why the certificate was refused.
    var refusal: TLSError?
    var newSessions: [Session] = []

    init(context: TLSContext) { self.context = context }

    static func of(_ ssl: OpaquePointer?) -> UnsafeMutablePointer<TLSPipe>? {
        // Safe because the engine has set it, and frees `ssl` before it.
        unsafe copenssl_owner(ssl)?.assumingMemoryBound(to: TLSPipe.self)
    }

    /// Takes a session that the server has offered, until the engine knows that it may be used.
    mutating func keep(_ session: OpaquePointer?) -> Bool {
        guard let session = unsafe session, unsafe SSL_SESSION_is_resumable(session) == 1
        else { return false }
        // A server may offer as many as it likes.
        if newSessions.count == SessionCache.sessionsPerKey { newSessions.removeFirst() }
        unsafe newSessions.append(Session(owning: session))
        return true
    }
}

/// A BIO over a `TLSPipe`: memory in, memory out, without a copy that OpenSSL does not make itself.
enum ByteBIO {
    /// - Parameter pipe: has to outlive the BIO.
    static func make(over pipe: UnsafeMutablePointer<TLSPipe>) -> OpaquePointer? {
        guard let bio = unsafe BIO_new(method) else { return nil }
        unsafe BIO_set_data(bio, pipe)
        unsafe BIO_set_init(bio, 1)
        return unsafe bio
    }

    /// Safe because it is made once, before anybody sees it, and never changed or freed.
    nonisolated(unsafe) private static let method: OpaquePointer? = {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        guard let method = unsafe BIO_meth_new(kind, "byte buffers") else { return nil }
        unsafe BIO_meth_set_read(method) { bio, target, room in
            unsafe ByteBIO.read(bio, target, Int(room))
        }
        unsafe BIO_meth_set_write(method) { bio, source, count in
            unsafe ByteBIO.write(bio, source, Int(count))
        }
        unsafe BIO_meth_set_ctrl(method) { bio, command, _, _ in
            unsafe ByteBIO.control(bio, command)
        }
        return unsafe method
    }()

    private static func pipe(_ bio: OpaquePointer?) -> UnsafeMutablePointer<TLSPipe>? {
        unsafe BIO_get_data(bio)?.assumingMemoryBound(to: TLSPipe.self)
    }

    private static func read(
        _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ room: Int
    ) -> Int32 {
        guard let pipe = unsafe pipe(bio), let target = unsafe target, room > 0 else { return -1 }
        unsafe copenssl_clear_retry(bio)
        let count = unsafe min(room, pipe.pointee.inbound.rawCount)
        if count == 0 {
            if unsafe pipe.pointee.inputEnded { return 0 }
            unsafe copenssl_retry_read(bio)
            return -1
        }
        unsafe pipe.pointee.inbound.raw.withUnsafeBytes { bytes in
            // Safe because `count` bytes are there, and OpenSSL has room for them.
            unsafe UnsafeMutableRawPointer(target).copyMemory(
                from: bytes.baseAddress!, byteCount: count)
        }
        unsafe pipe.pointee.inbound.skip(count)
        return Int32(count)
    }

    private static func write(
        _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int
    ) -> Int32 {
        guard let pipe = unsafe pipe(bio), let source = unsafe source, count > 0 else { return -1 }
        unsafe copenssl_clear_retry(bio)
        // Safe because OpenSSL lends `count` bytes for the call.
        let bytes = unsafe UnsafeRawBufferPointer(start: source, count: count)
        do {
            try unsafe pipe.pointee.outbound.append(bytes.bindMemory(to: UInt8.self).span)
            return Int32(count)
        } catch {
            unsafe pipe.pointee.outputRefused = true
            return -1
        }
    }

    private static func control(_ bio: OpaquePointer?, _ command: Int32) -> Int {
        guard let pipe = unsafe pipe(bio) else { return 0 }
        switch command {
        case BIO_CTRL_FLUSH: return 1
        case BIO_CTRL_EOF:
            return unsafe pipe.pointee.inputEnded && pipe.pointee.inbound.rawCount == 0 ? 1 : 0
        case BIO_CTRL_PENDING: return unsafe pipe.pointee.inbound.rawCount
        default: return 0
        }
    }
}
#endif
