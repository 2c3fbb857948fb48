import Glibc
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireDriver
import WireExchange
import WireHTTP1
import WireSockets
import WireSystem
import WireTime
import WireTransport

/// Connecting over Linux itself.
@Suite(.serialized, .eachDriver) struct ConnectingTests {
    private func answering() throws -> LoopbackServer {
        try LoopbackServer { peer in
            while !peer.readHead().isEmpty { peer.send(okResponse) }
        }
    }

    private func client(
        to addresses: [SocketAddress] = [], _ change: (inout ClientOptions) -> Void = { _ in }
    ) -> TestClient {
        var options = ClientOptions()
        options.deadlines = patientDeadlines
        change(&options)
        return TestClient(options, lookUps: NameLookUps { _, _ in .success(addresses) })
    }

    /// IPv4, and IPv6 where this machine has it.
    static let families: [SocketAddress] = {
        let both: [SocketAddress] = [.loopback(port: 0), .loopback6(port: 0)]
        return both.filter { address in
            guard let listener = try? StreamSocket.listen(on: address) else {
                print("SKIPPED: no \(address.family) here")
                return false
            }
            listener.descriptor.close()
            return true
        }
    }()

    private let named = HTTPRequest(
        "GET", HTTPURL(scheme: .http, host: "peer.test", port: 80, target: "/"))

    /// A port of loopback that can be had.
    private static func freePort() throws -> UInt16 {
        let listener = try StreamSocket.listen(on: .loopback(port: 0))
        defer { listener.descriptor.close() }
        return listener.localAddress!.port
    }

    /// Rule (7): localhost is ::1 and 127.0.0.1 both; here nobody listens on the other.
    @Test(arguments: families) func localhostIsBothFamilies(_ address: SocketAddress) throws {
        var text: String?
        while text == nil {
            let server = try LoopbackServer(on: address) { peer in
                peer.readHead()
                peer.send(okResponse)
            }
            // Another test may listen there: then once more.
            let other: SocketAddress.Family = address.family == .ipv4 ? .ipv6 : .ipv4
            text = try RefusingPort.refusing(other, server.port) {
                var client = client()
                let url = HTTPURL(scheme: .http, host: "localhost", port: server.port, target: "/")
                return try client.text(HTTPRequest("GET", url))
            }
            server.stop()
        }
        #expect(text == "ok")
    }

    @Test func localhostRefusesOnBoth() throws {
        let port = RefusingPort.number
        var client = client()
        let error = client.error(
            of: HTTPRequest(
                "GET", HTTPURL(scheme: .http, host: "localhost", port: port, target: "/")))
        #expect(error?.kind == .connectRefused)
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.address) == ["127.0.0.1:\(port)", "[::1]:\(port)"])
    }

    /// A zone is for the socket; the Host field has none of it.
    @Test(.enabled(if: families.count == 2)) func aZone() throws {
        let server = try LoopbackServer(on: .loopback6(port: 0)) { peer in
            let head = String(decoding: peer.readHead(), as: UTF8.self)
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(head.utf8.count)\r\n\r\n\(head)")
        }
        do {
            var client = client()
            let url = try HTTPURL("http://[::1%25lo]:\(server.port)/")
            let head = try client.text(HTTPRequest("GET", url))
            #expect(head.contains("\r\nHost: [::1]:\(server.port)\r\n"))
            let unknown = try HTTPURL("http://[fe80::1%25no-such-device]/")
            #expect(client.error(of: HTTPRequest("GET", unknown)) != nil)
        }
        server.stop()
    }

    /// Rule (7): an address that does not answer costs the attempt delay, not the connect deadline.
    @Test func theFirstAddressIsABlackHole() throws {
        let hole = try BlackHole()
        let server = try answering()
        do {
            var client = client(to: [hole.address, .loopback(port: server.port)])
            var response = try client.send(named)
            #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
            let connected = response.timings.sinceStart(\.connected)!
            #expect(connected >= .milliseconds(250))
            #expect(connected < patientDeadlines.connect)
            #expect(client.connections == (1, 0))
        }
        server.stop()
    }

    @Test func twoBlackHolesInFront() throws {
        let holes = try [BlackHole(), BlackHole()]
        let server = try answering()
        do {
            var client = client(to: holes.map(\.address) + [.loopback(port: server.port)]) {
                $0.connecting.attemptDelay = .milliseconds(10)
            }
            for _ in 0..<2 {
                #expect(try client.text(named) == "ok")
                client.closeIdleConnections()
            }
        }
        server.stop()
    }

    /// The first refuses while the second does not answer: the third begins at once.
    @Test func refusalsAndBlackHoles() throws {
        let hole = try BlackHole()
        let port = RefusingPort.number
        let server = try answering()
        do {
            let addresses: [SocketAddress] = [
                hole.address, .loopback(port: port), .loopback(port: server.port),
            ]
            var client = client(to: addresses) { $0.connecting.attemptDelay = .milliseconds(10) }
            var response = try client.send(named)
            #expect(try response.readBody(limit: .kibibytes(1)).count == 2)
            #expect(response.progress.attempts.map(\.address) == ["127.0.0.1:\(port)"])
        }
        server.stop()
    }

    @Test func onlyBlackHoles() throws {
        let holes = try [BlackHole(), BlackHole(), BlackHole()]
        var client = client(to: holes.map(\.address)) {
            $0.connecting.attemptDelay = .milliseconds(10)
            $0.deadlines.connect = .milliseconds(100)
        }
        let error = client.error(of: named)
        #expect(error?.timeout?.deadline == .connect)
        #expect(error?.progress.attempts.map(\.address) == holes.map(\.address.description))
        #expect(client.connections == (0, 0))
    }

    @Test func cancelledInTheRace() throws {
        let holes = try [BlackHole(), BlackHole()]
        let cancellation = Cancellation()
        let canceller = PlainThread {
            for hole in holes { _ = KernelConnections.waitForSynSent(to: hole.address.port) }
            cancellation.cancel()
        }
        var client = client(to: holes.map(\.address)) {
            $0.connecting.attemptDelay = .milliseconds(10)
        }
        let error = client.error(of: named, cancellation: cancellation)
        canceller.join()
        #expect(error?.kind == .cancelled)
        #expect(error?.phase == .connect)
        #expect(client.connections == (0, 0))
    }

    /// Rule (7): a connection to itself is none. The local port is the peer's, on purpose.
    @Test func selfConnect() throws {
        let port = try ConnectingTests.freePort()
        var client = client {
            $0.localAddress = LocalAddress(host: "127.0.0.1", port: port)
        }
        let error = client.error(of: loopback(port))
        #expect(error?.kind == .connectRefused)
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.cause) == [.selfConnected])
        #expect(attempts.map(\.address) == ["127.0.0.1:\(port)"])
    }

    // MARK: Where from

    @Test func aLocalAddress() throws {
        let port = try ConnectingTests.freePort()
        let server = try LoopbackServer { peer in
            peer.readHead()
            let text = peer.socket.peerAddress!.description
            peer.send("HTTP/1.1 200 OK\r\nContent-Length: \(text.utf8.count)\r\n\r\n\(text)")
        }
        do {
            var client = client {
                $0.localAddress = LocalAddress(host: "127.0.0.2", port: port)
            }
            #expect(try client.text(loopback(server.port)) == "127.0.0.2:\(port)")
            var anyPort = self.client { $0.localAddress = LocalAddress(host: "127.0.0.3") }
            #expect(try anyPort.text(loopback(server.port)).hasPrefix("127.0.0.3:"))
        }
        server.stop()
    }

    /// Rule (7): EADDRNOTAVAIL is typed, and says what to do. 192.0.2.0/24 is nobody's (RFC 5737).
    @Test func aForeignLocalAddress() throws {
        var client = client { $0.localAddress = LocalAddress(host: "192.0.2.1") }
        let error = client.error(of: loopback(9))
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.cause) == [.noLocalAddress])
        #expect("\(error!)".contains("keep connections alive"))
    }

    @Test func theOtherFamily() throws {
        var client = client { $0.localAddress = LocalAddress(host: "::1") }
        let error = client.error(of: loopback(9))
        #expect(error?.kind == .connectFailed)
    }

    @Test func aLocalAddressThatIsNone() throws {
        var client = client { $0.localAddress = LocalAddress(host: "eth0") }
        #expect(client.error(of: loopback(9))?.kind == .invalidRequest)
        #expect(client.connections == (0, 0))
    }

    /// A port that somebody else connects from, to the same peer.
    @Test func theLocalPortIsTaken() throws {
        let server = try answering()
        do {
            let port = try ConnectingTests.freePort()
            var client = client { $0.localAddress = LocalAddress(port: port) }
            var first = try client.send(loopback(server.port))
            let error = client.error(of: loopback(server.port))
            guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
            #expect([.noLocalAddress, .localAddressInUse].contains(attempts[0].cause))
            first.cancel()
        }
        server.stop()
    }
}

/// An address that does not answer: a listener whose queue is full.
final class BlackHole: Sendable {
    let address: SocketAddress
    private let listener: StreamSocket
    private let filler: StreamSocket

    init() throws {
        listener = try StreamSocket.listen(on: .loopback(port: 0), backlog: 0)
        address = listener.localAddress!
        filler = try StreamSocket.connect(to: address)
        let isFull = Poll.wait(
            filler.descriptor, for: Readiness(read: false, write: true),
            until: MonotonicClock.now + LoopbackServer.patience
        ).write
        #expect(isFull)
    }
}
