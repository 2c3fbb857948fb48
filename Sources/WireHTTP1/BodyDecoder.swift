public import WireBytes

/// What a decoder made of the raw bytes.
public enum BodyStep: Equatable, Sendable {
    /// So many bytes have become content of the receive buffer.
    case content(Int)
    /// The message is complete; further calls say so again.
    case end
    case needsBytes
}

/// One message body, whatever frames it.
@usableFromInline
struct BodyDecoder: Sendable {
    @usableFromInline enum Kind: Sendable { case contentLength, chunked, untilClose, ended }

    @usableFromInline var kind: Kind
    /// Of a body with a length: bytes still to come.
    private var remaining = 0
    @usableFromInline var chunked: ChunkedDecoder

    /// Without a body, until `start`.
    init(limits: HTTP1Limits) {
        chunked = ChunkedDecoder(limits: limits)
        kind = .ended
    }

    var limits: HTTP1Limits { chunked.limits }

    /// The head is there.
    mutating func start(_ framing: BodyFraming) {
        switch framing {
        case .none: kind = .ended
        case .contentLength(let count):
            remaining = count
            kind = count == 0 ? .ended : .contentLength
        case .chunked: kind = .chunked
        case .untilClose: kind = .untilClose
        }
    }

    var trailers: Fields { chunked.trailers }
    var chunkPlace: ChunkedDecoder.Place? { kind == .chunked ? chunked.place : nil }

    /// Bytes of the body still to be decoded; nil where its length was not told.
    var remainingLength: Int? { kind == .contentLength ? remaining : nil }

    /// `ChunkedDecoder.takePlainChunk`, of a chunked body.
    @inlinable @inline(__always)
    mutating func takePlainChunk(_ buffer: inout ReceiveBuffer, offset: inout Int) -> Int {
        kind == .chunked ? chunked.takePlainChunk(&buffer, offset: &offset) : 0
    }

    /// - Parameter offset: where the raw bytes start in the message; moves along.
    mutating func advance(
        _ buffer: inout ReceiveBuffer, offset: inout Int
    ) throws(HTTP1Error) -> BodyStep {
        switch kind {
        case .chunked:
            return try chunked.advance(&buffer, offset: &offset)
        case .contentLength:
            let count = min(remaining, buffer.rawCount)
            if count == 0 { return .needsBytes }
            remaining -= count
            if remaining == 0 { kind = .ended }
            return release(count, &buffer, &offset)
        case .untilClose:
            let count = buffer.rawCount
            return count == 0 ? .needsBytes : release(count, &buffer, &offset)
        case .ended:
            return .end
        }
    }

    /// The peer will send nothing more. Only a body that ends so is complete by that.
    mutating func endOfInput(at offset: Int) throws(HTTP1Error) {
        switch kind {
        case .ended: return
        case .untilClose: kind = .ended
        case .contentLength:
            throw HTTP1Error(
                .closedEarly, at: offset, "the body ends \(remaining) bytes before its length")
        case .chunked:
            throw HTTP1Error(.closedEarly, at: offset, "the body ends without its last chunk")
        }
    }

    private func release(
        _ count: Int, _ buffer: inout ReceiveBuffer, _ offset: inout Int
    ) -> BodyStep {
        buffer.expose(count)
        offset += count
        return .content(count)
    }
}
