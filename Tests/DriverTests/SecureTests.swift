#if TLS
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTPClient
import WireServer
import WireSockets
import WireTime

/// `https` by both drivers, against OpenSSL's own server in front of a plain one.
@Suite(.eachDriver) struct SecureTests {
    private static let authority = Credential.authority()
    private static let leaf = Credential(
        "localhost", by: authority, names: "DNS:localhost,IP:127.0.0.1")

    /// A client, the server behind TLS, and TLS.
    private struct Peers: ~Copyable {
        let plain: ReplayServer
        let frontend: TLSFrontend
        var client: TestClient

        init(_ plain: ReplayServer, _ frontend: TLSFrontend, _ options: ClientOptions) {
            self.plain = plain
            self.frontend = frontend
            client = TestClient(options)
        }

        static func make(
            _ server: TLSTestServer? = nil, ending: TLSFrontend.Ending = .closeNotify,
            trust: TLSConfiguration.Trust? = nil,
            _ change: (inout ClientOptions) -> Void = { _ in },
            _ script: @escaping @Sendable (ServedRequest) -> Script
        ) throws -> Peers {
            let plain = try ReplayServer.answering(script)
            let frontend = try TLSFrontend(
                server ?? TLSTestServer(SecureTests.leaf), to: plain.port, ending: ending)
            var options = ClientOptions()
            for deadline in [\Deadlines.connect, \.tlsHandshake, \.requestWrite, \.contentIdle] {
                options.deadlines[keyPath: deadline] = .minutes(20)
            }
            options.deadlines.keepAliveIdle = .minutes(20)
            options.tls.trust = trust ?? .only([.bytes(SecureTests.authority.certificate)])
            change(&options)
            return Peers(plain, frontend, options)
        }

        func request(_ host: String = "localhost", _ path: String = "/") -> HTTPRequest {
            HTTPRequest(
                "GET", HTTPURL(scheme: .https, host: host, port: frontend.port, target: path))
        }

        consuming func stop() {
            client.closeIdleConnections()
            frontend.stop()
            plain.stop()
        }
    }

    private func lines(_ response: inout TestResponse) throws -> [String] {
        var lines: [String] = []
        while let line = try response.nextLine() {
            lines.append(String(decoding: line.bytes, as: UTF8.self))
        }
        return lines
    }

    @Test(arguments: ["localhost", "127.0.0.1"]) func secured(_ host: String) throws {
        var peers = try Peers.make { _ in .ndjson(["one", "two"]) }
        for round in 0..<3 {
            var response = try peers.client.send(peers.request(host))
            #expect(response.isReusedConnection == (round > 0), "tickets that came do not disturb")
            #expect(try lines(&response) == ["one", "two"])
            #expect(response.wasConnectionKept == true)
            #expect(response.tls?.version == "TLSv1.3")
            #expect(response.tls?.peerSubject == "CN=localhost")
            let secured = response.timings.secured
            #expect((secured != nil) == (round == 0))
        }
        #expect(peers.plain.log.connections.count == 1)
        peers.stop()
    }

    @Test(arguments: [TLSVersion.tls12, .tls13]) func largeBothWays(_ version: TLSVersion) throws {
        let body = [UInt8]((0..<2_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) })
        var peers = try Peers.make(TLSTestServer(SecureTests.leaf, version: version)) { request in
            .response(body: request.body)
        }
        let request = HTTPRequest("POST", peers.request().url, body: body)
        var response = try peers.client.send(request)
        #expect(try response.readBody(limit: .mebibytes(8)) == body)
        #expect(response.wasConnectionKept == true)
        peers.stop()
    }

    @Test func anotherName() throws {
        let leaf = Credential("other", by: SecureTests.authority, names: "DNS:other.test")
        var peers = try Peers.make(TLSTestServer(leaf)) { _ in .ndjson([]) }
        let error = peers.client.error(of: peers.request())
        #expect(error?.kind == .tlsVerifyFailed)
        #expect(error?.phase == .tls)
        #expect(error?.description.contains("other.test") == true)
        #expect(peers.client.connections.leased == 0)
        peers.stop()
    }

    @Test func unknownAuthority() throws {
        var peers = try Peers.make(
            trust: .only([.bytes(Credential.authority("Other").certificate)])
        ) {
            _ in .ndjson([])
        }
        #expect(peers.client.error(of: peers.request())?.kind == .tlsVerifyFailed)
        peers.stop()
    }

    @Test func notVerifiedWhenTold() throws {
        let change: (inout ClientOptions) -> Void = {
            $0.tls.verification = .insecureAcceptingAnyCertificate
        }
        var peers = try Peers.make(TLSTestServer(Credential("self")), change) { _ in
            .ndjson(["one"])
        }
        var response = try peers.client.send(peers.request())
        #expect(try lines(&response) == ["one"])
        peers.stop()
    }

    @Test func unusableAuthorities() throws {
        var peers = try Peers.make(trust: .only([.file("/does/not/exist")])) { _ in .ndjson([]) }
        let error = peers.client.error(of: peers.request())
        #expect(error?.kind == .tlsFailed)
        #expect(error?.description.contains("/does/not/exist") == true)
        #expect(peers.plain.log.connections.isEmpty, "nothing was sent")
        peers.stop()
    }

    /// Bytes that are no TLS.
    @Test func aPlainServer() throws {
        let server = try LoopbackServer { peer in
            _ = peer.read()
            _ = peer.send("HTTP/1.1 400 Bad Request\r\n\r\n")
        }
        var options = ClientOptions()
        options.tls.trust = .only([.bytes(SecureTests.authority.certificate)])
        var client = TestClient(options)
        let url = HTTPURL(scheme: .https, host: "localhost", port: server.port, target: "/")
        #expect(client.error(of: HTTPRequest("GET", url))?.kind == .tlsFailed)
        server.stop()
    }

    /// A server that takes the connection and says nothing.
    @Test func aSilentHandshakeEndsAtItsDeadline() throws {
        let plain = try ReplayServer.answering { _ in .ndjson([]) }
        var options = ClientOptions()
        options.deadlines.tlsHandshake = .milliseconds(50)
        options.tls.trust = .only([.bytes(SecureTests.authority.certificate)])
        var client = TestClient(options)
        let url = HTTPURL(scheme: .https, host: "127.0.0.1", port: plain.port, target: "/")
        // What comes is a request line without end for it.
        let error = client.error(of: HTTPRequest("GET", url))
        if case .timeout(let deadline, _, _) = error {
            #expect(deadline == .tlsHandshake)
            #expect(error?.phase == .tls)
        } else {
            // It may answer that it did not understand.
            #expect(error?.kind == .tlsFailed)
        }
        plain.stop()
    }

    /// A body that ends with the connection is whole only if the peer says so (close_notify).
    @Test(arguments: [TLSFrontend.Ending.closeNotify, .truncation])
    func anEndWithoutNotice(_ ending: TLSFrontend.Ending) throws {
        var peers = try Peers.make(ending: ending) { _ in
            Script.bytes([UInt8]("HTTP/1.1 200 OK\r\n\r\nall of it\n".utf8)).then(.finish)
        }
        var response = try peers.client.send(peers.request())
        #expect(try response.nextLine()?.bytes == [UInt8]("all of it".utf8))
        switch ending {
        case .closeNotify: #expect(try response.nextLine() == nil)
        case .truncation:
            do {
                _ = try response.nextLine()
                Issue.record("taken for whole")
            } catch { #expect(error == .tls(.truncated, error.progress)) }
        }
        peers.stop()
    }

    @Test func leavingFreesTheServer() throws {
        var peers = try Peers.make { _ in
            .endless(
                [UInt8]("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8),
                repeating: [UInt8]("5\r\nline\n\r\n".utf8), every: .milliseconds(1))
        }
        do {
            var response = try peers.client.send(peers.request())
            #expect(try response.nextLine() != nil)
        }
        let deadline = MonotonicClock.now + .minutes(20)
        #expect(peers.plain.log.waitForClose(of: 0, until: deadline) != nil)
        peers.stop()
    }

    @Test func sessionsAreResumed() throws {
        var peers = try Peers.make {
            $0.pool.idle = 0
        } _: { _ in
            .ndjson(["one"])
        }
        for round in 0..<3 {
            var response = try peers.client.send(peers.request())
            #expect(try lines(&response) == ["one"])
            #expect(response.tls?.isResumed == (round > 0))
        }
        peers.stop()
    }

    @Test func aClientCertificateIsShown() throws {
        let identity = Credential("client", by: SecureTests.authority)
        let server = TLSTestServer(SecureTests.leaf, clientAuthority: SecureTests.authority)
        var peers = try Peers.make(
            server,
            {
                $0.tls.identity = .init(
                    certificates: .bytes(identity.certificate), key: .bytes(identity.key))
            }
        ) { _ in .ndjson(["one"]) }
        var response = try peers.client.send(peers.request())
        #expect(try lines(&response) == ["one"])
        peers.stop()
    }
}
#endif
