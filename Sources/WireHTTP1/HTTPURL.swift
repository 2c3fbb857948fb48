internal import WireBytes

/// An `http` or `https` URL, taken apart for a request. The target keeps the bytes as given: no
/// decoding and encoding again. A fragment is dropped, bytes outside ASCII are percent-encoded.
public struct HTTPURL: Sendable, Equatable {
    public enum Scheme: String, Sendable {
        case http, https
        public var defaultPort: UInt16 { self == .http ? 80 : 443 }
    }

    public let scheme: Scheme
    /// A name in ASCII, an IPv4 literal, or an IPv6 literal without brackets but with its zone.
    public let host: String
    public let port: UInt16
    /// Path and query, at least `/`.
    public let target: String
    /// `user:password` as given (percent-decoded), for `Authorization: Basic`. Never in the target.
    public let userInfo: String?

    public var isIPv6Literal: Bool { host.utf8.contains(UInt8(ascii: ":")) }

    /// The Host field's value: brackets around IPv6, no zone, no default port, no user. Put together
    /// once, not for each request.
    public let authority: String

    /// The same origin with another target.
    public func with(target: String) -> HTTPURL {
        HTTPURL(copying: self, target: target)
    }

    public init(
        scheme: Scheme, host: String, port: UInt16, target: String, userInfo: String? = nil
    ) {
        self.scheme = scheme
        self.host = host
        self.port = port
        self.target = target
        self.userInfo = userInfo
        let isIPv6 = host.utf8.contains(UInt8(ascii: ":"))
        let shown = isIPv6 ? "[" + host.prefix { $0 != "%" } + "]" : host
        authority = port == scheme.defaultPort ? shown : "\(shown):\(port)"
    }

    private init(copying other: HTTPURL, target: String) {
        scheme = other.scheme
        host = other.host
        port = other.port
        self.target = target
        userInfo = other.userInfo
        authority = other.authority
    }

    /// - Throws: `RequestError.invalidURL` that says what is wrong.
    public init(_ text: String) throws(RequestError) {
        guard let schemeEnd = HTTPURL.schemeSeparator(in: text[...]) else {
            throw .invalidURL("expected http://host[:port][/path]")
        }
        guard let scheme = Scheme(rawValue: text[..<schemeEnd.lowerBound].lowercased()) else {
            throw .invalidURL("the scheme has to be http or https")
        }
        let rest = text[schemeEnd.upperBound...]
        // Delimiters are looked for among bytes: a combining character must not hide one.
        let delimiters = [UInt8]("/?#".utf8)
        let end = rest.utf8.firstIndex { delimiters.contains($0) } ?? rest.endIndex
        var authority = rest[..<end]
        var userInfo: String?
        if let at = authority.utf8.lastIndex(of: UInt8(ascii: "@")) {
            userInfo = try HTTPURL.percentDecoded(authority[..<at])
            authority = authority[authority.utf8.index(after: at)...]
        }
        let (host, port) = try HTTPURL.split(authority)
        try self.init(
            scheme: scheme, host: host, port: port ?? scheme.defaultPort,
            target: HTTPURL.target(of: rest[end...]), userInfo: userInfo)
    }

    /// Where `://` ends the scheme; nil where the first colon has another meaning.
    package static func schemeSeparator(in text: Substring) -> Range<String.Index>? {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else {
            return nil
        }
        return colon..<text.index(colon, offsetBy: 3)
    }

    private static func split(
        _ authority: Substring
    ) throws(RequestError) -> (host: String, port: UInt16?) {
        var host = authority
        var portText: Substring?
        if authority.first == "[" {
            guard let close = authority.firstIndex(of: "]") else {
                throw .invalidURL("an IPv6 address without its closing bracket")
            }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let behind = authority[authority.index(after: close)...]
            guard behind.isEmpty || behind.first == ":" else {
                throw .invalidURL("unexpected text behind the IPv6 address")
            }
            portText = behind.isEmpty ? nil : behind.dropFirst()
            return (try ipv6(host), try number(portText))
        }
        if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            portText = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty else { throw .invalidURL("no host") }
        for byte in host.utf8 {
            let allowed =
                ASCII.isDigit(byte) || ASCII.lowercased(byte) &- 0x61 < 26
                || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                || byte == UInt8(ascii: "_")
            if !allowed { throw .invalidURL("a host name holds letters, digits, '-', '.' and '_'") }
        }
        return (host.lowercased(), try number(portText))
    }

    private static func ipv6(_ text: Substring) throws(RequestError) -> String {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        let address = parts.first ?? ""
        let digits = address.utf8.allSatisfy {
            ASCII.hexValue($0) != nil || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".")
        }
        guard digits, address.contains(":") else { throw .invalidURL("not an IPv6 address") }
        guard parts.count == 2 else { return address.lowercased() }
        // RFC 6874 writes the zone's separator as %25; a bare % is common too.
        let zone = parts[1].hasPrefix("25") ? parts[1].dropFirst(2) : parts[1]
        guard ASCII.isToken(zone.utf8Span.span) else {
            throw .invalidURL("an empty or strange IPv6 zone")
        }
        return "\(address.lowercased())%\(zone)"
    }

    private static func number(_ text: Substring?) throws(RequestError) -> UInt16? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.allSatisfy(ASCII.isDigit), let port = UInt16(text), port > 0 else {
            throw .invalidURL("the port has to be a number from 1 to 65535")
        }
        return port
    }

    private static func target(of text: Substring) throws(RequestError) -> String {
        let visible = text.utf8.prefix { $0 != UInt8(ascii: "#") }
        var target = visible.first == UInt8(ascii: "/") ? "" : "/"
        for byte in visible {
            guard byte > ASCII.space, byte != 0x7F else {
                throw .invalidURL("a space or control byte in the path or query")
            }
            if byte < 0x80 {
                target.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                target += "%" + String(byte, radix: 16, uppercase: true)
            }
        }
        return target
    }

    private static func percentDecoded(_ text: Substring) throws(RequestError) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                // Others read a backslash as a slash, and so another host.
                guard byte > ASCII.space, byte != 0x7F, byte != UInt8(ascii: "\\") else {
                    throw .invalidURL("a space, control byte or backslash in the user part")
                }
                bytes.append(byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(ASCII.hexValue),
                let low = rest.popFirst().flatMap(ASCII.hexValue)
            else { throw .invalidURL("a broken percent escape in the user part") }
            bytes.append(high << 4 | low)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
