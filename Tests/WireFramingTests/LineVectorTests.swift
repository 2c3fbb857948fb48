import TestSupport
import Testing
import WireBytes
import WireFraming
import WireJSON

/// Every case of `lines.json`, in every form of the reader, whole and in pieces.
@Suite struct LineVectorTests {
    static let cases = (try? VectorFile.load("lines.json")) ?? []

    @Test func allCasesAreRead() { #expect(Self.cases.count >= 50) }

    @Test(arguments: cases)
    func vector(_ vector: VectorCase) throws {
        let limit = ByteLimit.bytes(Int(vector["max_line"]?.int64Value ?? 1 << 20))
        let whole = Segmentation("whole", cuts: [])
        let reference = frameLines(vector.input, whole, limit: limit)
        #expect(reference.faults == [])
        try checkExpectation(vector, reference)
        try Segmentations.forEach(count: vector.input.count, seed: 11, randomCount: 40) { cut in
            let framed = frameLines(vector.input, cut, limit: limit)
            try #require(framed == reference, "framer, \(cut)")
            for exposed in [1 << 20, 3] where exposed > 3 || vector.input.count < 4096 {
                let scanned = scanLines(vector.input, cut, limit: limit, exposed: exposed)
                try #require(scanned == reference, "scanner, \(cut), \(exposed) bytes at a time")
            }
        }
    }

    private func checkExpectation(_ vector: VectorCase, _ found: ReplayedLines) throws {
        let expected = try #require(vector["expected"])
        let ranges = try #require(expected["lines"]?.arrayValue).map { pair in
            Int(
                try #require(pair[0]?.int64Value))..<Int(
                    try #require(pair[0]?.int64Value) + #require(pair[1]?.int64Value))
        }
        #expect(found.offsets == ranges.map { $0.lowerBound })
        #expect(found.lines == ranges.map { Array(vector.input[$0]) })
        #expect(expected["ok"]?.boolValue == (found.error == nil))
        if let kind = expected["error_kind"]?.stringValue {
            #expect(kind == "too-large")
            let start = ranges.last.map { range in
                vector.input[range.upperBound...].firstIndex(of: 0x0A).map { $0 + 1 } ?? 0
            }
            let limit = ByteLimit.bytes(Int(try #require(vector["max_line"]?.int64Value)))
            #expect(found.error == .lineTooLong(limit: limit, offset: start ?? 0))
        }
    }

    /// A line without its end is none before the end of the input.
    @Test(arguments: cases)
    func surplus(_ vector: VectorCase) throws {
        guard vector.input.last == 0x0A else { return }
        let limit = ByteLimit.bytes(Int(vector["max_line"]?.int64Value ?? 1 << 20))
        var framer = LineFramer(limit: limit)
        framer.append((vector.input + [0x41]).span)
        var count = 0
        do throws(FramingError) {
            while let line = try framer.next() { count += line.bytes.count >= 0 ? 1 : 0 }
        } catch { #expect(vector["expected"]?["ok"]?.boolValue == false) }
        #expect(count == vector["expected"]?["lines"]?.arrayValue?.count)
    }

    /// An input cut off anywhere has given the lines whose ends came, and none of what is left.
    @Test(arguments: cases)
    func truncation(_ vector: VectorCase) throws {
        let limit = ByteLimit.bytes(Int(vector["max_line"]?.int64Value ?? 1 << 20))
        let reference = frameLines(vector.input, Segmentation("whole", cuts: []), limit: limit)
        for count in 0..<min(vector.input.count, Segmentations.everywhereLimit) {
            let input = Array(vector.input[..<count])
            var framer = LineFramer(limit: limit)
            framer.append(input.span)
            var lines: [[UInt8]] = []
            do throws(FramingError) {
                while let line = try framer.next() { lines.append([UInt8](copying: line.bytes)) }
            } catch { #expect(error == reference.error) }
            let ends = input.count { $0 == ASCII.lf }
            try #require(lines == Array(reference.lines.prefix(ends)), "\(count) bytes")
        }
    }
}
