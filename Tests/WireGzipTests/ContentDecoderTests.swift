import TestSupport
import Testing
import WireBytes
import WireGzip

@Suite struct ContentDecoderTests {
    typealias Encoder = @Sendable ([UInt8]) -> [UInt8]

    static let forms: [(ContentCoding, Encoder)] = [
        (.gzip, { EncodedBody.gzip($0) }), (.deflate, { EncodedBody.zlib($0) }),
        (.deflate, { EncodedBody.bare($0) }), (.gzip, { EncodedBody.gzip($0, level: 0) }),
        (.deflate, { EncodedBody.bare($0, level: 0) }),
        (.deflate, { EncodedBody.zlib($0, level: 1) }),
        (.deflate, { EncodedBody.bare($0, level: 9) }),
    ]

    @Test(arguments: [0, 1, 2, 10, 1_000, 200_000])
    func wholeBodies(count: Int) {
        let text = EncodedBody.text(count)
        for (coding, encode) in ContentDecoderTests.forms {
            let decoded = decode(encode(text), coding)
            #expect(decoded.bytes == text)
            #expect(decoded.error == nil)
        }
    }

    @Test(arguments: [(1, 1), (1, 65_536), (7, 3), (1_000, 1), (65_536, 100)])
    func pieces(pieceBytes: Int, room: Int) {
        let text = EncodedBody.text(20_000)
        for (coding, encode) in ContentDecoderTests.forms {
            let decoded = decode(encode(text), coding, pieceBytes: pieceBytes, room: room)
            #expect(decoded.bytes == text)
            #expect(decoded.error == nil)
        }
    }

    @Test func everySplit() {
        let text = EncodedBody.text(200)
        for (coding, encode) in ContentDecoderTests.forms {
            let body = encode(text)
            for split in 1...body.count {
                #expect(decode(body, coding, pieceBytes: split).bytes == text)
            }
        }
    }

    /// A name, a comment, an extra field and a check sum of the header.
    @Test func gzipHeaderFields() {
        let plain = Array("hello\n".utf8)
        let tail = Array(EncodedBody.gzip(plain).dropFirst(10))
        let named: [UInt8] =
            [0x1F, 0x8B, 8, 0x0C, 1, 2, 3, 4, 2, 3, 2, 0, 9, 9] + Array("hello.txt\u{0}".utf8)
        #expect(decode(named + tail, .gzip).bytes == plain)
        let commented = [0x1F, 0x8B, 8, 0x10, 0, 0, 0, 0, 0, 3] + Array("a comment\u{0}".utf8)
        #expect(decode(commented + tail, .gzip, pieceBytes: 1).bytes == plain)
        let wrongSum: [UInt8] = [0x1F, 0x8B, 8, 2, 0, 0, 0, 0, 0, 3, 0, 0]
        #expect(decode(wrongSum + tail, .gzip).error == .corrupt(reason: "header crc mismatch"))
    }

    /// By another program: `printf 'hello, hello, hello\n' | gzip -n9`.
    @Test func gzipOfAnotherProgram() {
        let body: [UInt8] = [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xCB, 0x48, 0xCD, 0xC9,
            0xC9, 0xD7, 0x51, 0xC8, 0x40, 0xA2, 0xB8, 0x00, 0xE7, 0x42, 0x6E, 0x52, 0x14, 0x00,
            0x00, 0x00,
        ]
        let decoded = decode(body, .gzip)
        #expect(decoded.bytes == Array("hello, hello, hello\n".utf8))
        #expect(decoded.error == nil)
    }

    @Test(arguments: [1, 5, 1_000])
    func members(pieceBytes: Int) {
        let parts = [EncodedBody.text(300), [], EncodedBody.text(5_000), EncodedBody.text(1)]
        let body = parts.flatMap { EncodedBody.gzip($0) }
        let decoded = decode(body, .gzip, pieceBytes: pieceBytes, room: 100)
        #expect(decoded.bytes == Array(parts.joined()))
        #expect(decoded.error == nil)
    }

    @Test func whatFollowsTheEnd() {
        let text = EncodedBody.text(100)
        for (coding, encode) in ContentDecoderTests.forms {
            let body = encode(text)
            let padded = decode(body + [0, 0, 0], coding, pieceBytes: 1)
            #expect(padded.bytes == text)
            #expect(padded.error == nil)
            for tail in [[1], [0, 1], [0x8B], Array("x".utf8), [0, 0x1F, 0x8B]] as [[UInt8]] {
                let decoded = decode(body + tail, coding)
                #expect(decoded.bytes == text)
                #expect(decoded.error == .trailingBytes)
            }
        }
        // This could have been another member.
        #expect(decode(EncodedBody.gzip(text) + [0x1F], .gzip).error == .truncated)
        #expect(decode(EncodedBody.gzip(text) + [0x1F, 0x8C], .gzip).error != nil)
        #expect(decode(EncodedBody.zlib(text) + [0x1F], .deflate).error == .trailingBytes)
    }

    @Test func truncationAtEveryByte() {
        let text = EncodedBody.text(300)
        for (coding, encode) in ContentDecoderTests.forms {
            let body = encode(text)
            for count in 1..<body.count {
                let decoded = decode(Array(body[..<count]), coding)
                #expect(decoded.error == .truncated, "\(coding) \(count) of \(body.count)")
                #expect(text.starts(with: decoded.bytes))
            }
        }
        let members = EncodedBody.gzip(text) + EncodedBody.gzip(text)
        for count in EncodedBody.gzip(text).count + 1..<members.count {
            #expect(decode(Array(members[..<count]), .gzip).error == .truncated)
        }
    }

    /// What the input so far stands for is there at once, as far as the encoder flushed it.
    @Test func streaming() throws {
        var decoder = try ContentDecoder(.gzip, limits: .wide)
        // A stored block, not the last: 5 bytes of text without an end.
        let start: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 0, 5, 0, 0xFA, 0xFF]
        var storage = [UInt8](repeating: 0, count: 100)
        var all: [UInt8] = []
        _ = try decoder.step(start, &storage, &all)
        for byte in "hello".utf8 {
            let step = try decoder.step([byte], &storage, &all)
            #expect(step.taken == 1)
            #expect(step.produced == 1)
            #expect(step.next == .needsInput)
        }
        #expect(all == Array("hello".utf8))
    }

    @Test func emptyBodies() {
        #expect(decode([], .gzip).error == nil)
        #expect(decode([], .deflate).error == nil)
    }

    // MARK: Wrong bytes

    @Test func checkSums() {
        let text = EncodedBody.text(1_000)
        for place in 1...8 {
            var body = EncodedBody.gzip(text)
            body[body.count - place] ^= 1
            let reason = place > 4 ? "incorrect data check" : "incorrect length check"
            #expect(decode(body, .gzip).error == .corrupt(reason: reason))
        }
        var body = EncodedBody.zlib(text)
        body[body.count - 1] ^= 1
        #expect(decode(body, .deflate).error == .corrupt(reason: "incorrect data check"))
    }

    @Test func otherFormats() {
        #expect(decode(Array("plain text".utf8), .gzip).error != nil)
        #expect(decode(Array("plain text".utf8), .deflate).error != nil)
        #expect(decode(EncodedBody.gzip(EncodedBody.text(9)), .deflate).error != nil)
        #expect(decode(EncodedBody.zlib(EncodedBody.text(9)), .gzip).error != nil)
        // A preset dictionary, which nobody has.
        let withDictionary: [UInt8] = [0x78, 0xBB, 0, 0, 0, 1, 0x4B, 0x04, 0]
        let error = decode(withDictionary, .deflate).error
        #expect(error == .corrupt(reason: "needs a dictionary"))
    }

    /// What comes out before an error does not depend on how the input was cut.
    @Test func outputBeforeFailures() {
        var generator = SeededGenerator(seed: 13)
        let text = EncodedBody.text(400)
        for (coding, encode) in ContentDecoderTests.forms {
            for round in 0..<100 {
                var damaged = encode(text)
                damaged[generator.below(damaged.count)] ^= 1 << UInt8(generator.below(8))
                let whole = decode(damaged, coding)
                let pieces = decode(damaged, coding, pieceBytes: 1, room: 3)
                #expect(whole.bytes == pieces.bytes, "seed 13, round \(round)")
                #expect(whole.error == pieces.error, "seed 13, round \(round)")
            }
        }
    }

    /// Any damage is an error or nothing at all; in gzip and zlib, never wrong text that passes.
    @Test func changedBytes() {
        var generator = SeededGenerator(seed: 11)
        let text = EncodedBody.text(500)
        for (coding, encode) in ContentDecoderTests.forms {
            let body = encode(text)
            let isChecked = coding == .gzip || body.starts(with: [0x78])
            for round in 0..<300 {
                var damaged = body
                damaged[generator.below(body.count)] ^= 1 << UInt8(generator.below(8))
                let decoded = decode(damaged, coding, pieceBytes: 50)
                if isChecked && decoded.error == nil {
                    #expect(decoded.bytes == text, "seed 11, round \(round)")
                }
            }
        }
    }

    @Test func rubbish() {
        var generator = SeededGenerator(seed: 12)
        for _ in 0..<500 {
            let bytes = generator.bytes(generator.below(300))
            _ = decode(bytes, .gzip, pieceBytes: 10)
            _ = decode([0x1F, 0x8B, 8] + bytes, .gzip, room: 10)
            _ = decode(bytes, .deflate)
        }
    }

    @Test func failuresAreFinal() throws {
        var decoder = try ContentDecoder(.gzip, limits: .wide)
        var storage = [UInt8](repeating: 0, count: 10)
        var all: [UInt8] = []
        for _ in 0..<2 {
            #expect(throws: ContentError.corrupt(reason: "incorrect header check")) {
                _ = try decoder.step([1, 2], &storage, &all)
            }
        }
        #expect(throws: ContentError.corrupt(reason: "incorrect header check")) {
            try decoder.endOfInput()
        }
    }

    // MARK: Limits

    @Test func outputLimitIsExact() {
        for (coding, encode) in ContentDecoderTests.forms {
            let text = EncodedBody.text(10_000)
            for room in [1, 100, 65_536] {
                let limit = ByteLimit.bytes(10_000)
                let fits = decode(encode(text), coding, limits: .init(output: limit), room: room)
                #expect(fits.error == nil)
                #expect(fits.bytes == text)
                let tight = ByteLimit.bytes(9_999)
                let over = decode(encode(text), coding, limits: .init(output: tight), room: room)
                #expect(over.error == .outputLimit(tight))
                #expect(over.bytes.count <= 9_999)
                #expect(text.starts(with: over.bytes))
            }
        }
    }

    @Test func noLimitAtAll() {
        let limits = ContentLimits(
            output: .bytes(.max), ratio: .max, ratioGrace: .bytes(.max))
        let text = EncodedBody.text(1_000)
        #expect(decode(EncodedBody.gzip(text), .gzip, limits: limits).bytes == text)
        let zero = ContentLimits(output: .bytes(0), ratio: 0)
        #expect(decode(EncodedBody.gzip([]), .gzip, limits: zero).error == nil)
        #expect(decode(EncodedBody.gzip([1]), .gzip, limits: zero).error == .outputLimit(.bytes(0)))
    }

    /// 20 MB of zeros in 20 kB: ended soon after the ratio may be judged.
    @Test func bombs() {
        let limits = ContentLimits(
            output: .mebibytes(100), ratio: 200, ratioGrace: .mebibytes(1))
        let zeros = [UInt8](repeating: 0, count: 20_000_000)
        for (coding, encode) in ContentDecoderTests.forms where encode([0]).count < 20 {
            let body = encode(zeros)
            if body.count > 100_000 { continue }
            let decoded = decode(body, coding, limits: limits)
            #expect(decoded.error == .ratioLimit(200))
            #expect(decoded.bytes.count <= 1 << 20)
        }
        // Many small members are no way around it.
        let member = EncodedBody.gzip([UInt8](repeating: 0, count: 100_000))
        let body = Array([[UInt8]](repeating: member, count: 30).joined())
        #expect(decode(body, .gzip, limits: limits).error == .ratioLimit(200))
        // What compresses well, and is short, is no bomb.
        let short = [UInt8](repeating: 65, count: 1_000_000)
        #expect(decode(EncodedBody.gzip(short), .gzip, limits: limits).bytes == short)
    }

    /// Output is bounded by the room that there is, however much is compressed.
    @Test func backPressure() throws {
        var decoder = try ContentDecoder(.gzip, limits: .wide)
        let body = EncodedBody.gzip([UInt8](repeating: 65, count: 1_000_000))
        var storage = [UInt8](repeating: 0, count: 1_000)
        var all: [UInt8] = []
        let step = try decoder.step(body, &storage, &all)
        #expect(step.produced == 1_000)
        #expect(step.next == .needsRoom)
        #expect(step.taken < body.count)
    }

    @Test(.enabled(if: AllocationCount.works))
    func nothingIsAllocatedOnTheWay() throws {
        let text = EncodedBody.text(100_000)
        let body = EncodedBody.gzip(text)
        var decoder = try ContentDecoder(.gzip, limits: .wide)
        var storage = [UInt8](repeating: 0, count: 200_000)
        let half = body.count / 2
        var failed = false
        func feed(_ range: Range<Int>) {
            unsafe storage.withUnsafeMutableBytes { memory in
                // Safe because the span does not leave the call.
                var output = unsafe OutputRawSpan(buffer: memory, initializedCount: 0)
                for index in range {
                    do throws(ContentError) {
                        _ = try decoder.decode(body.span.extracting(index...index), into: &output)
                    } catch { failed = true }
                }
                _ = unsafe output.finalize(for: memory)
            }
        }
        feed(0..<half)
        let count = AllocationCount.during { feed(half..<body.count) }
        #expect(count.allocations == 0)
        #expect(!failed)
        #expect(decoder.totalIn == body.count)
        #expect(decoder.totalOut == text.count)
    }

    // MARK: The field

    @Test(
        arguments: [
            ("", []), ("identity", []), ("gzip", [.gzip]), ("X-GZip", [.gzip]),
            (" deflate ,\tgzip", [.deflate, .gzip]), (",gzip,,", [.gzip]),
        ] as [(String, [ContentCoding])])
    func fieldValues(value: String, expected: [ContentCoding]) throws {
        var codings: [ContentCoding] = []
        try ContentCoding.append(fieldValue: Array(value.utf8).span, to: &codings)
        #expect(codings == expected)
    }

    @Test func fieldValuesThatAreRefused() {
        var codings: [ContentCoding] = []
        #expect(throws: ContentError.unsupportedCoding("br")) {
            try ContentCoding.append(fieldValue: Array("gzip, BR".utf8).span, to: &codings)
        }
        // The limit is for all fields together.
        codings = []
        #expect(throws: ContentError.tooManyCodings(most: 3)) {
            for _ in 0..<4 {
                try ContentCoding.append(fieldValue: Array("gzip".utf8).span, to: &codings)
            }
        }
    }
}
