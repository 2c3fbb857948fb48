import TestSupport
import Testing
import WireBytes
import WireFraming

/// Lines whose ends a reader of records knows come out as they do by a search.
@Suite struct KnownRecordTests {
    /// Knows lines of the letter a.
    private struct Runs: RecordReading {
        mutating func readExpected(startOf content: Span<UInt8>, _ run: inout RecordRun) -> Int {
            var count = 0
            while count < content.count, content[count] == UInt8(ascii: "a") { count += 1 }
            return count < content.count && content[count] == ASCII.lf ? count : 0
        }

        mutating func readExpectedAlone(startOf content: Span<UInt8>) -> Int {
            var run = RecordRun()
            return readExpected(startOf: content, &run)
        }
    }

    @Test(arguments: 0..<300 as Range<UInt64>)
    func asSearched(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let rare = 2 + random.below(80)
        let input = (0..<random.below(1_500)).map { _ -> UInt8 in
            if random.chance(1, in: rare) { return ASCII.lf }
            if random.chance(1, in: 400) { return ASCII.cr }
            return UInt8(ascii: random.chance(1, in: 150) ? "b" : "a")
        }
        let limit = ByteLimit.bytes(random.chance(1, in: 4) ? 40 : 1 << 20)
        let cuts = (0..<random.below(5)).map { _ in random.below(input.count + 1) }.sorted()
        let cut = Segmentation("seed \(seed)", cuts: cuts)
        let expected = scanLines(input, cut, limit: limit, exposed: 1 << 20)
        let (found, known) = try scan(input, cut, limit: limit, &random)
        #expect(found.lines == expected.lines)
        #expect(found.offsets == expected.offsets)
        #expect(found.error == expected.error)
        let runs = expected.lines.filter { $0.allSatisfy { $0 == UInt8(ascii: "a") } }
        #expect(known <= runs.count)
        if seed == 0 { #expect(known > 0) }
    }

    /// - Returns: what came out, and how many lines the reader knew.
    private func scan(
        _ input: [UInt8], _ cut: Segmentation, limit: ByteLimit, _ random: inout SeededGenerator
    ) throws -> (ReplayedLines, known: Int) {
        var result = ReplayedLines()
        var known = 0
        var buffer = ReceiveBuffer(limit: .mebibytes(4))
        var scanner = LineScanner(limit: limit)
        var reader = Runs()
        do throws(FramingError) {
            for piece in cut.pieces(of: input.count) {
                buffer.appendContent(input.span.extracting(piece))
                while true {
                    var line: ByteRange?
                    // Some are searched for all the same, and others found ahead by that.
                    if !random.chance(1, in: 6) {
                        line = scanner.next(in: &buffer, knownTo: &reader)
                        known += line == nil ? 0 : 1
                    }
                    if line == nil { line = try scanner.next(in: &buffer) }
                    guard let line else { break }
                    result.lines.append([UInt8](copying: buffer.bytes(in: line)))
                    result.offsets.append(scanner.offset)
                }
            }
            while let line = try scanner.next(in: &buffer, atEnd: true) {
                result.lines.append([UInt8](copying: buffer.bytes(in: line)))
                result.offsets.append(scanner.offset)
            }
        } catch { result.error = error }
        return (result, known)
    }

    // MARK: Events

    private struct Event: Equatable {
        var data: [UInt8]
        var type: [UInt8]
        var offset: Int
    }

    /// Events whose data the reader knows come out as they do by a search.
    @Test(arguments: 0..<300 as Range<UInt64>)
    func eventsAsSearched(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let pieces = [
            "data: ", "data:", "data: aaa", "data: aaaa\n\n", "data: aa\n\n", "data: a\n\n", "a",
            "\n",
            "\n\n", "\r\n", "event: x\n", "id: 7\n", ": ping\n\n", "retry: 5\n", "data: b\n\n", "b",
        ]
        let plain = random.chance(1, in: 2)
        var input: [UInt8] = []
        while input.count < 1_200 {
            let isUsual = random.chance(plain ? 9 : 3, in: 10)
            input +=
                (isUsual
                ? "data: \(String(repeating: "a", count: random.below(60)))\n\n"
                : random.pick(pieces)).utf8
        }
        let limit = ByteLimit.bytes(random.chance(1, in: 5) ? 40 : 1 << 20)
        let cuts = (0..<random.below(6)).map { _ in random.below(input.count + 1) }.sorted()
        let cut = Segmentation("seed \(seed)", cuts: cuts)
        let expected = scanEvents(input, cut, limit: limit, knowing: false, &random)
        let found = scanEvents(input, cut, limit: limit, knowing: true, &random)
        #expect(found.events == expected.events)
        #expect(found.error == expected.error)
        if seed < 4 { #expect(limit.bytes < 100 || found.known > 0) }
    }

    private func scanEvents(
        _ input: [UInt8], _ cut: Segmentation, limit: ByteLimit, knowing: Bool,
        _ random: inout SeededGenerator
    ) -> (events: [Event], error: FramingError?, known: Int) {
        var events: [Event] = []
        var known = 0
        var buffer = ReceiveBuffer(limit: .mebibytes(4))
        var scanner = SSEScanner(limit: limit)
        var reader = Runs()
        do throws(FramingError) {
            for piece in cut.pieces(of: input.count) {
                buffer.appendContent(input.span.extracting(piece))
                while true {
                    var isThere = false
                    if knowing, random.chance(4, in: 5), scanner.finishPlain(in: &buffer),
                        let range = scanner.takeKnown(in: buffer, knownTo: &reader)
                    {
                        known += 1
                        isThere = true
                        let data = [UInt8](copying: scanner.data(in: buffer))
                        #expect(data == [UInt8](copying: buffer.bytes(in: range)))
                    }
                    if !isThere {
                        switch try scanner.next(in: &buffer) {
                        case .event: isThere = true
                        case .retry: continue
                        case .needsBytes: break
                        }
                    }
                    guard isThere else { break }
                    events.append(
                        Event(
                            data: [UInt8](copying: scanner.data(in: buffer)),
                            type: [UInt8](copying: scanner.eventType), offset: scanner.offset))
                }
            }
        } catch { return (events, error, known) }
        return (events, nil, known)
    }
}
