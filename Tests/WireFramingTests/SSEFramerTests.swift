import TestSupport
import Testing
import WireBytes
import WireFraming

@Suite struct SSEFramerTests {
    private static let words: [[UInt8]] =
        [
            "data", "data:", "data: ", "event:", "event: x", "id: ", "id:", "id: 7", "retry:",
            "retry: 15",
            "retry: 99999999999999999999", "retry: 1 ", ":", ": ping", " ", "x", "\u{0}", "ä",
            "\u{2028}",
            "\u{85}", "dat", "Data: ", "DATA", "\r", "\n", "\r\n", "\r\r", "\n\n", "\r\n\r\n",
            "\n\r", "{}",
        ].map { Array($0.utf8) } + [
            [0xEF, 0xBB, 0xBF], [0xEF], [0xFF], [0xC3], [0xF0, 0x9F, 0x98],
        ]

    /// The scanner against the letter of the standard, and against itself in pieces.
    @Test func randomTexts() throws {
        var events = 0
        for seed in 0..<20_000 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            var input: [UInt8] = []
            for _ in 0..<random.below(24) {
                input += random.pick(Self.words)
                if random.chance(1, in: 3) { input += random.pick(["\n", "\r\n", "\r"]).utf8 }
            }
            let whole = Segmentation("whole", cuts: [])
            let found = scanEvents(input, whole, limit: .kibibytes(64), exposed: 1 << 20)
            let expected = SSEOracle.read(input)
            try #require(found.map { SSEOracle.Found($0) } == expected, "seed \(seed): \(input)")
            let cuts = (0..<random.below(6)).map { _ in random.below(input.count + 1) }.sorted()
            let cut = Segmentation("cuts \(cuts)", cuts: cuts)
            let framed = frameEvents(input, cut, limit: .kibibytes(64))
            try #require(framed == found.withoutRetries, "seed \(seed), \(cut)")
            let exposed = 1 + random.below(5)
            let scanned = scanEvents(input, cut, limit: .kibibytes(64), exposed: exposed)
            try #require(scanned == found, "seed \(seed), \(cut), \(exposed) bytes at a time")
            events += expected.count
        }
        #expect(events > 5_000)
    }

    @Test func framerKeepsTheReconnectionTime() throws {
        var framer = SSEFramer(limit: .kibibytes(1))
        #expect(framer.reconnectionMilliseconds == nil)
        framer.append(Array("retry: 5\nretry: x\nretry: 15\ndata: a\n\nretry: 3".utf8).span)
        let name = try framer.next()?.name
        #expect(name == "message")
        #expect(framer.reconnectionMilliseconds == 15)
        let none = try framer.next() == nil
        #expect(none)
        framer.append(Array("\nevent: tick\ndata\n\n".utf8).span)
        let tick = try framer.next()?.name
        #expect(tick == "tick")
        #expect(framer.reconnectionMilliseconds == 3)
    }

    /// A line ended by CR is done at once; the LF that may follow later is not another end.
    @Test func carriageReturnDoesNotWait() throws {
        var framer = SSEFramer(limit: .kibibytes(1))
        framer.append(Array("data: a\r\r".utf8).span)
        let first = try String(nextDataOf: &framer)
        #expect(first == "a")
        framer.append(Array("\ndata: b\r\n\r".utf8).span)
        let second = try String(nextDataOf: &framer)
        #expect(second == "b")
        framer.append(Array("\n\r\n".utf8).span)
        let none = try framer.next() == nil
        #expect(none)
    }

    @Test func eventStaysUntilTheNextCall() throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        var scanner = SSEScanner(limit: .kibibytes(1))
        try buffer.receive(Array("data: one\nid: 1\n\ndata: x\ndata: y\n\n".utf8).span)
        buffer.expose(buffer.rawCount)
        let first = try scanner.next(in: &buffer)
        #expect(first == .event)
        // Twice: reading an event does not use it up.
        for _ in 0..<2 {
            #expect(String(decoding: scanner.data(in: buffer)) == "one")
            #expect(String(decoding: scanner.lastEventID) == "1")
        }
        #expect(scanner.offset == 0)
        let start = buffer.consumed
        let second = try scanner.next(in: &buffer)
        #expect(second == .event)
        #expect(String(decoding: scanner.data(in: buffer)) == "x\ny")
        #if DEBUG
        let old = [UInt8](copying: buffer.bytes(in: ByteRange(start: start, count: 17)))
        #expect(old == Array(repeating: 0xDB, count: 17))
        #endif
        let third = try scanner.next(in: &buffer)
        #expect(third == .needsBytes)
        #expect(buffer.held == 0)
        #expect(scanner.offset == 34)
    }

    /// Every kind of endless event is refused when its lines pass the limit.
    @Test(arguments: [
        ("line", "", "a"), ("data line", "data: ", "a"), ("data lines", "", "data: aaaa\n"),
        ("empty data lines", "", "data\r\n"), ("comments in an event", "data: a\n", ": ping\n"),
        ("field in an event", "data: a\n", "event: b\n"), ("comment", ":", "a"),
        ("id", "id: ", "a"),
        ("data in one of many lines", "data: a\ndata: b\n", "data: cc\n"),
    ])
    func endlessEvents(_ name: String, _ start: String, _ repeated: String) throws {
        let limit = ByteLimit.kibibytes(256)
        var buffer = ReceiveBuffer(limit: .mebibytes(1))
        var scanner = SSEScanner(limit: limit)
        try buffer.receive(Array(start.utf8).span)
        let piece = Array(String(repeating: repeated, count: 4096 / repeated.utf8.count).utf8)
        for round in 0..<600 {
            try buffer.receive(piece.span)
            buffer.expose(buffer.rawCount)
            do throws(FramingError) {
                let step = try scanner.next(in: &buffer)
                #expect(step == .needsBytes)
                #expect(buffer.held <= limit.bytes && buffer.capacity <= 1 << 20)
            } catch {
                #expect(error == .eventTooLong(limit: limit, offset: scanner.offset))
                #expect(round >= 60, "refused too early")
                return
            }
        }
        Issue.record("no error in \(600 * piece.count) bytes")
    }

    /// Lines outside an event are dropped one by one: a stream may ping for ever.
    @Test(arguments: [
        ": ping\n", ": ping\r\n\r\n", "\n", "\r", "event: x\n\n", "id: 5\n", "retry: 5\n", "x\n",
    ])
    func endlessPings(_ ping: String) throws {
        var buffer = ReceiveBuffer(limit: .kibibytes(64))
        var scanner = SSEScanner(limit: .bytes(64))
        let piece = Array(String(repeating: ping, count: 1000).utf8)
        for _ in 0..<50 {
            try buffer.receive(piece.span)
            buffer.expose(buffer.rawCount)
            var step = try scanner.next(in: &buffer)
            while step == .retry(5) { step = try scanner.next(in: &buffer) }
            try #require(step == .needsBytes)
            try #require(buffer.held <= 1)
        }
    }

    /// A limit gives the same verdict at every split, and lets through what is below it.
    @Test(arguments: ["\n", "\r\n", "\r"])
    func limit(_ end: String) throws {
        for count in 0...40 {
            let line = "data: " + String(repeating: "a", count: count) + end
            let input = Array((": ping\(end)" + line + end + line + line + end).utf8)
            let whole = Segmentation("whole", cuts: [])
            let reference = scanEvents(input, whole, limit: .bytes(32), exposed: 1 << 20)
            try Segmentations.forEach(count: input.count, seed: 1) { cut in
                let found = scanEvents(input, cut, limit: .bytes(32), exposed: 7)
                try #require(found == reference, "\(count) bytes, \(cut)")
            }
            let isTooLong = if case .error = reference.last { true } else { false }
            if count <= 7 { try #require(!isTooLong && reference.count == 2) }
            if count > 26 { try #require(isTooLong && reference.count == 1) }
        }
    }

    /// A reader that looked at a byte twice would need minutes.
    @Test(.timeLimit(.minutes(1)))
    func longEventInSmallPiecesIsLinear() throws {
        let size = 2 << 20
        var framer = SSEFramer(limit: .bytes(size + 64))
        framer.append(Array("data:".utf8).span)
        let piece: [UInt8] = [0x61, 0x62, 0x63, 0x64]
        for _ in 0..<size / 4 {
            framer.append(piece.span)
            let none = try framer.next() == nil
            try #require(none)
        }
        framer.append(Array("\n\n".utf8).span)
        let count = try framer.next()?.data.count
        #expect(count == size)
    }

    /// The same for an event of very many lines.
    @Test(.timeLimit(.minutes(1)))
    func eventOfManyLinesIsLinear() throws {
        let lines = 200_000
        var framer = SSEFramer(limit: .mebibytes(4))
        let piece = Array("data: ab\n".utf8)
        for _ in 0..<lines {
            framer.append(piece.span)
            let none = try framer.next() == nil
            try #require(none)
        }
        framer.append(Array("\n".utf8).span)
        let count = try framer.next()?.data.count
        #expect(count == lines * 3 - 1)
    }
}

extension String {
    /// The data of the framer's next event; nil when there is none.
    fileprivate init?(nextDataOf framer: inout SSEFramer) throws(FramingError) {
        guard let event = try framer.next() else { return nil }
        self.init(decoding: event.data)
    }
}
