internal import FuzzSupport
internal import WireBytes
internal import WireHTTP1

/// All that a decoder of the chunked coding says about one input.
struct ChunkedVerdict: Equatable {
    var error: HTTP1Error?
    var body: [UInt8] = []
    var trailerCount = 0
    var end: Int?

    init(_ input: [UInt8], in pieces: [Range<Int>]) {
        var buffer = ReceiveBuffer(limit: .mebibytes(64))
        var decoder = ChunkedDecoder(limits: .standard)
        var offset = 0
        do throws(HTTP1Error) {
            for piece in pieces {
                buffer.mustAppend(input.span.extracting(piece))
                var step = try decoder.advance(&buffer, offset: &offset)
                while step != .needsBytes, step != .end {
                    step = try decoder.advance(&buffer, offset: &offset)
                }
                if step == .end { end = offset }
            }
        } catch { self.error = error }
        body = [UInt8](copying: buffer.content)
        trailerCount = decoder.trailers.count
        precondition(body.count <= input.count && (end ?? 0) <= input.count, "more than came")
    }
}
