#if TLS
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireProxy
import WireSecurity
import WireServer
import WireSockets
import WireTime

/// An upstream behind TLS: OpenSSL's own server in front of a plain one.
@Suite struct SecureUpstreamTests {
    private static let authority = Credential.authority()
    private static let leaf = Credential("localhost", by: authority, names: "DNS:localhost")

    private final class Peers {
        let plain: ReplayServer
        let frontend: TLSFrontend
        let proxy: RecordingProxy

        init(
            trusts: Bool = true, ending: TLSFrontend.Ending = .closeNotify,
            _ script: @escaping @Sendable (ServedRequest) -> Script
        ) throws {
            plain = try .answering(script)
            frontend = try TLSFrontend(
                TLSTestServer(SecureUpstreamTests.leaf), to: plain.port, ending: ending)
            var options = ProxyOptions()
            if trusts {
                options.upstream.tls.trust = .only([
                    .bytes(SecureUpstreamTests.authority.certificate)
                ])
            }
            proxy = try RecordingProxy(
                upstream: HTTPURL("https://localhost:\(frontend.port)"), options: options)
            proxy.start()
        }

        deinit {
            proxy.stop()
            frontend.stop()
            plain.stop()
        }
    }

    @Test func streamsAndLargeBodiesGoThroughOnOneConnection() throws {
        let body = [UInt8](repeating: 0x61, count: 8 << 20)
        let peers = try Peers { request in
            request.target == "/large"
                ? .response(body: body + request.body)
                : .ndjson(lines, every: .milliseconds(2))
        }
        let client = try RawClient(to: peers.proxy.address)
        for _ in 0..<2 {
            try client.send(get("/stream"))
            let text = try client.receive(through: "0\r\n\r\n")
            #expect(lines.allSatisfy { text.contains($0) })
            let size = 3 << 20
            try client.send("POST /large HTTP/1.1\r\nHost: x\r\nContent-Length: \(size)\r\n\r\n")
            try client.send([UInt8](repeating: 0x62, count: size))
            _ = try client.receive(through: "\r\n\r\n")
            let received = try client.receive(body.count + size)
            #expect(received.count == body.count + size)
            #expect(received.last == 0x62)
        }
        let connections = peers.plain.log.connections
        #expect(connections.count == 1)
        #expect(connections[0].requests.count == 4)
    }

    @Test func aClientThatLeavesClosesIt() throws {
        let peers = try Peers { _ in endlessLines() }
        let client = try RawClient(to: peers.proxy.address)
        try client.send(get("/"))
        _ = try client.receive(through: "{\"a\":1}")
        client.close()
        #expect(peers.plain.log.waitForClose(of: 0, until: farAway) != nil)
    }

    @Test(arguments: [TLSFrontend.Ending.closeNotify, .truncation])
    func itsEndIsTheClients(ending: TLSFrontend.Ending) throws {
        let peers = try Peers(ending: ending) { _ in
            Script.text("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc").then(.finish)
        }
        let client = try RawClient(to: peers.proxy.address)
        try client.send(get("/"))
        #expect(try String(decoding: client.receiveToEnd(), as: UTF8.self).hasSuffix("\r\n\r\nabc"))
        #expect(client.ending == .fin)
    }

    @Test func aServerThatNobodyTrusts() throws {
        let peers = try Peers(trusts: false) { _ in .json("{}") }
        let client = try RawClient(to: peers.proxy.address)
        try client.send(get("/"))
        let text = String(decoding: try client.receiveToEnd(), as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(text.contains("certificate"))
        let asked = peers.plain.log.connections.flatMap(\.requests)
        #expect(asked.isEmpty)
    }
}
#endif
