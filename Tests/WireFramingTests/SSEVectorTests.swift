import TestSupport
import Testing
import WireBytes
import WireFraming
import WireJSON

/// Every case of `sse.json`, in every form of the reader, whole and in pieces.
@Suite struct SSEVectorTests {
    static let cases = (try? VectorFile.load("sse.json")) ?? []
    static let limit = ByteLimit.mebibytes(1)

    @Test func allCasesAreRead() { #expect(Self.cases.count >= 104) }

    @Test(arguments: cases)
    func vector(_ vector: VectorCase) throws {
        let expected = try #require(vector["expected"]?.arrayValue).map(Self.stated)
        let whole = Segmentation("whole", cuts: [])
        let reference = scanEvents(vector.input, whole, limit: Self.limit, exposed: 1 << 20)
        #expect(reference.compactMap { SSEOracle.Found($0) } == expected)
        #expect(SSEOracle.read(vector.input) == expected)
        try Segmentations.forEach(count: vector.input.count, seed: 12) { cut in
            let framed = frameEvents(vector.input, cut, limit: Self.limit)
            try #require(framed == reference.withoutRetries, "framer, \(cut)")
            for exposed in [1 << 20, 3] {
                let found = scanEvents(vector.input, cut, limit: Self.limit, exposed: exposed)
                try #require(found == reference, "scanner, \(cut), \(exposed) bytes at a time")
            }
        }
    }

    /// What never comes to a line end changes nothing.
    @Test(arguments: cases)
    func surplus(_ vector: VectorCase) {
        let whole = Segmentation("whole", cuts: [])
        let reference = scanEvents(vector.input, whole, limit: Self.limit, exposed: 1 << 20)
        for surplus in [":", "data: x", "retry: 1", "x"] {
            let input = vector.input + surplus.utf8
            let found = scanEvents(input, whole, limit: Self.limit, exposed: 1 << 20)
            #expect(found == reference)
        }
    }

    /// A stream cut off anywhere has given what it gave up to there, and nothing else.
    @Test(arguments: cases)
    func truncation(_ vector: VectorCase) throws {
        let whole = Segmentation("whole", cuts: [])
        let reference = scanEvents(vector.input, whole, limit: Self.limit, exposed: 1 << 20)
        for count in 0..<min(vector.input.count, Segmentations.everywhereLimit) {
            let input = Array(vector.input[..<count])
            let found = scanEvents(input, whole, limit: Self.limit, exposed: 1 << 20)
            try #require(found == Array(reference.prefix(found.count)), "\(count) bytes")
            let framed = frameEvents(input, whole, limit: Self.limit)
            try #require(framed == found.withoutRetries, "framer, \(count) bytes")
        }
    }

    private static func stated(_ json: JSONValue) throws -> SSEOracle.Found {
        if let milliseconds = json["retry"]?.int64Value { return .retry(Int(milliseconds)) }
        return .event(
            name: try #require(json["event"]?.stringValue),
            data: try #require(json["data"]?.stringValue), id: try #require(json["id"]?.stringValue)
        )
    }
}
