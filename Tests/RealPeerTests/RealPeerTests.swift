import Glibc
import Synchronization
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireSecurity
import WireSockets
import WireTime

/// Both drivers against servers that others have written.
@Suite(.runsPeers, .eachDriver) struct RealPeerTests {
    private static let names = Mutex(0)

    private let peers: RunningPeers

    init() throws { peers = try #require(RunningPeers.current) }

    /// A path's last part that no other test uses.
    private func uniqueName() -> String {
        RealPeerTests.names.withLock { number in
            number += 1
            return "\(number)"
        }
    }

    private func client(_ change: (inout ClientOptions) -> Void = { _ in }) -> TestClient {
        var options = ClientOptions.patient
        options.tls.trust = .only([.bytes(peers.certificates.authority)])
        change(&options)
        return TestClient(options)
    }

    private func request(
        _ peer: Peer, _ path: String, method: String = "GET", body: [UInt8]? = nil
    ) throws -> HTTPRequest {
        let url = HTTPURL(
            scheme: peer.isSecure ? .https : .http, host: peer.isSecure ? "localhost" : "127.0.0.1",
            port: try peers.port(peer), target: peer.prefix + path)
        return HTTPRequest(method, url, body: body)
    }

    @Test(arguments: Peer.available) func small(_ peer: Peer) throws {
        var client = client()
        for round in 0..<3 {
            var response = try client.send(request(peer, "/small"))
            #expect(response.status == 200)
            #expect(try response.readText() == "small\n")
            #expect(response.wasConnectionKept == peer.hasApp)
            #expect(response.isReusedConnection == (round > 0 && peer.hasApp))
            #expect((response.tls != nil) == peer.isSecure)
        }
    }

    @Test(arguments: Peer.available) func headHasNoBody(_ peer: Peer) throws {
        var client = client()
        var response = try client.send(request(peer, "/small", method: "HEAD"))
        #expect(response.status == 200)
        #expect(response.head.fields["content-length"] == "6")
        #expect(try response.readText() == "")
        var next = try client.send(request(peer, "/small"))
        #expect(try next.readText() == "small\n")
        #expect(next.isReusedConnection == peer.hasApp)
    }

    @Test(arguments: Peer.available) func notFound(_ peer: Peer) throws {
        var client = client()
        var response = try client.send(request(peer, "/nothing"))
        #expect(response.status == 404)
        if peer.hasApp { #expect(try response.readText() == "not here\n") }
        if !peer.hasApp { #expect(try response.readText() != "") }
    }

    @Test(arguments: Peer.apps) func post(_ peer: Peer) throws {
        var client = client()
        for count in [0, 1, 200_000] {
            let body = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            var response = try client.send(request(peer, "/echo", method: "POST", body: body))
            #expect(response.status == 200)
            #expect(try response.readBody(limit: .mebibytes(1)) == body)
        }
    }

    /// The server sends the rest only when it has been told that the first line is here.
    @Test(arguments: Peer.streaming) func linesAreReadAsTheyCome(_ peer: Peer) throws {
        var client = client()
        let name = uniqueName()
        var response = try client.send(request(peer, "/stream/\(name)"))
        #expect(response.framing == .chunked)
        #expect(try response.nextLine()?.bytes == Array("first".utf8))
        var release = try client.send(request(peer, "/release/\(name)"))
        #expect(try release.readText() == "released\n")
        #expect(try response.nextLine()?.bytes == Array("second".utf8))
        #expect(try response.nextLine()?.bytes == Array("third".utf8))
        #expect(try response.nextLine() == nil)
        #expect(response.wasConnectionKept == true)
        #expect(client.counts.idle == 2)
    }

    @Test(arguments: Peer.apps) func aWholeStream(_ peer: Peer) throws {
        var client = client()
        let name = uniqueName()
        var release = try client.send(request(peer, "/release/\(name)"))
        _ = try release.readText()
        for _ in 0..<2 {
            var response = try client.send(request(peer, "/stream/\(name)"))
            #expect(try response.readText() == "first\nsecond\nthird\n")
            #expect(response.isReusedConnection == true)
        }
    }

    @Test(arguments: Peer.apps) func theServerNoticesLeaving(_ peer: Peer) throws {
        var client = client()
        let name = uniqueName()
        do {
            var response = try client.send(request(peer, "/endless/\(name)"))
            #expect(try response.nextLine()?.bytes == Array("line".utf8))
        }
        #expect(client.counts.leased == 0)
        var response = try client.send(request(peer, "/left/\(name)"))
        #expect(try response.readText() == "left\n")
    }

    @Test(arguments: Peer.hasty) func aConnectionClosedWhileIdle(_ peer: Peer) throws {
        let port = try peers.hastyPort(peer)
        let url = HTTPURL(scheme: .http, host: "127.0.0.1", port: port, target: "/small")
        var client = client()
        for _ in 0..<2 {
            var response = try client.send(HTTPRequest("GET", url))
            #expect(try response.readText() == "small\n")
            #expect(response.isReusedConnection == false)
            // Nobody else uses this port: until the server has closed.
            let deadline = MonotonicClock.now + .minutes(2)
            while try PeerPorts.hasConnections(to: port), MonotonicClock.now < deadline {
                _ = poll(nil, 0, 5)
            }
        }
    }

    @Test(arguments: Peer.secure) func anAuthorityOfNobodys(_ peer: Peer) throws {
        var client = client { $0.tls.trust = .only([.bytes(PeerCertificates().authority)]) }
        #expect(try client.error(of: request(peer, "/small"))?.kind == .tlsVerifyFailed)
    }
}

extension ClientOptions {
    /// For a machine however slow.
    static var patient: ClientOptions {
        var options = ClientOptions()
        for deadline in [\Deadlines.connect, \.tlsHandshake, \.requestWrite, \.contentIdle] {
            options.deadlines[keyPath: deadline] = .minutes(5)
        }
        options.deadlines.keepAliveIdle = .minutes(5)
        return options
    }
}
