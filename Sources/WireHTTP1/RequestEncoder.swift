internal import WireBytes

/// A request's head, checked: nothing in it can end its line early or start another request.
/// Values are refused, never repaired.
public struct RequestHead: Sendable {
    public let method: String
    /// `origin-form`, as it goes on the wire.
    public let target: String
    /// Value of the Host field.
    public let authority: String
    public private(set) var fields: [(name: String, value: String)]

    /// How the body that follows is framed.
    public enum Body: Equatable, Sendable {
        case none
        case contentLength(Int)
        case chunked
    }

    /// - Parameters:
    ///   - authority: host and, if not the scheme's default, port; a Host among `fields` replaces it.
    ///   - fields: in the order they are to be sent.
    /// - Throws: `RequestError.invalidRequest`.
    public init(
        method: String, target: String, authority: String,
        fields: [(name: String, value: String)] = []
    ) throws(RequestError) {
        guard !method.isEmpty, method.utf8.allSatisfy(ASCII.isToken) else {
            throw .invalidRequest("the method is no token")
        }
        guard target.utf8.first == UInt8(ascii: "/") || target == "*",
            target.utf8.allSatisfy({ $0 > ASCII.space && $0 < 0x7F })
        else { throw .invalidRequest("the target has to be a path of printable ASCII") }
        self.method = method
        self.target = target
        var host = authority
        self.fields = []
        for (name, value) in fields {
            try RequestHead.check(name: name, value: value)
            if name.lowercased() == "host" {
                host = value
            } else {
                self.fields.append((name, value))
            }
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > ASCII.space && $0 < 0x7F }) else {
            throw .invalidRequest("the Host value has to be printable ASCII")
        }
        self.authority = host
    }

    /// Whether repeating the request has the effect of making it once (RFC 9110 9.2.2).
    public var isIdempotent: Bool {
        ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"].contains(method)
    }

    public func contains(field name: String) -> Bool {
        fields.contains { $0.name.lowercased() == name }
    }

    /// The head in wire form. The body's framing is decided here, never by the caller's fields.
    ///
    /// - Throws: `RequestError.invalidRequest` when a Content-Length or Transfer-Encoding field
    ///   among `fields` says something else than `body`.
    public func encoded(body: Body) throws(RequestError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(256)
        out += method.utf8
        out.append(ASCII.space)
        out += target.utf8
        out += " HTTP/1.1\r\nHost: ".utf8
        out += authority.utf8
        out += "\r\n".utf8
        for (name, value) in fields {
            if try RequestHead.isFraming(name, value, body) { continue }
            out += name.utf8
            out += ": ".utf8
            out += value.utf8
            out += "\r\n".utf8
        }
        switch body {
        case .contentLength(let count): out += "Content-Length: \(count)\r\n".utf8
        case .chunked: out += "Transfer-Encoding: chunked\r\n".utf8
        case .none: if method == "POST" || method == "PUT" { out += "Content-Length: 0\r\n".utf8 }
        }
        out += "\r\n".utf8
        return out
    }

    /// Whether a field only repeats what `body` says already, and is left out.
    private static func isFraming(
        _ name: String, _ value: String, _ body: Body
    ) throws(RequestError) -> Bool {
        switch name.lowercased() {
        case "content-length":
            let expected = if case .contentLength(let count) = body { count } else { 0 }
            guard body != .chunked, value == "\(expected)" else {
                throw .invalidRequest("Content-Length: \(value) contradicts the body")
            }
            return true
        case "transfer-encoding":
            guard body == .chunked, value.lowercased() == "chunked" else {
                throw .invalidRequest("Transfer-Encoding: \(value) contradicts the body")
            }
            return true
        default: return false
        }
    }

    private static func check(name: String, value: String) throws(RequestError) {
        guard !name.isEmpty, name.utf8.allSatisfy(ASCII.isToken) else {
            throw .invalidRequest("a field name is no token")
        }
        // Control bytes would be refused by a strict peer; CR, LF and NUL could split the message.
        guard value.utf8.allSatisfy({ $0 >= ASCII.space && $0 != 0x7F || $0 == ASCII.tab }) else {
            throw .invalidRequest("the value of \(name) holds a control byte")
        }
    }
}

/// The framing around one piece of a chunked request body.
public enum ChunkedEncoder {
    /// `SIZE CRLF` for the piece that follows. Size 0 would end the body: use `end`.
    public static func header(size: Int) -> [UInt8] {
        precondition(size > 0, "a chunk of no bytes ends the body")
        return [UInt8](String(size, radix: 16).utf8) + [ASCII.cr, ASCII.lf]
    }

    public static var separator: [UInt8] { [ASCII.cr, ASCII.lf] }
    public static var end: [UInt8] { [UInt8]("0\r\n\r\n".utf8) }
}
