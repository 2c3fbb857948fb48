import TestSupport
import WireBytes
import WireGzip

extension ContentLimits {
    static let wide = ContentLimits(output: .mebibytes(64), ratio: 2_000)
}

/// Decodes a body that comes in pieces of `pieceBytes`, into room for `room` bytes at a time.
func decode(
    _ body: [UInt8], _ coding: ContentCoding, limits: ContentLimits = .wide,
    pieceBytes: Int = .max, room: Int = 65_536
) -> (bytes: [UInt8], error: ContentError?) {
    var all: [UInt8] = []
    var storage = [UInt8](repeating: 0, count: room)
    do throws(ContentError) {
        var decoder = try ContentDecoder(coding, limits: limits)
        var start = 0
        while start < body.count {
            var piece = Array(body[start..<min(body.count, start.addingClamped(pieceBytes))])
            start += piece.count
            var next = ContentStep.Next.needsRoom
            while next == .needsRoom {
                let step = try decoder.step(piece, &storage, &all)
                piece.removeFirst(step.taken)
                next = step.next
            }
            precondition(piece.isEmpty, "wants input and has some")
        }
        try decoder.endOfInput()
    } catch { return (all, error) }
    return (all, nil)
}

extension ContentDecoder {
    mutating func step(
        _ piece: [UInt8], _ storage: inout [UInt8], _ all: inout [UInt8]
    ) throws(ContentError) -> ContentStep {
        var result = Result<ContentStep, ContentError>.failure(.truncated)
        let count = unsafe storage.withUnsafeMutableBytes { memory in
            // Safe because the span does not leave the call.
            var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
            do throws(ContentError) {
                result = .success(try decode(piece.span, into: &output))
            } catch { result = .failure(error) }
            return unsafe output.finalize(for: memory)
        }
        all += storage[..<count]
        if case .success(let step) = result { precondition(step.produced == count, "miscounted") }
        return try result.get()
    }
}

extension Int {
    fileprivate func addingClamped(_ other: Int) -> Int {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
