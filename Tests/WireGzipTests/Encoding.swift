import CZlib
import TestSupport
import WireBytes
import WireGzip

/// Bodies as servers make them, put together out of what zlib's one function for it makes.
enum Encoded {
    /// RFC 1950.
    static func zlib(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        var count = compressBound(UInt(bytes.count))
        var output = [UInt8](repeating: 0, count: Int(count))
        let status = unsafe compress2(&output, &count, bytes, UInt(bytes.count), level)
        precondition(status == Z_OK, "zlib refused")
        return Array(output[..<Int(count)])
    }

    /// RFC 1951: without the header of two bytes and the check sum of four.
    static func bare(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        Array(zlib(bytes, level: level).dropFirst(2).dropLast(4))
    }

    /// RFC 1952.
    static func gzip(_ bytes: [UInt8], level: Int32 = 6) -> [UInt8] {
        let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        let sum = unsafe UInt32(crc32(0, bytes, UInt32(bytes.count)))
        return header + bare(bytes, level: level) + little(sum) + little(UInt32(bytes.count))
    }

    private static func little(_ number: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) }
    }

    /// Text that compresses as JSON does.
    static func text(_ count: Int) -> [UInt8] {
        var generator = SeededGenerator(seed: 3)
        var bytes: [UInt8] = []
        while bytes.count < count {
            bytes += Array("{\"token\":\"\(generator.below(1_000))\",\"done\":false}\n".utf8)
        }
        return Array(bytes[..<count])
    }
}

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
