internal import WireServer
internal import WireTime

/// What a fault puts in a reply's place from its position on.
struct FaultScripts {
    let framing: ReplyFraming
    /// Nil for replies that are no streams of records.
    let dialect: ReplyDialect?
    let isOpenAI: Bool
    /// A stream's head has been sent.
    let hasHead: Bool
    let wall: Int64

    /// Nil for faults that only change how a reply is sent.
    func script(for fault: Fault) -> Script? {
        switch fault.kind {
        case .silent, .stall: return .silent
        case .reset: return Script([.reset])
        case .fin: return Script([.finish])
        case .truncate: return ending(nil)
        case .garbage: return Script([.send(FaultScripts.garbage[...]), .finish])
        case .badRecord:
            return ending(
                dialect?.isSSE ?? false ? "data: {\"choices\":\n\n" : "{\"model\":\"sim\n")
        case .error:
            guard hasHead || dialect == nil else {
                return .bytes(wholeError(500, FaultScripts.engineError))
            }
            return ending(dialect.map { $0.error(FaultScripts.engineError, wall: wall) })
        case .swallowed: return ending(dialect.map { $0.swallowedError(wall: wall) })
        case .pings:
            let ping = dialect?.isSSE ?? false ? [UInt8](": ping\n\n".utf8) : [0x0A]
            return .endless(streamHead, repeating: framing.piece(ping), every: fault.every)
        case .status: return .bytes(wholeStatus(fault))
        case .endlessHead: return .endlessHead(every: fault.every)
        case .endlessField: return .endlessFieldLine(every: fault.every)
        case .informational: return .endlessInformational(every: fault.every)
        case .chunkExtension:
            return .endless(
                streamHead + "5;x=".utf8, repeating: [UInt8](repeating: 0x78, count: 4 << 10),
                every: fault.every)
        case .gzipBomb: return gzipBomb(every: fault.every)
        case .refuse, .tlsStall, .drip, .oneByte, .batch, .earlyHead, .lateHead: return nil
        }
    }

    /// What happens to a connection at once. Nil for what cannot.
    static func opening(for fault: Fault) -> Opening? {
        switch fault.kind {
        case .silent: return Opening(.silent)
        case .reset: return Opening(Script([.reset]))
        case .fin: return Opening(Script([.finish]))
        case .garbage: return Opening(Script([.send(garbage[...]), .finish]))
        case .tlsStall:
            // A handshake record of 122 bytes with the beginning of a ServerHello (RFC 8446 4.1.3).
            let hello: [UInt8] = [0x16, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3]
            let begun = (hello + [UInt8](repeating: 0x5A, count: 116)).prefix(fault.count)
            return Opening(
                afterBytes: 1, Script(begun.isEmpty ? [.stall] : [.send(begun), .stall]))
        default: return nil
        }
    }

    static let engineError =
        "an error was encountered while running the model: unexpected EOF"

    /// Begins with what is neither a status line nor a chunk's size.
    private static let garbage: [UInt8] = {
        var random = Randomness(seed: 0x6A)
        return [0xFF] + (0..<255).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }()

    private var streamHead: [UInt8] {
        if hasHead { return [] }
        return framing.streamHead(
            contentType: dialect?.streamContentType ?? "application/x-ndjson", wall: wall)
    }

    /// One more piece, and the body's end as if nothing had happened.
    private func ending(_ piece: [UInt8]?) -> Script {
        var bytes = streamHead
        if let piece { bytes += framing.piece(piece) }
        let script = Script.bytes(bytes + framing.end)
        return framing.streamsUntilClose ? script.then(.finish) : script
    }

    private func ending(_ text: String) -> Script { ending([UInt8](text.utf8)) }

    private func wholeError(
        _ status: Int, _ message: String, fields: [(String, String)] = []
    ) -> [UInt8] {
        let body = ErrorBody.json(Refusal(status, message), isOpenAI: isOpenAI)
        return framing.whole(
            status, contentType: ErrorBody.contentType(isOpenAI: isOpenAI), body, fields: fields,
            wall: wall)
    }

    private func wholeStatus(_ fault: Fault) -> [UInt8] {
        let message =
            fault.status == 503
            ? Refusal.queueFull.message
            : fault.status == 429 ? "too many requests" : ReplyFraming.reason(fault.status)
        let fields = fault.retryAfter.map { [("Retry-After", "\($0)")] } ?? []
        return wholeError(fault.status, message, fields: fields)
    }

    /// Zeros in a dynamic block of which a match of 258 takes two bits (RFC 1951 3.2.7), with no end.
    private func gzipBomb(every pause: Timeout) -> Script {
        let head = framing.streamHead(
            contentType: dialect?.streamContentType ?? "application/x-ndjson",
            fields: [("Content-Encoding", "gzip")], wall: wall)
        return .endless(
            head + framing.piece(GzipBomb.beginning),
            repeating: framing.piece([UInt8](repeating: 0, count: 4 << 10)), every: pause)
    }
}

enum GzipBomb {
    /// The header of a gzip member, and of a block whose only frequent symbols are "258 bytes from
    /// one byte back": every zero byte that follows is four of them.
    static let beginning: [UInt8] = [
        0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF,
        0xEC, 0xC0, 0x81, 0x00, 0x00, 0x00, 0x00, 0x80, 0xA0, 0xFD, 0xA9, 0x17, 0xA9, 0x0A,
    ]
}

/// An error as the APIs write it.
enum ErrorBody {
    static func contentType(isOpenAI: Bool) -> String {
        isOpenAI ? "application/json" : "application/json; charset=utf-8"
    }

    static func json(_ refusal: Refusal, isOpenAI: Bool) -> [UInt8] {
        let message = GoText.quoted([UInt8](refusal.message.utf8))
        if !isOpenAI { return [UInt8]("{\"error\":".utf8) + message + "}".utf8 }
        let type =
            switch refusal.status {
            case 400: "invalid_request_error"
            case 404: "not_found_error"
            default: "api_error"
            }
        return [UInt8]("{\"error\":{\"message\":".utf8) + message
            + ",\"type\":\"\(type)\",\"param\":null,\"code\":null}}\n".utf8
    }
}
