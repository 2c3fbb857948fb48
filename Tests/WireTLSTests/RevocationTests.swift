#if TLS
import TestSupport
import Testing
import WireTLS

/// Certificates that their authorities have taken back, and keys too weak to prove anything.
@Suite struct RevocationTests {
    private let authority = Credential.authority()

    /// How a server with `leaf` fares with a client that has these lists.
    private func outcome(
        _ lists: [[UInt8]], _ leaf: Credential, intermediate: Credential? = nil
    ) -> Result<TLSFacts, TLSError> {
        var configuration = TLSConfiguration.trusting(authority)
        configuration.revocationLists = lists.map { .bytes($0) }
        return WireTLSTests.outcome(
            configuration, TLSTestServer(leaf, intermediate: intermediate))
    }

    @Test func revokedAndNot() {
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let other = Credential("b", by: authority, names: "DNS:a.test")
        let list = authority.revocationList(of: leaf)
        #expect(outcome([list], leaf).brokenRule == .revoked)
        #expect(outcome([list], other).error == nil)
        #expect(outcome([authority.revocationList()], leaf).error == nil)
        // Nobody asks without a list.
        #expect(outcome([], leaf).error == nil)
        // Several in one text, as authorities are given.
        let stranger = Credential.authority("Other CA").revocationList()
        #expect(outcome([stranger + list], leaf).brokenRule == .revoked)
    }

    /// What is not known to be in force is not trusted.
    @Test func withoutAListInForce() {
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let impostor = Credential.authority()
        for list in [
            Credential.authority("Other CA").revocationList(),
            authority.revocationList(validity: -7_200 ... -3_600),
            authority.revocationList(validity: 3_600...7_200),
            // Its name, and another key.
            impostor.revocationList(),
        ] {
            #expect(outcome([list], leaf).brokenRule == .revocationUnknown)
        }
    }

    @Test func theWholeChain() {
        let intermediate = Credential.authority("Intermediate", by: authority)
        let leaf = Credential("a", by: intermediate, names: "DNS:a.test")
        let lists = [authority.revocationList(), intermediate.revocationList()]
        #expect(outcome(lists, leaf, intermediate: intermediate).error == nil)
        for missing in lists.indices {
            let result = outcome([lists[1 - missing]], leaf, intermediate: intermediate)
            #expect(result.brokenRule == .revocationUnknown)
        }
        let without = [authority.revocationList(of: intermediate), lists[1]]
        let result = outcome(without, leaf, intermediate: intermediate)
        #expect(result.brokenRule == .revoked)
        guard case .verification(let failure)? = result.error else { return }
        #expect(failure.depth == 1)
        #expect(failure.subject == "CN=Intermediate")
    }

    @Test func listsThatAreNone() {
        for text in [[], authority.certificate, Array("-----BEGIN X509 CRL-----\nAAAA\n".utf8)] {
            var configuration = TLSConfiguration.trusting(authority)
            configuration.revocationLists = [.bytes(text)]
            do throws(TLSError) {
                _ = try TLSContext(configuration)
                Issue.record("taken for a list: \(String(decoding: text, as: UTF8.self))")
            } catch {
                guard case .unusableCredential(.revocationList(file: nil), _) = error else {
                    Issue.record("\(error)")
                    continue
                }
            }
        }
        var configuration = TLSConfiguration.trusting(authority)
        configuration.revocationLists = [.file("/nonexistent/crl.pem")]
        let file = TLSCredential.revocationList(file: "/nonexistent/crl.pem")
        #expect(throws: TLSError.unusableCredential(file, reason: "No such file or directory")) {
            try TLSContext(configuration)
        }
    }

    /// Of the server's own certificate and of an authority: an RSA key of 1024 bits, a digest of SHA-1.
    @Test func tooWeak() {
        let small = Credential("a", by: authority, names: "DNS:a.test", rsaBits: 1_024)
        #expect(outcome([], small).brokenRule == .tooWeak)
        let large = Credential("a", by: authority, names: "DNS:a.test", rsaBits: 2_048)
        #expect(outcome([], large).error == nil)
        let old = Credential("a", by: authority, names: "DNS:a.test", digest: "SHA1")
        #expect(outcome([], old).brokenRule == .tooWeak)
        let between = Credential("Weak CA", by: authority, isAuthority: true, rsaBits: 1_024)
        let leaf = Credential("a", by: between, names: "DNS:a.test")
        #expect(outcome([], leaf, intermediate: between).brokenRule == .tooWeak)
    }
}
#endif
