import TestSupport
import Testing
import WireBytes

@Suite struct ScratchBufferTests {
    @Test func againstAnArray() throws {
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var scratch = ScratchBuffer()
            var model: [UInt8] = []
            for _ in 0..<200 {
                switch random.below(8) {
                case 0...2:
                    let byte = random.byte()
                    scratch.append(byte)
                    model.append(byte)
                case 3...4:
                    let bytes = random.bytes(random.below(100))
                    scratch.append(bytes.span)
                    model += bytes
                case 5:
                    let scalar = Unicode.Scalar(UInt32(random.below(0xD800)))!
                    scratch.append(scalar)
                    model += String(scalar).utf8
                case 6:
                    if model.isEmpty { continue }
                    scratch.removeLast()
                    model.removeLast()
                default:
                    if random.chance(1, in: 4) {
                        scratch.removeAll()
                        model = []
                    }
                }
                try #require(scratch.count == model.count, "seed \(seed)")
                let bytes = [UInt8](copying: scratch.bytes)
                try #require(bytes == model, "seed \(seed)")
                let start = random.below(model.count + 1)
                let count = random.below(model.count - start + 1)
                let part = [UInt8](copying: scratch[ByteRange(start: start, count: count)])
                try #require(part == Array(model[start..<start + count]), "seed \(seed)")
            }
        }
    }

    @Test(
        arguments: [0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x10FFFF]
            as [UInt32])
    func scalars(_ value: UInt32) {
        let scalar = Unicode.Scalar(value)!
        var scratch = ScratchBuffer()
        scratch.append(scalar)
        let bytes = [UInt8](copying: scratch.bytes)
        #expect(bytes == Array(String(scalar).utf8))
    }

    @Test func partOfAnother() {
        var source = ScratchBuffer()
        source.append(Array("hello".utf8).span)
        var target = ScratchBuffer()
        target.append(ByteRange(start: 1, count: 3), of: source)
        target.append(ByteRange(start: 5, count: 0), of: source)
        let text = String(decoding: target.bytes)
        #expect(text == "ell")
    }

    @Test func copies() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect([UInt8](copying: bytes.span) == bytes)
        #expect([UInt8](copying: Span()) == [])
        var more: [UInt8] = [0]
        more.append(copying: bytes.span)
        more.append(copying: Span())
        #expect(more == [0, 1, 2, 3])
        #expect(String(decoding: Array("ä€".utf8).span) == "ä€")
        #expect(String(decoding: ([0x61, 0xFF] as [UInt8]).span) == "a\u{FFFD}")
        #expect(String(decoding: Span()) == "")
        let written = String(utf8Capacity: 10) { output in
            output.append(copying: Array("ab".utf8).span)
            output.append(copying: Span())
            output.append(0xFF)
        }
        #expect(written == "ab\u{FFFD}")
    }

    @Test func words() {
        let bytes: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 0x88]
        #expect(bytes.span.word(at: 0) == 0x0706_0504_0302_0100)
        #expect(bytes.span.word(at: 1) == 0x8807_0605_0403_0201)
    }
}
