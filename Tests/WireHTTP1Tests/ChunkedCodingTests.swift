import TestSupport
import Testing
import WireBytes
import WireHTTP1

@Suite struct ChunkedCodingTests {
    @Test func encoderFraming() {
        #expect(text(ChunkedEncoder.header(size: 1)) == "1\r\n")
        #expect(text(ChunkedEncoder.header(size: 255)) == "ff\r\n")
        #expect(text(ChunkedEncoder.header(size: .max)) == "7fffffffffffffff\r\n")
        #expect(text(ChunkedEncoder.separator) == "\r\n")
        #expect(text(ChunkedEncoder.end) == "0\r\n\r\n")
    }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    /// What the encoder frames, the decoder gives back, cut anyhow, held back or not.
    @Test func roundTrips() throws {
        for seed in 0..<300 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var body: [UInt8] = []
            var wire: [UInt8] = []
            for _ in 0..<random.below(12) {
                let piece = random.bytes(1 + random.below(random.chance(1, in: 4) ? 600 : 20))
                body += piece
                wire += ChunkedEncoder.header(size: piece.count) + piece + ChunkedEncoder.separator
            }
            wire += ChunkedEncoder.end
            for _ in 0..<8 {
                let cuts = (0..<random.below(20)).map { _ in random.below(wire.count + 1) }.sorted()
                let holds = random.chance(1, in: 2)
                let found = try decoded(wire, cuts, holds)
                try #require(found == body, "seed \(seed), cuts \(cuts), content held: \(holds)")
            }
        }
    }

    private func decoded(_ wire: [UInt8], _ cuts: [Int], _ holds: Bool) throws -> [UInt8]? {
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        var decoder = ChunkedDecoder(limits: .standard)
        var offset = 0
        var body: [UInt8] = []
        var step = BodyStep.needsBytes
        for piece in Segmentation("cuts", cuts: cuts).pieces(of: wire.count) {
            try buffer.receive(wire.span.extracting(piece))
            repeat {
                step = try decoder.advance(&buffer, offset: &offset)
                if !holds {
                    body.append(copying: buffer.content)
                    buffer.consume(buffer.contentCount)
                }
            } while step != .needsBytes && step != .end
        }
        body.append(copying: buffer.content)
        return step == .end && offset == wire.count ? body : nil
    }

    /// The shortcut for plain chunks and the byte machine agree: each header stands at every
    /// distance from the end of what has come.
    @Test(arguments: [
        ("5\r\nhello\r\n0\r\n\r\n", "hello"), ("05\r\nhello\r\n0\r\n\r\n", "hello"),
        ("0005\r\nhello\r\n0\r\n\r\n", "hello"), ("00005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("00000005\r\nhello\r\n0\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("a\r\n0123456789\r\n00\r\n\r\n", "0123456789"),
        ("5;x\r\nhello\r\n0000000\r\n\r\n", "hello"),
        ("5 ;x\r\nhello\r\n0;y\r\nT: u\r\n\r\n", "hello"),
        ("1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n", "\r\n"), ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
    ])
    func headers(_ wire: String, _ body: String) throws {
        let bytes = Array(wire.utf8)
        try Segmentations.forEach(count: bytes.count, seed: 3) { cut in
            for holds in [false, true] {
                let found = try decoded(bytes, cut.cuts, holds)
                try #require(found == Array(body.utf8), "\(cut)")
            }
        }
    }

    /// And they refuse the same, at the same byte, with enough behind it for the shortcut.
    @Test(arguments: [
        ("1\r\naXX5\r\nhello\r\n0\r\n\r\n", 4), ("1\r\na\rX5\r\nhello\r\n0\r\n\r\n", 5),
        ("1\r\na\r\n5\rXhello\r\n0\r\n\r\n", 8), ("5XYhello\r\n0\r\n\r\n", 1),
        ("1\r\na\r\nxxxxxxxx\r\n", 6), ("1\r\na\r\n\r\nhello\r\n", 6),
    ])
    func broken(_ wire: String, _ place: Int) throws {
        let bytes = Array(wire.utf8)
        try Segmentations.forEach(count: bytes.count, seed: 3) { cut in
            let error = #expect(throws: HTTP1Error.self) { try decoded(bytes, cut.cuts, false) }
            try #require(error?.kind == .badChunk && error?.offset == place, "\(cut)")
        }
    }
}
