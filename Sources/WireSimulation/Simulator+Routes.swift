internal import WireServer
internal import WireSockets
internal import WireTime

/// Which request is answered by what.
extension Simulator {
    private static let routes: [(path: String, methods: [String])] = [
        ("/", ["GET", "HEAD"]), ("/api/version", ["GET", "HEAD"]), ("/api/tags", ["GET", "HEAD"]),
        ("/api/ps", ["GET"]), ("/api/status", ["GET"]), ("/api/show", ["POST"]),
        ("/api/generate", ["POST"]), ("/api/chat", ["POST"]), ("/api/embed", ["POST"]),
        ("/api/embeddings", ["POST"]), ("/api/pull", ["POST"]), ("/api/create", ["POST"]),
        ("/api/copy", ["POST"]), ("/api/delete", ["DELETE"]), ("/v1/models", ["GET"]),
        ("/v1/chat/completions", ["POST"]), ("/v1/completions", ["POST"]),
        ("/v1/embeddings", ["POST"]),
    ]

    func route(
        _ request: ServedRequest, _ framing: ReplyFraming, _ waker: any ConnectionWaker
    ) throws(Refusal) -> Reply {
        let path = Simulator.path(of: request.target)
        if let refused = unrouted(path, request, framing) { return refused }
        let asked = try fault(askedBy: request)
        var reply = try answer(path, request, framing, waker)
        reply.fault = asked ?? reply.fault
        return reply
    }

    private func answer(
        _ path: String, _ request: ServedRequest, _ framing: ReplyFraming,
        _ waker: any ConnectionWaker
    ) throws(Refusal) -> Reply {
        let body = request.body
        switch path {
        case "/":
            let text = [UInt8]("Ollama is running".utf8)
            return whole(text, "text/plain; charset=utf-8", framing, request)
        case "/api/version":
            return json([UInt8]("{\"version\":\"\(options.version)\"}".utf8), framing, request)
        case "/api/status":
            let text = "{\"cloud\":{\"disabled\":true,\"source\":\"env\"}}"
            return json([UInt8](text.utf8), framing, request)
        case "/api/tags": return json(tags(), framing, request)
        case "/api/ps": return json(running(at: request.receivedAt), framing, request)
        case "/api/show": return json(try show(body), framing, request)
        case "/api/chat": return try generate(.chat(body), request, framing, waker)
        case "/api/generate": return try generate(.generate(body), request, framing, waker)
        case "/v1/chat/completions":
            return try generate(.openAIChat(body), request, framing, waker)
        case "/v1/completions":
            return try generate(.openAICompletions(body), request, framing, waker)
        case "/api/embed": return try embed(.native, request, framing, waker)
        case "/api/embeddings": return try embed(.legacy, request, framing, waker)
        case "/v1/embeddings": return try embed(.openAI, request, framing, waker)
        case "/api/pull": return try pull(request, framing)
        case "/api/create": return try create(request, framing)
        case "/api/copy":
            try copy(body)
            return whole([], nil, framing, request)
        case "/api/delete":
            try delete(body)
            return whole([], nil, framing, request)
        case "/v1/models": return whole(openAIModels(), "application/json", framing, request)
        default:
            let name = String(path.dropFirst("/v1/models/".count))
            return whole(try openAIModel(name), "application/json", framing, request)
        }
    }

    func whole(
        _ body: [UInt8], _ contentType: String?, _ framing: ReplyFraming, _ request: ServedRequest
    ) -> Reply {
        let bytes = framing.whole(
            contentType: contentType, body, wall: MonotonicClock.wallNanoseconds)
        return Reply(source: FixedPieces(whole: bytes, from: request.receivedAt))
    }

    func json(_ body: [UInt8], _ framing: ReplyFraming, _ request: ServedRequest) -> Reply {
        whole(body, "application/json; charset=utf-8", framing, request)
    }

    /// A stream of lines, each so long after the one before.
    func lines(
        _ lines: [(after: Timeout, line: String)], _ framing: ReplyFraming, _ request: ServedRequest
    ) -> Reply {
        let head = framing.streamHead(
            contentType: "application/x-ndjson", wall: MonotonicClock.wallNanoseconds)
        var pieces: [(after: Timeout, piece: Piece)] = [(.zero, Piece(.head, head))]
        for (index, line) in lines.enumerated() {
            let bytes = framing.piece([UInt8]("\(line.line)\n".utf8))
            let kind = index + 1 == lines.count ? Piece.Kind.last : .record
            pieces.append((line.after, Piece(kind, bytes)))
        }
        pieces.append((.zero, Piece(.end, framing.end)))
        return Reply(source: FixedPieces(pieces, from: request.receivedAt))
    }

    // MARK: What has no route

    private static func path(of target: String) -> String {
        var path = target[...]
        // The absolute form (RFC 9112 3.2.2).
        for scheme in ["http://", "https://"] where path.lowercased().hasPrefix(scheme) {
            path = path.dropFirst(scheme.count).drop { $0 != "/" }
            if path.isEmpty { return "/" }
        }
        return String(path.prefix { $0 != "?" })
    }

    private func unrouted(
        _ path: String, _ request: ServedRequest, _ framing: ReplyFraming
    ) -> Reply? {
        let isModel = path.hasPrefix("/v1/models/") && path.count > "/v1/models/".count
        let methods = isModel ? ["GET"] : Simulator.methods(of: path)
        if let methods {
            if methods.contains(request.method) { return nil }
            let allow = [("Allow", methods.joined(separator: ", "))]
            return plain(405, "405 method not allowed", framing, request, fields: allow)
        }
        if path.hasPrefix("//") {
            let clean = "/" + path.drop { $0 == "/" }
            return redirect(307, "Temporary Redirect", to: clean, framing, request)
        }
        if path.hasSuffix("/"), Simulator.methods(of: String(path.dropLast())) != nil {
            let isGet = request.method == "GET"
            return redirect(
                isGet ? 301 : 307, isGet ? "Moved Permanently" : "Temporary Redirect",
                to: String(path.dropLast()), framing, request)
        }
        return plain(404, "404 page not found", framing, request)
    }

    private static func methods(of path: String) -> [String]? {
        routes.first { $0.path == path }?.methods
    }

    private func plain(
        _ status: Int, _ text: String, _ framing: ReplyFraming, _ request: ServedRequest,
        fields: [(String, String)] = []
    ) -> Reply {
        let bytes = framing.whole(
            status, contentType: "text/plain", [UInt8](text.utf8), fields: fields,
            wall: MonotonicClock.wallNanoseconds)
        return Reply(source: FixedPieces(whole: bytes, from: request.receivedAt))
    }

    private func redirect(
        _ status: Int, _ reason: String, to path: String, _ framing: ReplyFraming,
        _ request: ServedRequest
    ) -> Reply {
        let text = "<a href=\"\(path)\">\(reason)</a>.\n\n"
        let bytes = framing.whole(
            status, contentType: "text/html; charset=utf-8", [UInt8](text.utf8),
            fields: [("Location", path)], wall: MonotonicClock.wallNanoseconds)
        return Reply(source: FixedPieces(whole: bytes, from: request.receivedAt))
    }
}
