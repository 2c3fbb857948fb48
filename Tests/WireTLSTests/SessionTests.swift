#if TLS
import TestSupport
import Testing
import WireTLS

/// Sessions that are resumed, and those that must not be.
@Suite struct SessionTests {
    private let authority: Credential
    private let leaf: Credential
    private let context: TLSContext

    init() throws {
        authority = .authority()
        leaf = Credential("a", by: authority, names: "DNS:a.test,DNS:b.test")
        context = try TLSContext(.trusting(authority))
    }

    /// A connection that reads what tickets come; whether it was resumed, as both sides say.
    private func isResumed(
        _ context: TLSContext, _ server: TLSTestServer, name: String = "a.test",
        key: String? = "origin"
    ) throws -> Bool {
        var conversation = try Conversation(context, server, name: name, sessionKey: key)
        try conversation.connect()
        _ = try conversation.readAll()
        let facts = conversation.engine.facts()!
        #expect(facts.isResumed == conversation.peer.isResumed)
        #expect(facts.peerSubject == "CN=a")
        #expect(facts.applicationProtocol == "http/1.1")
        return facts.isResumed
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func resumption(version: TLSVersion) throws {
        let server = TLSTestServer(leaf, version: version)
        #expect(try !isResumed(context, server))
        for _ in 0..<5 { #expect(try isResumed(context, server)) }
    }

    /// One ticket, two connections at once: only one may use it.
    @Test func ticketsAreUsedOnce() throws {
        let server = TLSTestServer(leaf, version: .tls13, tickets: 1)
        #expect(try !isResumed(context, server))
        var first = try Conversation(context, server, sessionKey: "origin")
        var second = try Conversation(context, server, sessionKey: "origin")
        // Both have said by now which session they want.
        _ = try first.engine.handshake()
        _ = try second.engine.handshake()
        try first.connect()
        try second.connect()
        #expect(first.peer.isResumed)
        #expect(!second.peer.isResumed)
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func othersSessionsAreNotResumed(version: TLSVersion) throws {
        let server = TLSTestServer(leaf, version: version)
        #expect(try !isResumed(context, server))
        #expect(try !isResumed(context, server, key: "another"))
        #expect(try !isResumed(context, server, name: "b.test"))
        #expect(try !isResumed(context, server, key: nil))
        #expect(try !isResumed(TLSContext(.trusting(authority)), server))
        #expect(try isResumed(context, server))
    }

    @Test func notWhenTurnedOff() throws {
        var configuration = TLSConfiguration.trusting(authority)
        configuration.resumesSessions = false
        let context = try TLSContext(configuration)
        let server = TLSTestServer(leaf)
        for _ in 0..<3 { #expect(try !isResumed(context, server)) }
    }

    @Test func notWhenNobodyVerified() throws {
        var configuration = TLSConfiguration()
        configuration.verification = .insecureAcceptingAnyCertificate
        let context = try TLSContext(configuration)
        let server = TLSTestServer(leaf)
        for _ in 0..<3 { #expect(try !isResumed(context, server)) }
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func pinsHoldForResumedSessions(version: TLSVersion) throws {
        var configuration = TLSConfiguration.trusting(authority)
        configuration.pinnedKeys = [leaf.keyDigest]
        let context = try TLSContext(configuration)
        let server = TLSTestServer(leaf, version: version)
        #expect(try !isResumed(context, server))
        #expect(try isResumed(context, server))
    }

    /// A server that has forgotten: a whole handshake, and new sessions.
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func serversThatRestart(version: TLSVersion) throws {
        #expect(try !isResumed(context, TLSTestServer(leaf, version: version)))
        let restarted = TLSTestServer(leaf, version: version)
        #expect(try !isResumed(context, restarted))
        #expect(try isResumed(context, restarted))
    }

    @Test func ticketsInPlenty() throws {
        let server = TLSTestServer(leaf, version: .tls13, tickets: 60)
        #expect(try !isResumed(context, server))
        #expect(try isResumed(context, server))
    }

    @Test func manyOrigins() throws {
        let server = TLSTestServer(leaf, version: .tls12)
        for origin in 0..<300 { #expect(try !isResumed(context, server, key: "origin \(origin)")) }
        #expect(try isResumed(context, server, key: "origin 299"))
        #expect(try !isResumed(context, server, key: "origin 0"))
    }
}
#endif
