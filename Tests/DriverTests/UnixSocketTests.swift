import Glibc
import Synchronization
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireDriver
import WireExchange
import WireHTTP1
import WireSockets
import WireTime
import WireTransport

/// Connections to Unix sockets, by path and by abstract name.
@Suite(.serialized, .eachDriver) struct UnixSocketTests {
    private static let numbers = Mutex(0)

    /// A name that no other test or process has.
    private static func name() -> String {
        let number = numbers.withLock { number in
            number += 1
            return number
        }
        return "tokenwire-\(getpid())-\(number)"
    }

    private func client(_ path: String) throws -> TestClient {
        var options = ClientOptions()
        options.deadlines = patientDeadlines
        options.unixSocket = try UnixSocketPath(path)
        // What cannot be told to such a socket is left out.
        options.socket.keepAlive = .init()
        options.socket.trafficClass = 8
        options.localAddress = LocalAddress(host: "127.0.0.1")
        return TestClient(options, lookUps: NameLookUps { _, _ in fatalError("looked up") })
    }

    private let request = HTTPRequest(
        "GET", HTTPURL(scheme: .http, host: "localhost", port: 80, target: "/x"))

    @Test(arguments: [true, false]) func exchanges(isAbstract: Bool) throws {
        let path = isAbstract ? "@\(UnixSocketTests.name())" : "/tmp/\(UnixSocketTests.name())"
        defer { unsafe unlink(path) }
        let heads = Mutex<[String]>([])
        let address = SocketAddress.unix(try UnixSocketPath(path).bytes)
        let server = try LoopbackServer(on: address) { peer in
            while true {
                let head = String(decoding: peer.readHead(), as: UTF8.self)
                if head.isEmpty { return }
                heads.withLock { $0.append(head) }
                peer.send(okResponse)
            }
        }
        do {
            var client = try client(path)
            #expect(try client.text(request) == "ok")
            #expect(try client.text(request) == "ok")
            // The server takes one connection after another.
            client.closeIdleConnections()
            // Names are not looked up, whatever they are.
            #expect(
                try client.text(
                    HTTPRequest(
                        "GET", HTTPURL(scheme: .http, host: "peer", port: 8080, target: "/")))
                    == "ok")
        }
        server.stop()
        #expect(
            heads.withLock { $0 } == [
                "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: peer:8080\r\n\r\n",
            ])
    }

    @Test func nobodyThere() throws {
        for path in ["/tmp/\(UnixSocketTests.name())", "@\(UnixSocketTests.name())"] {
            var client = try client(path)
            let error = client.error(of: request)
            guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
            #expect(attempts.map(\.address) == ["unix:\(path)"])
            #expect(attempts.map(\.cause) == [path.hasPrefix("@") ? .refused : .noSuchSocket])
            #expect(client.connections == (0, 0))
        }
    }

    /// A file that its listener has left behind.
    @Test func nobodyListensAnyMore() throws {
        let path = "/tmp/\(UnixSocketTests.name())"
        defer { unsafe unlink(path) }
        let listener = try StreamSocket.listen(on: .unix(Array(path.utf8)))
        listener.descriptor.close()
        var client = try client(path)
        #expect(client.error(of: request)?.kind == .connectRefused)
    }

    /// Nothing would tell when there is room again: an error at once, not a wait for ever.
    @Test func theQueueIsFull() throws {
        let address = SocketAddress.unix([0] + Array(UnixSocketTests.name().utf8))
        let listener = try StreamSocket.listen(on: address, backlog: 0)
        let filler = try StreamSocket.connect(to: address)
        var client = try client(String(decoding: address.address, as: UTF8.self))
        let error = client.error(of: request)
        guard case .connect(let attempts, _) = error else { return fail("\(error!)") }
        #expect(attempts.map(\.cause) == [.queueFull])
        filler.descriptor.close()
        listener.descriptor.close()
    }
}
