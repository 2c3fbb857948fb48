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
}
