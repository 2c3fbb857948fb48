public import WireExchange
public import WireHTTP1

/// Where a server is: the reading of `OLLAMA_HOST` and of host arguments, as Ollama's own client
/// does it, and one thing more: an address that means "all interfaces" to a server is loopback to
/// a client.
///
///     (empty)                  http://127.0.0.1:11434
///     host, host:port, :port   http, port 11434 unless given
///     http://host              port 80;  https://host: port 443
///     0.0.0.0, [::]            127.0.0.1, [::1]
///     host/base/               requests go to /base/api/...
///     host/base/v1             the OpenAI-compatible API: /base/v1/...
///     host/base/api            the native API: /base/api/...
///     a port that is none      the default port
///     ollama.com               https://ollama.com:443
///     unix:/path, unix:@name   that Unix socket, named localhost to who listens there
public struct OllamaEndpoint: Sendable, Equatable {
    /// Ollama's, where an address names none.
    public static let defaultPort: UInt16 = 11434

    /// Plain or over TLS.
    public let scheme: HTTPURL.Scheme
    /// A name or an address, IPv6 without brackets.
    public let host: String
    /// From 1 on.
    public let port: UInt16
    /// What stands before `/api/...` and `/v1/...`: empty, or `/base` without a slash at its end.
    public let basePath: String
    /// What the address says of the dialect; nil when it ends in neither `/v1` nor `/api`.
    public let dialect: Dialect?
    /// Where to connect instead of host and port.
    public let unixSocket: UnixSocketPath?

    /// - Parameter text: `OLLAMA_HOST`'s value, or an argument; quotes and spaces around it are
    ///   ignored.
    /// - Throws: `RequestError.invalidURL` when the host itself cannot be one, and for a user, a
    ///   password or a query, which have no place here.
    public init(_ text: String) throws(RequestError) {
        var rest = OllamaEndpoint.trimmed(text)
        if rest.hasPrefix("unix:") {
            unixSocket = try UnixSocketPath(String(rest))
            (scheme, host, port, basePath) = (.http, "localhost", 80, "")
            dialect = nil
            return
        }
        unixSocket = nil
        var scheme = HTTPURL.Scheme.http
        var defaultPort = OllamaEndpoint.defaultPort
        if let separator = HTTPURL.schemeSeparator(in: rest) {
            switch rest[..<separator.lowerBound].lowercased() {
            case "http": defaultPort = 80
            case "https":
                scheme = .https
                defaultPort = 443
            default: break
            }
            rest = rest[separator.upperBound...]
        } else if rest == "ollama.com" {
            scheme = .https
            defaultPort = 443
        }
        if rest.utf8.contains(UInt8(ascii: "?")) { throw .invalidURL("a server has no query") }
        let pathStart = rest.utf8.firstIndex(of: UInt8(ascii: "/")) ?? rest.endIndex
        let (host, port) = try OllamaEndpoint.split(rest[..<pathStart])
        // The rules for hosts and paths are those of URLs.
        let shown = host.contains(":") ? "[\(host)]" : host
        let url = try HTTPURL("http://\(shown)\(rest[pathStart...])")
        self.scheme = scheme
        self.host = OllamaEndpoint.connectable(url.host)
        self.port = port ?? defaultPort
        var path = url.target[...]
        while path.last == "/" { path.removeLast() }
        if path.hasSuffix("/v1") {
            dialect = .openAI
            path.removeLast(3)
        } else if path.hasSuffix("/api") {
            dialect = .native
            path.removeLast(4)
        } else {
            dialect = nil
        }
        basePath = String(path)
    }

    /// The URL of a route, such as `/api/chat`.
    public func url(_ route: String) -> HTTPURL {
        HTTPURL(scheme: scheme, host: host, port: port, target: basePath + route)
    }

    /// Only this machine can be meant. Credentials without TLS go nowhere else.
    public var isLoopback: Bool {
        host == "localhost" || host.hasSuffix(".localhost") || host == "::1"
            || host.hasPrefix("127.") && host.allSatisfy { $0.isNumber || $0 == "." }
    }

    private static func trimmed(_ text: String) -> Substring {
        var text = text[...]
        while let first = text.first, first.isWhitespace || "\"'".contains(first) {
            text.removeFirst()
        }
        while let last = text.last, last.isWhitespace || "\"'".contains(last) { text.removeLast() }
        return text
    }

    /// Host and port; an empty host is loopback, a port that is no number from 1 to 65535 is none.
    private static func split(
        _ authority: Substring
    ) throws(RequestError) -> (host: String, port: UInt16?) {
        // What stands before an @ would be taken for the host.
        guard !authority.utf8.contains(UInt8(ascii: "@")) else {
            throw .invalidURL("a user or password in a server's address is not supported")
        }
        var host = authority
        var port: UInt16?
        if authority.first == "[", let close = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<close]
            let behind = authority[authority.index(after: close)...]
            guard host.contains(":"), behind.isEmpty || behind.first == ":" else {
                throw .invalidURL("brackets hold an IPv6 address, and only a port follows them")
            }
            port = number(behind.dropFirst())
        } else if authority.count(where: { $0 == ":" }) == 1,
            let colon = authority.firstIndex(of: ":")
        {
            host = authority[..<colon]
            port = number(authority[authority.index(after: colon)...])
        }
        return (host.isEmpty ? "127.0.0.1" : String(host), port)
    }

    private static func number(_ text: Substring) -> UInt16? {
        guard text.allSatisfy({ $0.isASCII && $0.isNumber }), let port = UInt16(text), port > 0
        else { return nil }
        return port
    }

    private static func connectable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::", "0:0:0:0:0:0:0:0": "::1"
        default: host
        }
    }
}

extension OllamaEndpoint: CustomStringConvertible {
    public var description: String {
        if let unixSocket { return unixSocket.description }
        let api =
            switch dialect {
            case .native: "/api"
            case .openAI: "/v1"
            case nil: ""
            }
        return "\(scheme)://\(url("/").authority)\(basePath)\(api)"
    }
}
