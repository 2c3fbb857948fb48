internal import FuzzSupport
internal import WireBytes
internal import WireGzip

/// All that a content decoder says about one input.
struct ContentVerdict: Equatable {
    static let limit = ByteLimit.kibibytes(64)

    var error: ContentError?
    var body: [UInt8] = []

    init(_ input: [UInt8], _ coding: ContentCoding, in pieces: [Range<Int>], room: Int) {
        // A ratio is judged as often as there are pieces: not here.
        let limits = ContentLimits(output: ContentVerdict.limit, ratio: 1 << 20)
        var storage = [UInt8](repeating: 0, count: room)
        do throws(ContentError) {
            var decoder = try ContentDecoder(coding, limits: limits)
            for piece in pieces {
                var rest = piece
                var next = ContentStep.Next.needsRoom
                while next == .needsRoom {
                    let step = try decode(input.span.extracting(rest), by: &decoder, &storage)
                    rest = rest.lowerBound + step.taken..<rest.upperBound
                    next = step.next
                }
                precondition(rest.isEmpty, "wants input and has some")
            }
            try decoder.endOfInput()
        } catch { self.error = error }
        precondition(body.count <= ContentVerdict.limit.bytes, "more than allowed")
    }

    private mutating func decode(
        _ input: Span<UInt8>, by decoder: inout ContentDecoder, _ storage: inout [UInt8]
    ) throws(ContentError) -> ContentStep {
        var result = Result<ContentStep, ContentError>.failure(.truncated)
        let count = unsafe storage.withUnsafeMutableBytes { memory in
            // Safe because the span does not leave the call.
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            do throws(ContentError) {
                result = .success(try decoder.decode(input, into: &output))
            } catch { result = .failure(error) }
            return unsafe output.finalize(for: memory)
        }
        body += storage[..<count]
        return try result.get()
    }
}
