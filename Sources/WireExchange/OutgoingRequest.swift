internal import WireBytes
internal import WireHTTP1

/// What a request is made of, ready for the wire; kept for as long as it may be sent again.
///
/// An object, so that a request takes its form along at the price of one reference.
package final class OutgoingRequest: Sendable {
    package let origin: Origin
    package let head: [UInt8]
    package let body: OutgoingBody
    package let toHEAD: Bool
    package let mayRepeat: Bool
    /// Content codings were offered and are undone.
    package let decodesContent: Bool
    /// The body waits for 100 (Continue).
    package let awaitsContinue: Bool

    init(
        origin: Origin, head: [UInt8], body: OutgoingBody, toHEAD: Bool, mayRepeat: Bool,
        decodesContent: Bool, awaitsContinue: Bool
    ) {
        self.origin = origin
        self.head = head
        self.body = body
        self.toHEAD = toHEAD
        self.mayRepeat = mayRepeat
        self.decodesContent = decodesContent
        self.awaitsContinue = awaitsContinue
    }

    package var source: (any BodySource)? { body.source }

    /// When it may be sent again at once, on a fresh connection.
    package func retry(_ policy: RetryPolicy?) -> RetryRule {
        let mayRepeat = mayRepeat || policy?.repeatsAnyMethod == true
        return RetryRule(mayRepeat: mayRepeat && body.isRepeatable)
    }

    /// Its bytes, as far as they are known before it is sent.
    package var form: RequestForm {
        RequestForm(
            bytes: head.count + body.bytes.count, isOpen: body.source != nil && !body.isEmpty,
            heldBehind: awaitsContinue ? head.count : nil)
    }

    /// In place of one that must not be sent.
    package static let none = OutgoingRequest(
        origin: Origin(scheme: "", host: "", port: 0), head: [], body: OutgoingBody(),
        toHEAD: false,
        mayRepeat: false, decodesContent: false, awaitsContinue: false)
}

/// A body as it goes on the wire: from memory, coded already; or from a source.
package struct OutgoingBody: Sendable {
    package var bytes: [UInt8] = []
    var source: (any BodySource)?
    var framing = RequestHead.Body.none

    init() {}

    init(
        _ body: RequestBody?, chunked: Bool,
        opening open: (_ path: String) throws(TransportError) -> (any BodySource, length: Int?)?
    ) throws(TransportError) {
        switch body?.source {
        case nil: break
        case .bytes(let bytes):
            framing = chunked ? .chunked : .contentLength(bytes.count)
            self.bytes = chunked ? OutgoingBody.chunked(bytes) : bytes
        case .file(let path):
            guard let (source, length) = try open(path) else { return }
            use(source, length: length, chunked: chunked)
            // A pipe has been read by then.
            isRepeatable = length != nil
        case .pieces(let source, let length):
            if let length, length < 0 {
                throw .request(.invalidRequest("a body of \(length) bytes"))
            }
            use(source, length: length, chunked: chunked)
            isRepeatable = false
        }
    }

    private mutating func use(_ source: any BodySource, length: Int?, chunked: Bool) {
        self.source = source
        framing = .chunked
        if let length, !chunked { framing = .contentLength(length) }
    }

    private static func chunked(_ bytes: [UInt8]) -> [UInt8] {
        var chunks = ChunkedEncoder()
        let framed = bytes.isEmpty ? [] : chunks.piece(size: bytes.count) + bytes
        return framed + chunks.end()
    }

    var isEmpty: Bool { framing == .none || framing == .contentLength(0) }

    /// The whole body can be had once more.
    package private(set) var isRepeatable = true

    /// Of a source's pieces together; nil where they go in the chunked coding.
    var sourceLength: Int? {
        if source != nil, case .contentLength(let count) = framing { return count }
        return nil
    }
}
