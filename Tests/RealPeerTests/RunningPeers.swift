import Glibc
import Testing
import WireSockets
import WireSystem
import WireTime

/// All peers that can be run here, running.
final class RunningPeers: Sendable {
    @TaskLocal static var current: RunningPeers?

    let certificates = PeerCertificates()
    private let directory: PeerDirectory
    private let processes: [PeerProcess]
    private let ports: [Peer: UInt16]
    private let hastyPorts: [Peer: UInt16]

    func port(_ peer: Peer) throws -> UInt16 { try #require(ports[peer]) }
    func hastyPort(_ peer: Peer) throws -> UInt16 { try #require(hastyPorts[peer]) }

    init() throws {
        directory = try PeerDirectory()
        var start = Start(directory: directory)
        do {
            try start.all(certificates)
            for port in start.expected { try RunningPeers.wait(for: port, directory) }
        } catch {
            for process in start.processes { process.stop() }
            throw error
        }
        (processes, ports, hastyPorts) = (start.processes, start.ports, start.hastyPorts)
    }

    func stop() { for process in processes { process.stop() } }

    /// Until somebody listens there.
    static func wait(for port: UInt16, _ directory: PeerDirectory) throws {
        let deadline = MonotonicClock.now + .minutes(2)
        while MonotonicClock.now < deadline {
            if let socket = try? StreamSocket.connect(to: .loopback(port: port)) {
                defer { socket.descriptor.close() }
                _ = Poll.wait(
                    [(socket.descriptor, Readiness(read: false, write: true))], until: deadline)
                if case .connected = socket.connectResult() { return }
            }
            _ = poll(nil, 0, 10)
        }
        var said = ""
        for name in try Files.names(in: directory.path) where name.hasSuffix(".log") {
            let log = try Files.read("\(directory.path)/\(name)", limit: 1 << 20)
            said += "\n\(name): " + String(decoding: log, as: UTF8.self)
        }
        throw PeerError(description: "nobody listens on port \(port):\(said)")
    }
}

struct PeerError: Error, CustomStringConvertible {
    let description: String
}

/// Runs the peers around a suite, and says which programs are not there.
struct RunsPeers: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        for program in Program.missing {
            let line = "SKIPPED: tests against \(program.rawValue): not installed (make peers)\n"
            try? Files.writeAll(line.utf8.span, to: 2, name: "standard error")
        }
        let peers = try RunningPeers()
        defer { peers.stop() }
        try await RunningPeers.$current.withValue(peers) { try await function() }
    }
}

extension Trait where Self == RunsPeers {
    static var runsPeers: Self { Self() }
}

/// Starts every peer.
private struct Start {
    let directory: PeerDirectory
    var processes: [PeerProcess] = []
    var ports: [Peer: UInt16] = [:]
    var hastyPorts: [Peer: UInt16] = [:]
    private var pem = ""

    private static let sources =
        "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Peers"

    init(directory: PeerDirectory) { self.directory = directory }

    var expected: [UInt16] { [UInt16](ports.values) + hastyPorts.values }

    mutating func all(_ certificates: PeerCertificates) throws {
        if PeerCertificates.areAvailable {
            pem = try directory.file("server.pem", certificates.server)
        }
        _ = try directory.file("small", Array("small\n".utf8))
        if Program.python.isThere { try python() }
        if Peer.available.contains(.nginx) { try nginx() }
        if Peer.available.contains(.haproxy) { try haproxy() }
        if Program.node.isThere {
            let places = take(.node, .nodeTLS)
            try run(.node, [source("app.js")] + places.map { "\($0)" } + [pem])
        }
        if Program.uvicorn.isThere {
            try uvicorn(.uvicorn, [])
            let secured = ["--ssl-keyfile", pem, "--ssl-certfile", pem]
            if PeerCertificates.areAvailable { try uvicorn(.uvicornTLS, secured) }
        }
    }

    private func source(_ name: String) -> String { "\(Start.sources)/\(name)" }

    private mutating func run(_ program: Program, _ arguments: [String]) throws {
        let log = "\(directory.path)/\(program.rawValue)-\(processes.count).log"
        processes.append(try PeerProcess(program.path ?? "", arguments, log: log))
    }

    /// Ports for a plain and a secure form and for haste, in this order.
    private mutating func take(_ plain: Peer, _ secure: Peer) -> [UInt16] {
        let found = PeerPorts.take(3)
        (ports[plain], hastyPorts[plain]) = (found[0], found[2])
        if PeerCertificates.areAvailable { ports[secure] = found[1] }
        return found
    }

    private mutating func python() throws {
        let places = take(.python, .pythonTLS)
        try run(.python, [source("app.py")] + places.map { "\($0)" } + [pem])
        let files = PeerPorts.take(1)[0]
        ports[.pythonFiles] = files
        try run(
            .python,
            [
                "-m", "http.server", "\(files)", "--bind", "127.0.0.1", "--directory",
                directory.path,
            ])
    }

    private mutating func nginx() throws {
        let places = take(.nginx, .nginxTLS)
        ports[.nginxBuffering] = places[0]
        let secure = """
            listen 127.0.0.1:\(places[1]) ssl;
            ssl_certificate \(pem); ssl_certificate_key \(pem);
            """
        let path = try configuration("nginx.conf", places, ["@LISTEN_SECURE@": secure])
        try run(.nginx, ["-p", directory.path, "-c", path, "-e", "\(directory.path)/nginx.errors"])
    }

    private mutating func haproxy() throws {
        let places = take(.haproxy, .haproxyTLS)
        let secure = "bind 127.0.0.1:\(places[1]) ssl crt \(pem) alpn http/1.1"
        let path = try configuration("haproxy.cfg", places, ["@BIND_SECURE@": secure])
        try run(.haproxy, ["-db", "-f", path])
    }

    private mutating func uvicorn(_ peer: Peer, _ secured: [String]) throws {
        let port = PeerPorts.take(1)[0]
        ports[peer] = port
        try run(
            .uvicorn,
            [
                "--app-dir", Start.sources, "asgi:app", "--port", "\(port)", "--log-level",
                "warning", "--timeout-keep-alive", "300",
            ] + secured)
    }

    /// A template filled in.
    private func configuration(
        _ name: String, _ places: [UInt16], _ secure: [String: String]
    ) throws -> String {
        var text = String(decoding: try Files.read(source(name), limit: 1 << 20), as: UTF8.self)
        var values = PeerCertificates.areAvailable ? secure : secure.mapValues { _ in "" }
        values["@DIRECTORY@"] = directory.path
        values["@PLAIN@"] = "\(places[0])"
        values["@HASTY@"] = "\(places[2])"
        values["@APP@"] = "\(ports[.python] ?? 0)"
        for (name, value) in values {
            text = text.split(separator: name, omittingEmptySubsequences: false)
                .joined(separator: value)
        }
        return try directory.file(name, Array(text.utf8))
    }
}
