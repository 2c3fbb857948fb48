internal import WireHTTP1

/// How a reply goes on its connection, as Go's net/http does it for what the request was.
struct ReplyFraming {
    /// From here on a whole body is chunked: what net/http's buffer does not hold.
    private static let longestCounted = 2048

    let minorVersion: Int
    let closes: Bool
    let isHEAD: Bool

    init(_ request: ReceivedRequest) {
        minorVersion = request.minorVersion
        closes = !request.allowsKeepAlive
        isHEAD = request.method == "HEAD"
    }

    /// Whether the body's end is the connection's.
    var streamsUntilClose: Bool { minorVersion == 0 }

    /// Fields in alphabetical order; what net/http adds itself comes behind Date.
    private func head(
        _ status: Int, _ fields: [(String, String)], wall: Int64, added: [String]
    ) -> [UInt8] {
        var text =
            "HTTP/1.\(minorVersion == 0 ? 0 : 1) \(status) \(ReplyFraming.reason(status))\r\n"
        for (name, value) in fields.sorted(by: { $0.0 < $1.0 }) { text += "\(name): \(value)\r\n" }
        text += "Date: \(GoText.httpDate(wall))\r\n"
        for line in added { text += "\(line)\r\n" }
        return [UInt8]("\(text)\r\n".utf8)
    }

    /// A whole response.
    func whole(
        _ status: Int = 200, contentType: String?, _ body: [UInt8],
        fields: [(String, String)] = [], wall: Int64
    ) -> [UInt8] {
        var fields = fields
        if let contentType { fields.append(("Content-Type", contentType)) }
        let connection =
            closes && minorVersion > 0
            ? ["Connection: close"] : minorVersion == 0 && !closes ? ["Connection: keep-alive"] : []
        if body.count < ReplyFraming.longestCounted || minorVersion == 0 {
            let head = head(
                status, fields, wall: wall, added: ["Content-Length: \(body.count)"] + connection)
            return isHEAD ? head : head + body
        }
        let head = head(
            status, fields, wall: wall, added: connection + ["Transfer-Encoding: chunked"])
        return isHEAD ? head : head + piece(body) + end
    }

    func streamHead(
        contentType: String, fields: [(String, String)] = [], wall: Int64
    ) -> [UInt8] {
        var added: [String] = []
        if closes, minorVersion > 0 { added.append("Connection: close") }
        if !streamsUntilClose { added.append("Transfer-Encoding: chunked") }
        return head(200, [("Content-Type", contentType)] + fields, wall: wall, added: added)
    }

    /// What one flush puts on the wire.
    func piece(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        put(bytes, to: &out)
        return out
    }

    /// The same behind what is in `out`.
    func put(_ bytes: [UInt8], to out: inout [UInt8]) {
        if streamsUntilClose {
            out += bytes
            return
        }
        ChunkedEncoder.appendHeader(size: bytes.count, to: &out)
        out += bytes
        out.append(UInt8(ascii: "\r"))
        out.append(UInt8(ascii: "\n"))
    }

    var end: [UInt8] { streamsUntilClose ? [] : ChunkedEncoder.end }

    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 301: "Moved Permanently"
        case 307: "Temporary Redirect"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        default: "Status \(status)"
        }
    }
}
