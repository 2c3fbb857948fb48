#if TLS
import Synchronization
import TestSupport
import Testing
import WireTLS

/// What a caller can name, rightly and wrongly.
@Suite struct ConfigurationTests {
    private let authority = Credential.authority()

    private func error(_ change: (inout TLSConfiguration) -> Void) -> TLSError? {
        var configuration = TLSConfiguration.trusting(authority)
        change(&configuration)
        do throws(TLSError) { _ = try TLSContext(configuration) } catch { return error }
        return nil
    }

    @Test func nothingTrusted() {
        #expect(error { $0.trust = .only([]) } == .noTrustedAuthorities(searched: []))
    }

    @Test func authoritiesThatAreNone() {
        for text in ["", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            let found = error { $0.trust = .only([.bytes(Array(text.utf8))]) }
            guard case .unusableCredential(.authorities(file: nil), _)? = found else {
                Issue.record("\(text): \(String(describing: found))")
                continue
            }
        }
        let broken = authority.certificate + Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8)
        #expect(error { $0.trust = .only([.bytes(broken)]) } != nil)
        let missing = error { $0.trust = .only([.file("/nonexistent/ca.pem")]) }
        #expect(
            missing
                == .unusableCredential(
                    .authorities(file: "/nonexistent/ca.pem"), reason: "No such file or directory"))
    }

    @Test func severalAuthoritiesInOneText() {
        let other = Credential.authority("Other")
        let leaf = Credential("a", by: other, names: "DNS:a.test")
        var configuration = TLSConfiguration()
        configuration.trust = .only([.bytes(authority.certificate + other.certificate)])
        #expect(outcome(configuration, TLSTestServer(leaf)).error == nil)
        configuration.trust = .only([
            .bytes(authority.certificate), .bytes(other.certificate), .bytes(other.certificate),
        ])
        #expect(outcome(configuration, TLSTestServer(leaf)).error == nil)
    }

    @Test func identities() {
        let own = Credential("client", by: authority)
        let other = Credential("other", by: authority)
        func error(_ certificates: [UInt8], _ key: [UInt8]) -> TLSError? {
            self.error { $0.identity = .init(certificates: .bytes(certificates), key: .bytes(key)) }
        }
        #expect(error(own.certificate, own.key) == nil)
        #expect(error(own.certificate + authority.certificate, own.key) == nil)
        for key in [other.key, own.certificate, [], encryptedKey] {
            guard case .unusableCredential(.privateKey(file: nil), _)? = error(own.certificate, key)
            else {
                Issue.record("\(key)")
                continue
            }
        }
        guard case .unusableCredential(.certificate(file: nil), _)? = error(own.key, own.key) else {
            Issue.record("a key taken for a certificate")
            return
        }
    }

    /// Nobody is asked for its password.
    private let encryptedKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF

        AAAAAAAAAAAAAAAAAAAAAA==
        -----END EC PRIVATE KEY-----

        """.utf8)

    @Test func pins() {
        for count in [0, 31, 33] {
            guard
                case .unusableCredential(.pinnedKey, _)? = error({
                    $0.pinnedKeys = [[UInt8](repeating: 0, count: count)]
                })
            else {
                Issue.record("\(count) bytes")
                continue
            }
        }
    }

    @Test func keyLog() throws {
        let lines = Lines()
        var configuration = TLSConfiguration.trusting(authority)
        configuration.keyLog = { lines.append($0) }
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        #expect(outcome(configuration, TLSTestServer(leaf, version: .tls12)).error == nil)
        #expect(lines.all.map { $0.prefix { $0 != " " } } == ["CLIENT_RANDOM"])
        #expect(outcome(configuration, TLSTestServer(leaf, version: .tls13)).error == nil)
        #expect(lines.all.contains { $0.hasPrefix("CLIENT_TRAFFIC_SECRET_0 ") })
    }

    private final class Lines: Sendable {
        private let lines = Mutex<[String]>([])
        var all: [String] { lines.withLock { $0 } }
        func append(_ line: String) { lines.withLock { $0.append(line) } }
    }
}
#endif
