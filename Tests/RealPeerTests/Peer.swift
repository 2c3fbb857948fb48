import Testing
import WireSystem

/// A server that others have written, in one of its forms.
enum Peer: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case nginx, nginxBuffering, nginxTLS
    case haproxy, haproxyTLS
    case python, pythonTLS
    /// `python3 -m http.server`: HTTP/1.0.
    case pythonFiles
    case node, nodeTLS
    case uvicorn, uvicornTLS

    var testDescription: String { rawValue }

    var program: Program {
        switch self {
        case .nginx, .nginxBuffering, .nginxTLS: .nginx
        case .haproxy, .haproxyTLS: .haproxy
        case .python, .pythonTLS, .pythonFiles: .python
        case .node, .nodeTLS: .node
        case .uvicorn, .uvicornTLS: .uvicorn
        }
    }

    /// nginx and haproxy stand in front of the Python server.
    var needed: [Program] {
        switch program {
        case .nginx, .haproxy: [program, .python]
        default: [program]
        }
    }

    var isSecure: Bool {
        switch self {
        case .nginxTLS, .haproxyTLS, .pythonTLS, .nodeTLS, .uvicornTLS: true
        default: false
        }
    }

    /// All of `app.py`'s routes, on connections that are kept.
    var hasApp: Bool { self != .pythonFiles }

    /// Hands on what it gets as it gets it.
    var streams: Bool { hasApp && self != .nginxBuffering }

    /// Has a port on which idle connections are closed early.
    var isHasty: Bool { [.nginx, .haproxy, .python, .node].contains(self) }

    var prefix: String { self == .nginxBuffering ? "/buffered" : "" }

    static let available = allCases.filter {
        $0.needed.allSatisfy(\.isThere) && (!$0.isSecure || PeerCertificates.areAvailable)
    }
    static let apps = available.filter(\.hasApp)
    static let streaming = available.filter(\.streams)
    static let hasty = available.filter(\.isHasty)
    static let secure = available.filter(\.isSecure)
}

/// What the peers are run with.
enum Program: String, CaseIterable, Sendable {
    case nginx, haproxy, python, node, uvicorn, openssl

    private static let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")

    private var places: [String] {
        switch self {
        case .nginx: ["/usr/sbin/nginx", "/usr/bin/nginx"]
        case .haproxy: ["/usr/sbin/haproxy", "/usr/bin/haproxy"]
        case .python: ["/usr/bin/python3", "/usr/local/bin/python3"]
        case .node: ["/usr/bin/node", "/usr/local/bin/node", "/usr/bin/nodejs"]
        // Made by `make peers`.
        case .uvicorn: ["/\(Program.root)/.build/real-peers/bin/uvicorn"]
        case .openssl: ["/usr/bin/openssl"]
        }
    }

    var path: String? { places.first { Files.exists($0) } }
    var isThere: Bool { path != nil }

    static let missing = allCases.filter { !$0.isThere }
}
