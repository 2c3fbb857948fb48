import TestSupport
import WireExchange
import WireSecurity

#if TLS
/// The peers' own authority, and what they and a client show.
struct PeerCertificates: Sendable {
    static let areAvailable = true

    private let issuer = Credential.authority("Real Peers CA")
    private let leaf: Credential
    private let client: Credential

    init() {
        leaf = Credential("localhost", by: issuer, names: "DNS:localhost,IP:127.0.0.1")
        client = Credential("client", by: issuer)
    }

    var authority: [UInt8] { issuer.certificate }
    /// Certificate and key, as all of the peers take them.
    var server: [UInt8] { leaf.certificate + leaf.key }
    var identity: TLSConfiguration.Identity {
        .init(certificates: .bytes(client.certificate), key: .bytes(client.key))
    }
}
#else
struct PeerCertificates: Sendable {
    static let areAvailable = false

    var authority: [UInt8] { [] }
    var server: [UInt8] { [] }
}
#endif
