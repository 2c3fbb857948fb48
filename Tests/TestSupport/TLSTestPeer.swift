#if TLS
internal import CTLSPeer
internal import Glibc

/// A certificate and its key.
@safe public final class Credential: Sendable {
    /// Safe because it does not change once it is made.
    nonisolated(unsafe) let pointer: OpaquePointer

    /// - Parameters:
    ///   - issuer: nil: self-signed.
    ///   - names: in OpenSSL's syntax, `DNS:a.test,IP:192.0.2.1`.
    ///   - validity: seconds from now.
    ///   - rsaBits: an RSA key of that size; nil: one on the curve P-256.
    ///   - digest: what it is signed with, by OpenSSL's name.
    public init(
        _ commonName: String, by issuer: Credential? = nil, names: String? = nil,
        usage: String? = nil, validity: ClosedRange<Int> = -86_400...86_400,
        isAuthority: Bool = false, rsaBits: Int32? = nil, digest: String? = nil
    ) {
        let texts = unsafe [commonName, names, usage, digest].map { text in
            unsafe text.map { unsafe strdup($0)! }
        }
        defer { unsafe texts.forEach { unsafe free($0) } }
        var options = unsafe peer_certificate_options(
            common_name: texts[0], names: texts[1], extended_key_usage: texts[2],
            not_before: validity.lowerBound, not_after: validity.upperBound,
            is_authority: isAuthority, rsa_bits: rsaBits ?? 0, digest: texts[3])
        guard let made = unsafe peer_issue(issuer?.pointer, &options) else {
            fatalError("no such certificate: \(commonName) \(names ?? "")")
        }
        unsafe pointer = made
    }

    deinit { unsafe peer_credential_free(pointer) }

    public static func authority(_ name: String = "Test CA", by issuer: Credential? = nil)
        -> Credential
    {
        Credential(name, by: issuer, isAuthority: true)
    }

    public var certificate: [UInt8] { unsafe taken(peer_certificate_pem(pointer)) }
    public var key: [UInt8] { unsafe taken(peer_key_pem(pointer)) }
    /// PEM text of what it has revoked, in force for so many seconds from now.
    public func revocationList(
        of revoked: Credential? = nil, validity: ClosedRange<Int> = -3_600...86_400
    ) -> [UInt8] {
        let list = unsafe peer_revocation_list_pem(
            pointer, revoked?.pointer, validity.lowerBound, validity.upperBound)
        return unsafe taken(list)
    }

    public var keyDigest: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        unsafe peer_key_digest(pointer, &digest)
        return digest
    }

    private func taken(_ text: UnsafeMutablePointer<CChar>?) -> [UInt8] {
        defer { unsafe free(text) }
        return unsafe Array(String(cString: text!).utf8)
    }
}

public enum TLSVersion: Int32, Sendable {
    case tls11 = 0x0302
    case tls12 = 0x0303
    case tls13 = 0x0304
}

/// OpenSSL's server, without a socket; for any number of threads.
@safe public final class TLSTestServer: Sendable {
    /// Safe because it does not change once it is made, and OpenSSL locks inside.
    nonisolated(unsafe) private let pointer: OpaquePointer

    public init(
        _ leaf: Credential, intermediate: Credential? = nil, clientAuthority: Credential? = nil,
        chooses applicationProtocol: String? = "http/1.1",
        version: TLSVersion? = nil, tickets: Int = 2
    ) {
        let chosen = unsafe applicationProtocol.map { unsafe strdup($0)! }
        defer { unsafe free(chosen) }
        var options = unsafe peer_server_options(
            leaf: leaf.pointer, intermediate: intermediate?.pointer,
            client_authority: clientAuthority?.pointer, application_protocol: chosen,
            minimum_version: (version ?? .tls12).rawValue,
            maximum_version: (version ?? .tls13).rawValue, tickets: Int32(tickets))
        unsafe pointer = peer_server_make(&options)!
    }

    deinit { unsafe peer_server_free(pointer) }

    public func accept() -> TestPeer { unsafe TestPeer(peer_accept(pointer)!, self) }
}

/// The server's side of one connection.
@safe public final class TestPeer {
    public enum Status: Equatable { case done, wantsBytes, closed, failed }

    private let pointer: OpaquePointer
    private let server: TLSTestServer

    init(_ pointer: OpaquePointer, _ server: TLSTestServer) {
        unsafe self.pointer = pointer
        self.server = server
    }

    deinit { unsafe peer_connection_free(pointer) }

    public func put(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe peer_put(pointer, $0.baseAddress, $0.count) }
    }

    /// All that it has to send.
    public func take() -> [UInt8] {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe peer_take(pointer, &piece, piece.count)
            if count == 0 { return all }
            all += piece[..<count]
        }
    }

    public func handshake() -> Status { unsafe status(peer_handshake(pointer)) }

    /// All that has come.
    public func read() -> (bytes: [UInt8], status: Status) {
        var all: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while true {
            var count = 0
            let status = unsafe status(peer_read(pointer, &piece, piece.count, &count))
            if status != .done { return (all, status) }
            all += piece[..<count]
        }
    }

    public func write(_ bytes: [UInt8]) { _ = unsafe peer_write(pointer, bytes, bytes.count) }
    public func close() { unsafe peer_close(pointer) }
    public func updateKeys() { unsafe peer_update_keys(pointer) }
    public func renegotiate() { unsafe peer_renegotiate(pointer) }

    public var serverName: String? {
        unsafe peer_server_name(pointer).map { unsafe String(cString: $0) }
    }
    public var isResumed: Bool { unsafe peer_is_resumed(pointer) }
    public var hasClientCertificate: Bool { unsafe peer_has_client_certificate(pointer) }

    private func status(_ status: peer_status) -> Status {
        switch status {
        case PEER_DONE: .done
        case PEER_WANTS_BYTES: .wantsBytes
        case PEER_CLOSED: .closed
        default: .failed
        }
    }
}
#endif
