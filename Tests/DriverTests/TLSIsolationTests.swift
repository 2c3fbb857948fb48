#if TLS
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireSecurity
import WireServer
import WireTime

/// What one TLS configuration vouched for serves no request of another: neither its connections nor its
/// sessions.
@Suite(.eachDriver) struct TLSIsolationTests {
    private static let authority = Credential.authority()
    private static let leaf = Credential("localhost", by: authority, names: "DNS:localhost")
    private static let identity = Credential("client", by: authority)

    private static let trusting: TLSConfiguration = {
        var tls = TLSConfiguration()
        tls.trust = .only([.bytes(authority.certificate)])
        return tls
    }()

    /// Each would be refused by a server, or refuse it, if it came by itself.
    enum Other: CaseIterable, Sendable {
        case anotherAuthority, anotherKey, revoked

        var configuration: TLSConfiguration {
            var tls = TLSIsolationTests.trusting
            switch self {
            case .anotherAuthority:
                tls.trust = .only([.bytes(Credential.authority("Other").certificate)])
            case .anotherKey: tls.pinnedKeys = [TLSIsolationTests.authority.keyDigest]
            case .revoked:
                let list = TLSIsolationTests.authority.revocationList(of: TLSIsolationTests.leaf)
                tls.revocationLists = [.bytes(list)]
            }
            return tls
        }
    }

    private func client(_ tls: TLSConfiguration) -> TestClient {
        var options = ClientOptions()
        options.deadlines.tlsHandshake = .minutes(20)
        options.tls = tls
        return TestClient(options)
    }

    private func requests(_ server: ReplayServer) -> Int {
        server.log.connections.reduce(0) { $0 + $1.requests.count }
    }

    /// An idle connection, verified or not, stands ready all the while.
    @Test(arguments: Other.allCases) func neitherConnectionNorSession(_ other: Other) throws {
        let plain = try ReplayServer.answering { _ in .ndjson(["one"]) }
        let frontend = try TLSFrontend(TLSTestServer(TLSIsolationTests.leaf), to: plain.port)
        let url = HTTPURL(scheme: .https, host: "localhost", port: frontend.port, target: "/")
        var insecure = TLSConfiguration()
        insecure.verification = .insecureAcceptingAnyCertificate
        var trusting = client(TLSIsolationTests.trusting)
        var careless = client(insecure)
        #expect(try trusting.text(HTTPRequest("GET", url)) == "one\n")
        #expect(try careless.text(HTTPRequest("GET", url)) == "one\n")
        var strict = client(other.configuration)
        for _ in 0..<2 {
            let error = strict.error(of: HTTPRequest("GET", url))
            #expect(error?.kind == .tlsVerifyFailed)
        }
        #expect(requests(plain) == 2, "nothing went further than the handshake")
        // Of the same trust, but not the same client: a handshake of its own, and a whole one.
        var again = client(TLSIsolationTests.trusting)
        var response = try again.send(HTTPRequest("GET", url))
        #expect(response.isReusedConnection == false)
        #expect(response.tls?.isResumed == false)
        _ = try response.readBody(limit: .kibibytes(1))
        #expect(trusting.connections.idle == 1 && careless.connections.idle == 1)
        frontend.stop()
        plain.stop()
    }

    /// As whom a client comes is its own as well.
    @Test func nobodyElsesCertificate() throws {
        let plain = try ReplayServer.answering { _ in .ndjson(["one"]) }
        let server = TLSTestServer(
            TLSIsolationTests.leaf, clientAuthority: TLSIsolationTests.authority)
        let frontend = try TLSFrontend(server, to: plain.port)
        let url = HTTPURL(scheme: .https, host: "localhost", port: frontend.port, target: "/")
        var tls = TLSIsolationTests.trusting
        tls.identity = .init(
            certificates: .bytes(TLSIsolationTests.identity.certificate),
            key: .bytes(TLSIsolationTests.identity.key))
        var known = client(tls)
        #expect(try known.text(HTTPRequest("GET", url)) == "one\n")
        var nobody = client(TLSIsolationTests.trusting)
        #expect(nobody.error(of: HTTPRequest("GET", url)) != nil)
        #expect(requests(plain) == 1)
        frontend.stop()
        plain.stop()
    }
}
#endif
