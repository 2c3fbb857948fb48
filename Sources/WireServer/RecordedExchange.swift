internal import WireBytes
public import WireHTTP1
public import WireTime

/// One request of a recording and what came back for it.
public struct RecordedExchange: Sendable {
    /// What one read of the recording client brought of this response.
    public struct Piece: Equatable, Sendable {
        /// Since the request was sent; of a later request on the connection, since the end of the
        /// response before.
        public let at: Timeout
        public let bytes: ArraySlice<UInt8>
    }

    /// Name of the recording.
    public let recording: String
    public let request: ReceivedRequest
    /// Decoded, trailers left out.
    public let body: [UInt8]
    /// False when the client never sent the body that it had announced: it was refused before.
    public let bodyIsComplete: Bool
    /// Byte for byte, 1xx responses included. Empty when nothing came.
    public let response: ArraySlice<UInt8>
    /// Length of the 1xx responses in front.
    public let informationalBytes: Int
    /// The response by time; as one piece at 0 where the times were not kept.
    public let pieces: [Piece]
    /// Whether the server closed, as far as the bytes tell: the response says so or is not
    /// complete, or its end is the close.
    public let closesConnection: Bool
    /// For each record (a line of the body that is not empty), where in `response` it ends: the
    /// number of bytes up to and with its LF.
    public let recordEnds: [Int]
}

extension RecordedExchange {
    static func all(of recording: Recording) -> [RecordedExchange] {
        let requests = RecordedRequest.all(in: recording.request)
        let pieces = recording.pieces
        var exchanges: [RecordedExchange] = []
        var rest = recording.response[...]
        for (index, request) in requests.enumerated() {
            let response = RecordedResponse(
                rest, toHEAD: request.head.method == "HEAD", isLast: index == requests.count - 1)
            let bytes = rest.prefix(response.count)
            exchanges.append(
                RecordedExchange(
                    recording: recording.name, request: request.head, body: request.body,
                    bodyIsComplete: request.isComplete, response: bytes,
                    informationalBytes: response.informationalBytes,
                    pieces: cut(pieces, to: bytes.indices),
                    closesConnection: response.closesConnection,
                    recordEnds: response.recordEnds))
            rest = rest.dropFirst(response.count)
        }
        return exchanges
    }

    /// The parts of the pieces that lie in a range of the response file.
    private static func cut(_ pieces: [Piece], to range: Range<Int>) -> [Piece] {
        // A later response's times begin where the response before ended.
        let before =
            range.lowerBound == 0 ? nil : pieces.last { $0.bytes.startIndex < range.lowerBound }
        let start = before?.at.nanoseconds ?? 0
        return pieces.compactMap { piece in
            let part = piece.bytes.indices.clamped(to: range)
            if part.isEmpty { return nil }
            return Piece(
                at: Timeout(nanoseconds: max(0, piece.at.nanoseconds - start)),
                bytes: piece.bytes[part])
        }
    }
}

/// One of the requests in a `.request` file.
private struct RecordedRequest {
    let head: ReceivedRequest
    let body: [UInt8]
    let isComplete: Bool

    static func all(in bytes: [UInt8]) -> [RecordedRequest] {
        var requests: [RecordedRequest] = []
        var buffer = ReceiveBuffer(limit: .bytes(.max))
        buffer.appendRaw(bytes.span)
        while buffer.rawCount > 0, let request = next(&buffer) {
            requests.append(request)
            if !request.isComplete { break }
        }
        return requests
    }

    private static func next(_ buffer: inout ReceiveBuffer) -> RecordedRequest? {
        var decoder = RequestDecoder(limits: .recorded)
        var body: [UInt8] = []
        while let step = try? decoder.advance(&buffer) {
            switch step {
            case .head: continue
            case .content(let count):
                body.append(copying: buffer.content)
                buffer.consume(count)
            case .end, .needsBytes:
                return decoder.request.map {
                    RecordedRequest(head: $0, body: body, isComplete: step == .end)
                }
            }
        }
        return nil
    }
}

/// How far a response reaches and what is in it.
private struct RecordedResponse {
    private(set) var count: Int
    private(set) var informationalBytes = 0
    private(set) var closesConnection = true
    private(set) var recordEnds: [Int] = []

    /// - Parameters:
    ///   - bytes: from the response's first byte to the recording's end.
    ///   - isLast: everything is this response's, whatever it is.
    init(_ bytes: ArraySlice<UInt8>, toHEAD: Bool, isLast: Bool) {
        count = bytes.count
        var buffer = ReceiveBuffer(limit: .bytes(.max))
        buffer.appendRaw(bytes.span)
        var decoder = ResponseDecoder(toHEAD: toHEAD, limits: .recorded)
        var lineIsEmpty = true
        while let step = try? decoder.advance(&buffer) {
            switch step {
            case .informational: informationalBytes = decoder.bytesTaken
            case .head: continue
            case .content(let size):
                // Released pieces are consumed at once, so each is a stretch of the wire.
                note(buffer.content, from: decoder.bytesTaken - size, &lineIsEmpty)
                buffer.consume(size)
            case .needsBytes: return
            case .end:
                if let head = decoder.head, decoder.framing != .untilClose {
                    closesConnection = !head.allowsKeepAlive
                }
                if !isLast { count = decoder.bytesTaken }
                return
            }
        }
    }

    private mutating func note(_ piece: Span<UInt8>, from start: Int, _ lineIsEmpty: inout Bool) {
        for index in piece.indices {
            if piece[index] == ASCII.lf {
                if !lineIsEmpty { recordEnds.append(start + index + 1) }
                lineIsEmpty = true
            } else if piece[index] != ASCII.cr {
                lineIsEmpty = false
            }
        }
    }
}

extension HTTP1Limits {
    /// For bytes that are on the disk already.
    fileprivate static let recorded: HTTP1Limits = {
        var limits = HTTP1Limits()
        limits.startLine = .mebibytes(16)
        limits.fieldLine = .mebibytes(16)
        limits.head = .mebibytes(16)
        return limits
    }()
}

extension ReceiveBuffer {
    /// Appends to a buffer without a limit.
    fileprivate mutating func appendRaw(_ bytes: Span<UInt8>) {
        do throws(ByteLimitExceeded) { try append(bytes) } catch {
            preconditionFailure("a buffer without a limit was full")
        }
    }
}
