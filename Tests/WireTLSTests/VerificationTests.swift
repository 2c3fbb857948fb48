#if TLS
import TestSupport
import Testing
import WireTLS

/// Whom an engine believes.
@Suite struct VerificationTests {
    private let authority = Credential.authority()

    private func outcome(
        names: String?, commonName: String = "unused", asking name: String
    ) -> Result<TLSFacts, TLSError> {
        let leaf = Credential(commonName, by: authority, names: names)
        return WireTLSTests.outcome(.trusting(authority), TLSTestServer(leaf), name: name)
    }

    @Test(arguments: [
        ("DNS:a.test", "a.test"), ("DNS:a.test", "A.TeSt"), ("DNS:A.TEST", "a.test"),
        ("DNS:a.test", "a.test."), ("DNS:x.test,DNS:a.test", "a.test"),
        ("DNS:*.example.test", "a.example.test"), ("IP:192.0.2.1", "192.0.2.1"),
        ("IP:2001:db8::1", "2001:db8::1"), ("IP:2001:db8::1", "2001:DB8:0:0::1"),
        ("IP:2001:db8::1", "[2001:db8::1]"), ("IP:fe80::1", "fe80::1%eth0"),
        ("DNS:under_score.test", "under_score.test"),
    ])
    func namesThatMatch(names: String, name: String) throws {
        let facts = try outcome(names: names, asking: name).get()
        #expect(facts.peerSubject == "CN=unused")
        #expect(facts.applicationProtocol == "http/1.1")
        #expect(facts.version == "TLSv1.3")
        #expect(facts.cipher.hasPrefix("TLS_"))
        #expect(!facts.isResumed)
    }

    @Test(arguments: [
        ("DNS:b.test", "a.test"), ("DNS:a.test", "x.a.test"), ("DNS:x.a.test", "a.test"),
        // A wildcard is one whole label, the leftmost, of a name of three labels or more.
        ("DNS:*.example.test", "example.test"), ("DNS:*.example.test", "a.b.example.test"),
        ("DNS:a*.example.test", "ab.example.test"), ("DNS:*a.example.test", "ba.example.test"),
        ("DNS:b.*.test", "b.example.test"), ("DNS:*.test", "a.test"), ("DNS:*", "a.test"),
        ("DNS:*.*.test", "a.b.test"),
        // Addresses are not names, and the other way round.
        ("DNS:192.0.2.1", "192.0.2.1"), ("IP:192.0.2.1", "192.0.2.2"),
        ("DNS:*.0.2.1", "192.0.2.1"), ("IP:2001:db8::1", "2001:db8::2"),
        ("IP:192.0.2.1", "a.test"), ("URI:https://a.test/", "a.test"),
        ("email:root@a.test", "a.test"),
    ])
    func namesThatDoNot(names: String, name: String) {
        #expect(outcome(names: names, asking: name).brokenRule == .nameMismatch)
    }

    @Test func commonNameIsNoName() {
        let result = outcome(names: nil, commonName: "a.test", asking: "a.test")
        #expect(result.brokenRule == .nameMismatch)
    }

    /// `a.test\0.evil.test` (CVE-2009-2417).
    @Test func nameWithNUL() {
        let bytes = Array("a.test\u{0}.evil.test".utf8)
        let header = [0x30, UInt8(bytes.count + 2), 0x82, UInt8(bytes.count)]
        let text = (header + bytes).map { hex($0) }.joined(separator: ":")
        let result = outcome(names: "DER:" + text, asking: "a.test")
        #expect(result.error != nil)
        guard case .verification? = result.error else {
            Issue.record("\(result)")
            return
        }
    }

    private func hex(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }

    @Test func whatIsSaidAboutIt() throws {
        let leaf = Credential("über\n,x", by: authority, names: "DNS:b.test,IP:192.0.2.7")
        let result = WireTLSTests.outcome(.trusting(authority), TLSTestServer(leaf))
        guard case .verification(let failure)? = result.error else {
            Issue.record("\(result)")
            return
        }
        #expect(failure.reason == "hostname mismatch")
        #expect(failure.code == 62)
        #expect(failure.depth == 0)
        #expect(failure.names == "DNS:b.test, IP Address:192.0.2.7")
        #expect(failure.subject == #"CN=\C3\BCber\0A\,x"#)
    }

    @Test(arguments: [
        "", ".", ".a.test", "a..test", "a.test..", "*.a.test", "a test", "a.test\u{0}b", "a/b",
        "1.2.3", "300.1.1.1", "ä.test", "[a.test", String(repeating: "a", count: 64) + ".test",
    ])
    func whatNobodyCanBeCalled(name: String) {
        #expect(outcome(names: "DNS:a.test", asking: name).error == .invalidServerName(name))
    }

    @Test(arguments: [
        (-86_400 ... -3_600, TLSVerificationFailure.Rule.expired), (3_600...86_400, .notYetValid),
    ])
    func dates(validity: ClosedRange<Int>, rule: TLSVerificationFailure.Rule) {
        let leaf = Credential("a", by: authority, names: "DNS:a.test", validity: validity)
        let result = WireTLSTests.outcome(.trusting(authority), TLSTestServer(leaf))
        #expect(result.brokenRule == rule)
    }

    @Test func expiredAuthority() {
        let old = Credential("Old CA", validity: -86_400 ... -60, isAuthority: true)
        let leaf = Credential("a", by: old, names: "DNS:a.test")
        let result = WireTLSTests.outcome(.trusting(old), TLSTestServer(leaf))
        #expect(result.brokenRule == .expired)
    }

    @Test func selfSigned() {
        let leaf = Credential("a", names: "DNS:a.test")
        let server = TLSTestServer(leaf)
        #expect(WireTLSTests.outcome(.trusting(authority), server).brokenRule == .selfSigned)
        // It may be trusted by itself, but not as somebody else.
        #expect(WireTLSTests.outcome(.trusting(leaf), server).error == nil)
        let other = WireTLSTests.outcome(.trusting(leaf), server, name: "b.test")
        #expect(other.brokenRule == .nameMismatch)
    }

    @Test func chains() {
        let intermediate = Credential.authority("Intermediate", by: authority)
        let leaf = Credential("a", by: intermediate, names: "DNS:a.test")
        let whole = TLSTestServer(leaf, intermediate: intermediate)
        let incomplete = TLSTestServer(leaf)
        #expect(WireTLSTests.outcome(.trusting(authority), whole).error == nil)
        let missing = WireTLSTests.outcome(.trusting(authority), incomplete)
        #expect(missing.brokenRule == .unknownAuthority)
        // An intermediate authority may be all that is trusted.
        #expect(WireTLSTests.outcome(.trusting(intermediate), incomplete).error == nil)
        let stranger = Credential.authority("Other CA")
        let unknown = WireTLSTests.outcome(.trusting(stranger), whole)
        #expect(unknown.brokenRule == .unknownAuthority)
        // The same name and another key.
        let impostor = Credential.authority()
        #expect(WireTLSTests.outcome(.trusting(impostor), whole).error != nil)
    }

    @Test func leafThatPlaysAuthority() {
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let forged = Credential("b", by: leaf, names: "DNS:b.test")
        let server = TLSTestServer(forged, intermediate: leaf)
        let result = WireTLSTests.outcome(.trusting(authority), server, name: "b.test")
        #expect(result.brokenRule == .wrongPurpose)
    }

    @Test func otherPurpose() {
        let leaf = Credential("a", by: authority, names: "DNS:a.test", usage: "clientAuth")
        let result = WireTLSTests.outcome(.trusting(authority), TLSTestServer(leaf))
        #expect(result.brokenRule == .wrongPurpose)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func pinnedKeys(version: TLSVersion) {
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let server = TLSTestServer(leaf, version: version)
        var configuration = TLSConfiguration.trusting(authority)
        configuration.pinnedKeys = [authority.keyDigest, leaf.keyDigest]
        #expect(WireTLSTests.outcome(configuration, server).error == nil)
        // The authority's key is not the server's.
        configuration.pinnedKeys = [authority.keyDigest]
        let refused = WireTLSTests.outcome(configuration, server)
        #expect(refused.error == .keyNotPinned(subject: "CN=a"))
        // A pinned key does not replace verification.
        configuration.pinnedKeys = [leaf.keyDigest]
        let other = WireTLSTests.outcome(configuration, server, name: "b.test")
        #expect(other.brokenRule == .nameMismatch)
        // Nor does turning that off unpin.
        configuration.verification = .insecureAcceptingAnyCertificate
        #expect(WireTLSTests.outcome(configuration, server, name: "b.test").error == nil)
        configuration.pinnedKeys = [authority.keyDigest]
        let unpinned = WireTLSTests.outcome(configuration, server)
        #expect(unpinned.error == .keyNotPinned(subject: "CN=a"))
    }

    /// A server without the pinned key does not learn who asks.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func unpinnedServersLearnNothing(version: TLSVersion) throws {
        let leaf = Credential("a", by: authority, names: "DNS:a.test")
        let server = TLSTestServer(leaf, clientAuthority: authority, version: version)
        let client = Credential("client", by: authority)
        var configuration = TLSConfiguration.trusting(authority)
        configuration.identity = .init(
            certificates: .bytes(client.certificate), key: .bytes(client.key))
        configuration.pinnedKeys = [authority.keyDigest]
        var conversation = try Conversation(TLSContext(configuration), server)
        #expect(throws: TLSError.keyNotPinned(subject: "CN=a")) { try conversation.connect() }
        #expect(!conversation.peer.hasClientCertificate)
        configuration.pinnedKeys = [leaf.keyDigest]
        var pinned = try Conversation(TLSContext(configuration), server)
        try pinned.connect()
        #expect(pinned.peer.hasClientCertificate)
    }

    @Test func insecureAcceptsAnything() {
        var configuration = TLSConfiguration()
        configuration.verification = .insecureAcceptingAnyCertificate
        let leaf = Credential("a", names: "DNS:b.test", validity: -86_400 ... -60)
        #expect(WireTLSTests.outcome(configuration, TLSTestServer(leaf)).error == nil)
    }
}
#endif
