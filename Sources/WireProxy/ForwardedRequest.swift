internal import WireBytes
internal import WireExchange
internal import WireHTTP1

/// A request's head as it goes on to the upstream, and as it is recorded. Pure.
///
/// Fields keep their order, case and values, except: Host names the upstream; an offer to upgrade to
/// another protocol is taken out, since nobody here could speak it; what the client folded is one line.
struct ForwardedRequest {
    let method: String
    /// As the client sent it; in absolute form, its path.
    let target: String
    let allowsKeepAlive: Bool
    /// For the upstream.
    let head: [UInt8]
    /// For the recording: as the client sent it, but without what is secret.
    let recordedHead: [UInt8]

    /// Why a request is not forwarded.
    struct Refusal: Error, Equatable {
        let status: Int
        let message: String
    }

    init(
        _ request: ReceivedRequest, to upstream: HTTPURL, keepsHost: Bool, keepsCredentials: Bool
    ) throws(Refusal) {
        method = request.method
        target = try ForwardedRequest.originForm(of: request)
        allowsKeepAlive = request.allowsKeepAlive
        let version = "HTTP/1.\(min(request.minorVersion, 1))"
        var base = upstream.target.prefix { $0 != "?" }
        while base.last == "/" { base.removeLast() }
        let forwarded = target == "*" ? target : base + target

        var head = Array("\(method) \(forwarded) \(version)\r\n".utf8)
        var recorded = Array("\(method) \(target) \(version)\r\n".utf8)
        let fields = request.fields
        let upgrades = fields["upgrade"] != nil
        if !keepsHost { head.appendLine("Host", upstream.authority.utf8Span.span) }
        for index in 0..<fields.count {
            let (name, value) = (fields.name(at: index), fields.valueBytes(at: index))
            let isSecret = !keepsCredentials && ForwardedRequest.isSecret(name)
            if isSecret {
                recorded.appendLine(name, "REDACTED".utf8Span.span)
            } else {
                recorded.appendLine(name, value)
            }
            if !keepsHost, fields.nameEquals("host", at: index) { continue }
            if upgrades, ForwardedRequest.isOfUpgrade(fields, index) { continue }
            head.appendLine(name, value)
        }
        if upgrades, !request.allowsKeepAlive {
            head.appendLine("Connection", "close".utf8Span.span)
        }
        self.head = head + [ASCII.cr, ASCII.lf]
        recordedHead = recorded + [ASCII.cr, ASCII.lf]
    }

    /// RFC 9112 3.2: a server has to take the absolute form, too.
    private static func originForm(of request: ReceivedRequest) throws(Refusal) -> String {
        let target = request.target
        if target.hasPrefix("/") || target == "*" && request.method == "OPTIONS" { return target }
        guard request.method != "CONNECT", let url = try? HTTPURL(target) else {
            throw Refusal(
                status: request.method == "CONNECT" ? 501 : 400,
                message: "this is no proxy for \(request.method) \(target): send it a path")
        }
        return url.target
    }

    private static func isOfUpgrade(_ fields: Fields, _ index: Int) -> Bool {
        fields.nameEquals("upgrade", at: index) || fields.nameEquals("http2-settings", at: index)
            || fields.nameEquals("connection", at: index)
    }

    static func isSecret(_ name: String) -> Bool {
        let name = name.lowercased()
        return name == "set-cookie" || CredentialFields.contains(name)
    }
}

extension [UInt8] {
    fileprivate mutating func appendLine(_ name: String, _ value: Span<UInt8>) {
        self += name.utf8
        self += [UInt8(ascii: ":"), ASCII.space]
        append(copying: value)
        self += [ASCII.cr, ASCII.lf]
    }
}

/// Takes what is secret out of a response's head that is going to be recorded.
enum SecretFields {
    /// Overwrites the values of Set-Cookie fields; every byte keeps its place.
    static func mask(in bytes: inout [UInt8], upTo end: Int) {
        var lineStart = 0
        while lineStart < end {
            let lineEnd = bytes[lineStart..<end].firstIndex(of: ASCII.lf) ?? end
            let line = bytes[lineStart..<lineEnd]
            if let colon = line.firstIndex(of: UInt8(ascii: ":")),
                ForwardedRequest.isSecret(String(decoding: line[..<colon], as: UTF8.self))
            {
                for index in colon + 1..<lineEnd where bytes[index] > ASCII.space {
                    bytes[index] = UInt8(ascii: "x")
                }
            }
            lineStart = lineEnd + 1
        }
    }
}
