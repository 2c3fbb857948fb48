import TestSupport
import Testing
import WireBytes
import WireFraming

@Suite struct LineFramerTests {
    /// A reader that looked at a byte twice would need minutes: 2^20 pieces of a line of 4 MiB are
    /// 2 TiB of looking.
    @Test(.timeLimit(.minutes(1)))
    func longLineInSmallPiecesIsLinear() throws {
        let size = 4 << 20
        var framer = LineFramer(limit: .bytes(size))
        let piece: [UInt8] = [0x61, 0x62, 0x63, 0x64]
        for _ in 0..<size / 4 {
            framer.append(piece.span)
            let none = try framer.next() == nil
            try #require(none)
        }
        framer.append(([0x0A] as [UInt8]).span)
        let found = try [UInt8](copyingLine: &framer)
        let line = try #require(found)
        #expect(line.count == size)
        #expect(line[size - 4..<size] == [0x61, 0x62, 0x63, 0x64])
    }

    /// The same in a buffer of its own, as chunks of four bytes with their framing between.
    @Test(.timeLimit(.minutes(1)))
    func longLineInSmallChunksIsLinear() throws {
        let size = 2 << 20
        // Barely room for the line: the last pieces come when the buffer is nearly full.
        var buffer = ReceiveBuffer(limit: .bytes(size + 16))
        var scanner = LineScanner(limit: .bytes(size))
        let piece: [UInt8] = [0x34, 0x0D, 0x0A, 0x61, 0x62, 0x63, 0x64, 0x0D, 0x0A]
        for _ in 0..<size / 4 {
            try buffer.receive(piece.span)
            buffer.skip(3)
            buffer.expose(4)
            buffer.skip(2)
            let line = try scanner.next(in: &buffer)
            try #require(line == nil)
        }
        #expect(buffer.contentCount == size)
        #expect(buffer.capacity <= size + 16)
    }

    @Test func lineStaysUntilTheNextCall() throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        var scanner = LineScanner(limit: .kibibytes(1))
        try buffer.receive(Array("first\r\nsecond\nthird".utf8).span)
        buffer.expose(buffer.rawCount)
        let firstFound = try scanner.next(in: &buffer)
        let first = try #require(firstFound)
        #expect(String(decoding: buffer.bytes(in: first)) == "first")
        #expect(buffer.contentCount == 19)
        let secondFound = try scanner.next(in: &buffer)
        let second = try #require(secondFound)
        #expect(String(decoding: buffer.bytes(in: second)) == "second")
        #expect(scanner.offset == 7)
        // The second line is still there, the first is gone.
        #expect(buffer.contentCount == 12)
        scanner.finishReturned(&buffer)
        #expect(buffer.contentCount == 5)
        scanner.finishReturned(&buffer)
        #expect(buffer.contentCount == 5)
        #expect(scanner.offset == 14)
        #if DEBUG
        // Nobody may read them any more: their bytes are overwritten.
        #expect([UInt8](copying: buffer.bytes(in: first)) == Array(repeating: 0xDB, count: 5))
        #expect([UInt8](copying: buffer.bytes(in: second)) == Array(repeating: 0xDB, count: 6))
        #endif
        let third = try scanner.next(in: &buffer)
        #expect(third == nil)
        let lastFound = try scanner.next(in: &buffer, atEnd: true)
        let last = try #require(lastFound)
        #expect(String(decoding: buffer.bytes(in: last)) == "third")
    }

    /// The limit holds to the byte, whatever ends the line, and is repeated when asked again.
    @Test(arguments: ["\n", "\r\n", ""])
    func limit(_ end: String) throws {
        let limit = ByteLimit.bytes(8)
        for count in 0...20 {
            let input = Array("x\n".utf8) + Array(repeating: 0x61, count: count) + end.utf8
            try Segmentations.forEach(count: input.count, seed: 1) { cut in
                let found = frameLines(input, cut, limit: limit)
                try #require(found.faults == [])
                if count <= 8 {
                    try #require(found.error == nil, "\(count) bytes, \(cut)")
                    try #require(found.lines.count == (count == 0 && end == "" ? 1 : 2))
                } else {
                    try #require(found.error == .lineTooLong(limit: limit, offset: 2))
                    try #require(found.offsets == [0])
                }
                try #require(scanLines(input, cut, limit: limit, exposed: 5) == found)
            }
        }
    }

    /// A line is refused as soon as no end can save it: its last byte may be the CR of a CRLF.
    @Test func unfinishedLine() throws {
        var framer = LineFramer(limit: .bytes(8))
        for _ in 0..<9 {
            framer.append(([0x0D] as [UInt8]).span)
            let none = try framer.next() == nil
            try #require(none)
        }
        framer.append(([0x0D] as [UInt8]).span)
        #expect(throws: FramingError.lineTooLong(limit: .bytes(8), offset: 0)) {
            _ = try [UInt8](copyingLine: &framer)
        }
    }

    /// An endless line is refused when it passes the limit, not when memory is full.
    @Test func endlessLine() throws {
        var buffer = ReceiveBuffer(limit: .mebibytes(4))
        var scanner = LineScanner(limit: .mebibytes(1))
        let piece = [UInt8](repeating: 0x61, count: 64 << 10)
        for round in 1...64 {
            try buffer.receive(piece.span)
            buffer.expose(buffer.rawCount)
            do throws(FramingError) {
                let line = try scanner.next(in: &buffer)
                #expect(line == nil && round <= 16)
            } catch {
                #expect(error == .lineTooLong(limit: .mebibytes(1), offset: 0))
                #expect(round == 17)
                #expect(buffer.capacity <= 4 << 20)
                return
            }
        }
        Issue.record("no error in 4 MiB")
    }

    /// Lines of any number and length leave no more memory behind than the longest needed.
    @Test func memoryIsReused() throws {
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        var scanner = LineScanner(limit: .kibibytes(8))
        var random = SeededGenerator(seed: 5)
        var expected = 0
        var found = 0
        for _ in 0..<20_000 {
            var piece = [UInt8](repeating: 0x61, count: random.below(300))
            if random.chance(3, in: 4) {
                piece.append(0x0A)
                expected += 1
            }
            try buffer.receive(piece.span)
            buffer.expose(buffer.rawCount)
            while let line = try scanner.next(in: &buffer) { found += line.count < 8192 ? 1 : 0 }
        }
        #expect(found == expected)
        #expect(buffer.capacity <= 64 << 10)
    }

    @Test func errorText() {
        let line = FramingError.lineTooLong(limit: .bytes(5), offset: 7)
        #expect("\(line)" == "the line at byte 7 is longer than the limit of 5 bytes")
        let event = FramingError.eventTooLong(limit: .bytes(5), offset: 7)
        #expect("\(event)" == "the event at byte 7 is longer than the limit of 5 bytes")
    }
}

extension [UInt8] {
    /// A copy of the framer's next line; nil when there is none.
    fileprivate init?(copyingLine framer: inout LineFramer) throws(FramingError) {
        guard let line = try framer.next() else { return nil }
        self.init(copying: line.bytes)
    }
}
