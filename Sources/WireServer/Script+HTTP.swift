internal import WireHTTP1
internal import WireJSON
public import WireTime

extension Script {
    /// A whole response with a Content-Length.
    ///
    /// - Parameter toHEAD: leave the body out, but not its length.
    public static func response(
        status: Int = 200, fields: [(name: String, value: String)] = [], body: [UInt8],
        toHEAD: Bool = false
    ) -> Script {
        let head = responseHead(
            status: status, fields: fields + [("Content-Length", "\(body.count)")])
        return .bytes(toHEAD ? head : head + body)
    }

    /// A JSON text with its length.
    public static func json(_ text: String, status: Int = 200) -> Script {
        response(
            status: status, fields: [("Content-Type", "application/json; charset=utf-8")],
            body: [UInt8](text.utf8))
    }

    /// `{"error":"..."}`, as Ollama answers.
    public static func error(
        _ message: String, status: Int, fields: [(name: String, value: String)] = [],
        toHEAD: Bool = false
    ) -> Script {
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("error", message)
        writer.endObject()
        return response(
            status: status,
            fields: [("Content-Type", "application/json; charset=utf-8")] + fields,
            body: writer.bytes, toHEAD: toHEAD)
    }

    /// A chunked response, each piece a chunk sent by itself, `every` so long.
    public static func chunked(
        _ pieces: [[UInt8]], contentType: String, every pause: Timeout = .zero
    ) -> Script {
        var script = Script.bytes(chunkedHead(contentType: contentType))
        for piece in pieces where !piece.isEmpty {
            if pause > .zero { script.steps.append(.wait(pause)) }
            script.steps.append(.send(chunk(piece)[...]))
        }
        script.steps.append(.send(ChunkedEncoder.end[...]))
        return script
    }

    /// A stream of NDJSON lines, each (with its LF) a chunk, as Ollama sends them.
    public static func ndjson(_ lines: [String], every pause: Timeout = .zero) -> Script {
        chunked(
            lines.map { [UInt8]("\($0)\n".utf8) }, contentType: "application/x-ndjson", every: pause
        )
    }

    /// A stream of server-sent events, one for each text: `data: TEXT` and an empty line.
    public static func events(_ texts: [String], every pause: Timeout = .zero) -> Script {
        chunked(
            texts.map { [UInt8]("data: \($0)\n\n".utf8) }, contentType: "text/event-stream",
            every: pause)
    }

    static func responseHead(status: Int, fields: [(name: String, value: String)]) -> [UInt8] {
        var head = "HTTP/1.1 \(status) \(reason(of: status))\r\n"
        for (name, value) in fields { head += "\(name): \(value)\r\n" }
        return [UInt8]("\(head)\r\n".utf8)
    }

    static func chunkedHead(contentType: String) -> [UInt8] {
        responseHead(
            status: 200,
            fields: [("Content-Type", contentType), ("Transfer-Encoding", "chunked")])
    }

    static func chunk(_ piece: [UInt8]) -> [UInt8] {
        ChunkedEncoder.header(size: piece.count) + piece + ChunkedEncoder.separator
    }

    private static func reason(of status: Int) -> String {
        switch status {
        case 100: "Continue"
        case 200: "OK"
        case 204: "No Content"
        case 307: "Temporary Redirect"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 417: "Expectation Failed"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status \(status)"
        }
    }
}
