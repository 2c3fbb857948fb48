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
        guard ASCII.isToken(method.utf8Span.span) else {
            throw .invalidRequest("the method is no token")
        }
        guard target.utf8.first == UInt8(ascii: "/") || target == "*",
            RequestHead.isPrintable(target)
        else { throw .invalidRequest("the target has to be a path of printable ASCII") }
        self.method = method
        self.target = target
        var host = authority
        self.fields = fields
        var namesHost = false
        for (name, value) in fields {
            try RequestHead.check(name: name, value: value)
            if RequestHead.isHost(name) {
                host = value
                namesHost = true
            }
        }
        if namesHost { self.fields.removeAll { RequestHead.isHost($0.name) } }
        guard !host.isEmpty, RequestHead.isPrintable(host) else {
            throw .invalidRequest("the Host value has to be printable ASCII")
        }
        self.authority = host
    }

    /// Whether repeating the request has the effect of making it once (RFC 9110 9.2.2).
    public var isIdempotent: Bool {
        switch method {
        case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE": true
        default: false
        }
    }

    public func contains(field name: String) -> Bool {
        fields.contains { $0.name.lowercased() == name }
    }

    /// The head in wire form. The body's framing is decided here, never by the caller's fields.
    ///
    /// - Throws: `RequestError.invalidRequest` when a Content-Length or Transfer-Encoding field
    ///   among `fields` says something else than `body`.
    public func encoded(body: Body) throws(RequestError) -> [UInt8] {
        let ending = lastLines(body)
        var capacity = method.utf8.count + target.utf8.count + authority.utf8.count
        capacity += ending.utf8.count + "  HTTP/1.1\r\nHost: \r\n".utf8.count
        for (name, value) in fields { capacity += name.utf8.count + value.utf8.count + 4 }
        // In one piece of memory, sized before: this is done for each request.
        var head: [UInt8] = []
        head.reserveCapacity(capacity)
        try head.append(addingCapacity: capacity) { out throws(RequestError) in
            out.append(copying: method.utf8Span.span)
            out.append(ASCII.space)
            out.append(copying: target.utf8Span.span)
            out.append(text: " HTTP/1.1\r\nHost: ")
            out.append(copying: authority.utf8Span.span)
            out.append(text: "\r\n")
            for (name, value) in fields {
                if try RequestHead.isFraming(name, value, body) { continue }
                out.append(copying: name.utf8Span.span)
                out.append(text: ": ")
                out.append(copying: value.utf8Span.span)
                out.append(text: "\r\n")
            }
            out.append(copying: ending.utf8Span.span)
        }
        return head
    }

    /// The field that tells the body's end, if there is one, and the line that ends the head.
    private func lastLines(_ body: Body) -> String {
        switch body {
        case .contentLength(let count): "Content-Length: \(count)\r\n\r\n"
        case .chunked: "Transfer-Encoding: chunked\r\n\r\n"
        case .none: method == "POST" || method == "PUT" ? "Content-Length: 0\r\n\r\n" : "\r\n"
        }
    }

    private static func isHost(_ name: String) -> Bool {
        ASCII.equalsIgnoringCase(name.utf8Span.span, "host")
    }

    /// Whether a field only repeats what `body` says already, and is left out.
    private static func isFraming(
        _ name: String, _ value: String, _ body: Body
    ) throws(RequestError) -> Bool {
        let bytes = name.utf8Span.span
        if ASCII.equalsIgnoringCase(bytes, "content-length") {
            let expected = if case .contentLength(let count) = body { count } else { 0 }
            guard body != .chunked, value == "\(expected)" else {
                throw .invalidRequest("Content-Length: \(value) contradicts the body")
            }
            return true
        }
        if ASCII.equalsIgnoringCase(bytes, "transfer-encoding") {
            guard body == .chunked, value.lowercased() == "chunked" else {
                throw .invalidRequest("Transfer-Encoding: \(value) contradicts the body")
            }
            return true
        }
        return false
    }

    private static func isPrintable(_ text: String) -> Bool {
        let bytes = text.utf8Span.span
        var strange: UInt8 = 0
        for index in bytes.indices { strange |= bytes[index] &- 0x21 > 0x7E - 0x21 ? 1 : 0 }
        return strange == 0
    }

    private static func check(name: String, value: String) throws(RequestError) {
        guard ASCII.isToken(name.utf8Span.span) else {
            throw .invalidRequest("a field name is no token")
        }
        // Control bytes would be refused by a strict peer; CR, LF and NUL could split the message.
        let bytes = value.utf8Span.span
        guard ByteScan.fieldValueRun(in: bytes, from: 0) == bytes.count else {
            throw .invalidRequest("the value of \(name) holds a control byte")
        }
    }
}

extension OutputSpan<UInt8> {
    /// Appends ASCII that a program's text spells out.
    @_lifetime(self: copy self)
    fileprivate mutating func append(text: String) { append(copying: text.utf8Span.span) }
}
