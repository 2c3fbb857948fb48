import TestSupport
import Testing
import WireHTTP1
import WireJSON

/// Every case of `http-responses.json`, whole and in pieces.
@Suite struct ResponseVectorTests {
    static let cases = (try? VectorFile.load("http-responses.json")) ?? []

    @Test func allCasesAreRead() { #expect(Self.cases.count >= 287) }

    @Test(arguments: cases)
    func vector(_ vector: VectorCase) throws {
        var options = ReplayOptions()
        options.method = vector["method"]?.stringValue ?? "GET"
        let reference = replay(vector.input, Segmentation("whole", cuts: []), options)
        #expect(reference.faults == [])
        try checkExpectation(vector, reference)
        try Segmentations.forEach(count: vector.input.count, seed: 0x5EED) { cut in
            for holds in [false, true] {
                if holds && cut.cuts.count == 1 && cut.cuts[0] % 4 != 0 { continue }
                options.holdsContent = holds
                let found = replay(vector.input, cut, options)
                try #require(found == reference, "\(cut), content held: \(holds)")
            }
        }
    }

    /// With the last byte in front of a page without access, whole and at every split: a wide look behind
    /// what has been received is a fault.
    @Test(arguments: cases)
    func againstAGuardPage(_ vector: VectorCase) throws {
        var options = ReplayOptions()
        options.method = vector["method"]?.stringValue ?? "GET"
        let whole = Segmentation("whole", cuts: [])
        let reference = replay(vector.input, whole, options)
        options.isGuarded = true
        try #require(replay(vector.input, whole, options) == reference)
        // Cut at every byte, each in turn is the last before the page; and so it is when the rest is gone.
        let bytewise = Segmentation("bytewise", cuts: Array(1..<max(1, vector.input.count)))
        try #require(replay(vector.input, bytewise, options) == reference)
        for count in truncations(of: vector.input.count) {
            let input = Array(vector.input[..<count])
            options.isGuarded = false
            let expected = replay(input, whole, options)
            options.isGuarded = true
            try #require(replay(input, whole, options) == expected, "\(count) bytes")
        }
    }

    private func checkExpectation(_ vector: VectorCase, _ found: ReplayedResponse) throws {
        let expected = try #require(vector["expected"])
        guard expected["ok"]?.boolValue == true else {
            let kinds = [expected["error_kind"]] + (expected["also_accepted"]?.arrayValue ?? [])
            let kind = try #require(found.error?.kind.rawValue, "\(vector.name) was accepted")
            #expect(kinds.contains(.string(kind)), "\(found.error!)")
            return
        }
        #expect(found.error == nil)
        #expect(found.isComplete)
        #expect(expected["status"]?.int64Value == found.status.map { Int64($0) })
        try checkReason(#require(expected["reason"]), found.reason)
        #expect(expected["version"]?.stringValue == found.version)
        try checkFields(expected["trailers"], found.trailers)
        if let count = expected["header_count"]?.int64Value {
            #expect(Int64(found.headers.count) == count)
        } else {
            try checkFields(expected["headers"], found.headers)
        }
        #expect(try VectorFile.states(#require(expected["body"]), found.body))
        let informational = expected["informational"]?.arrayValue?.map { $0.int64Value }
        #expect(informational == found.informational.map { Int64($0) })
        #expect(expected["framing"]?.stringValue == found.framing?.name)
        #expect(expected["reusable"]?.boolValue == found.reusable)
        #expect(expected["consumed"]?.int64Value == Int64(found.consumed))
    }

    /// A reason is text: bytes that are not UTF-8 have become U+FFFD.
    private func checkReason(_ expected: JSONValue, _ found: String) throws {
        if let text = expected.stringValue {
            let bytes = try VectorFile.bytes(ofLatin1: text)
            #expect(String(decoding: bytes, as: UTF8.self) == found)
        } else {
            #expect(try VectorFile.states(expected, Array(found.utf8)))
        }
    }

    private func checkFields(_ expected: JSONValue?, _ found: [ReplayedResponse.Field]) throws {
        let expected = try #require(expected?.arrayValue)
        #expect(expected.count == found.count)
        for (pair, field) in zip(expected, found) {
            #expect(try VectorFile.states(#require(pair[0]), field.name))
            #expect(try VectorFile.states(#require(pair[1]), field.value))
        }
    }

    /// Bytes behind a complete message change nothing but its reusability, and are left alone.
    @Test(arguments: cases)
    func surplus(_ vector: VectorCase) throws {
        var options = ReplayOptions()
        options.method = vector["method"]?.stringValue ?? "GET"
        let whole = Segmentation("whole", cuts: [])
        let reference = replay(vector.input, whole, options)
        if reference.framing == .untilClose || reference.error?.kind == .closedEarly { return }
        for surplus in ["H", "\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
            var expected = reference
            if reference.error == nil {
                expected.reusable = false
                expected.surplus = reference.surplus + surplus.utf8.count
            }
            let input = vector.input + surplus.utf8
            try #require(replay(input, whole, options) == expected, "then \(surplus)")
            if surplus == "H" && reference.error == nil {
                try Segmentations.forEach(count: input.count, seed: 2, randomCount: 20) { cut in
                    try #require(replay(input, cut, options) == expected, "\(cut)")
                }
            }
        }
    }

    /// A message cut short is closed early, or wrong in the way that the whole is: never complete
    /// before its end, never wrong in another way.
    @Test(arguments: cases)
    func truncation(_ vector: VectorCase) throws {
        var options = ReplayOptions()
        options.method = vector["method"]?.stringValue ?? "GET"
        let whole = Segmentation("whole", cuts: [])
        let reference = replay(vector.input, whole, options)
        let end = reference.error == nil ? reference.consumed : vector.input.count
        var known: HTTP1Error?
        for count in truncations(of: vector.input.count) {
            let found = replay(Array(vector.input[..<count]), whole, options)
            if count >= end || found.framing == .untilClose {
                try #require(found.error == reference.error, "\(count) bytes")
            } else if let known {
                try #require(found.error == known, "\(count) bytes")
            } else if found.error?.kind != .closedEarly {
                try #require(found.error != nil, "complete after \(count) bytes")
                try #require(found.error == reference.error, "\(count) bytes")
                known = found.error
            }
        }
    }

    private func truncations(of count: Int) -> [Int] {
        if count <= Segmentations.everywhereLimit { return Array(0...count) }
        var random = SeededGenerator(seed: UInt64(count))
        return (0..<100).map { _ in random.below(count) }.sorted() + [count]
    }
}
