internal import WireHTTP1

/// What of a request is being sent: the head and a body from memory in one go, or piece by piece what
/// a source supplies, one piece at a time. Pure, but for the source.
package struct RequestWriter: Sendable {
    package enum Failure: Error, Equatable, Sendable {
        /// More or fewer bytes than its length, or what the source says.
        case body(String)
    }

    /// The head, or a chunk's framing; in front of `piece`.
    private var prefix: [UInt8]
    private var piece: [UInt8]
    /// Of both together.
    private var sent = 0
    private let request: OutgoingRequest
    private var chunks: ChunkedEncoder?
    /// Of a body with a length: what its source still owes.
    private var owed: Int?
    /// The source has been asked.
    private var hasBegun = false
    /// The source has said that there will be more, later.
    package private(set) var isPending = false

    package init(_ request: OutgoingRequest) {
        self.request = request
        prefix = request.head
        piece = request.body.bytes
        owed = request.body.sourceLength
        if request.body.source != nil, owed == nil { chunks = ChunkedEncoder() }
    }

    package var isStreaming: Bool { request.body.source != nil }

    package enum Supply: Equatable, Sendable {
        /// So many bytes more, framing included.
        case bytes(Int)
        /// So many bytes more, and they are the last.
        case end(Int)
        case later
    }

    /// Goes on to the next piece when all before has been sent.
    package mutating func supply() throws(Failure) -> Supply {
        precondition(sent == prefix.count + piece.count, "the piece before is not sent")
        guard let source = request.body.source else { return .end(0) }
        hasBegun = true
        while true {
            let supply: BodySupply
            do { supply = try source.next() } catch { throw .body("\(error)") }
            isPending = false
            switch supply {
            case .piece(let bytes) where bytes.isEmpty: continue
            case .piece(let bytes):
                let count = try take(bytes)
                // The peer may answer what is complete before a source could say so.
                return owed == 0 ? .end(count) : .bytes(count)
            case .end: return .end(try finish())
            case .later:
                isPending = true
                return .later
            }
        }
    }

    private mutating func take(_ bytes: [UInt8]) throws(Failure) -> Int {
        if let owed {
            guard bytes.count <= owed else {
                throw .body("the body is longer than its length")
            }
            self.owed = owed - bytes.count
        }
        prefix = chunks?.piece(size: bytes.count) ?? []
        piece = bytes
        sent = 0
        return prefix.count + piece.count
    }

    private mutating func finish() throws(Failure) -> Int {
        if let owed, owed > 0 { throw .body("the body ends \(owed) bytes before its length") }
        prefix = chunks?.end() ?? []
        piece = []
        sent = 0
        return prefix.count
    }

    /// Lets `send` take from both parts.
    ///
    /// - Parameter most: so many bytes at most.
    package func withUnsent<Result>(
        most: Int, _ send: (_ first: Span<UInt8>, _ second: Span<UInt8>) -> Result
    ) -> Result {
        let fromPrefix = min(sent, prefix.count)
        let first = prefix.span.extracting(droppingFirst: fromPrefix)
        let second = piece.span.extracting(droppingFirst: sent - fromPrefix)
        if first.count >= most { return send(first.extracting(first: most), Span()) }
        return send(first, second.extracting(first: min(second.count, most - first.count)))
    }

    package mutating func advance(_ count: Int) { sent += count }

    /// Back to the first byte, for another connection.
    ///
    /// - Returns: false when the body cannot be had again.
    package mutating func rewind() -> Bool {
        if hasBegun, let source = request.body.source, !source.rewind() { return false }
        self = RequestWriter(request)
        return true
    }

    /// Nothing more will be sent.
    package func stop() { if hasBegun { request.body.source?.stop() } }
}
