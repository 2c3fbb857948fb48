import TestSupport
import Testing
import WireBytes
import WireHTTP1

/// What only a leniency lets pass, however the input is cut; without it, and with the other, it is the
/// same error as ever.
@Suite struct LeniencyTests {
    private static let all: [HTTP1Leniencies] = [
        [], .bareLineFeeds, .blanksBeforeColon, [.bareLineFeeds, .blanksBeforeColon],
    ]

    private func check(
        _ text: String, needs needed: HTTP1Leniencies, otherwise kind: HTTP1Error.Kind,
        expecting fields: [[String]]
    ) throws {
        let input = Array(text.utf8)
        for leniencies in Self.all {
            var options = ReplayOptions()
            options.leniencies = leniencies
            let reference = replay(input, Segmentation("whole", cuts: []), options)
            if leniencies.isSuperset(of: needed) {
                #expect(reference.error == nil && reference.isComplete && reference.status == 200)
                let found = reference.headers.map { field in
                    [field.name, field.value].map { String(decoding: $0, as: UTF8.self) }
                }
                #expect(found == fields)
                #expect(reference.body == Array("ok".utf8) && reference.consumed == input.count)
            } else {
                #expect(reference.error?.kind == kind, "\(leniencies)")
            }
            try Segmentations.forEach(count: input.count, seed: 3) { cut in
                try #require(replay(input, cut, options) == reference, "\(cut)")
            }
        }
    }

    @Test func bareLineFeedsEverywhere() throws {
        try check(
            "HTTP/1.1 200 OK\nA: b\nContent-Length: 2\n\nok", needs: .bareLineFeeds,
            otherwise: .badStatusLine, expecting: [["A", "b"], ["Content-Length", "2"]])
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nA: b\nContent-Length: 2\r\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\n\r\nok",
        "HTTP/1.1 200 OK\r\nA: b\r\nContent-Length: 2\r\n\nok",
    ])
    func oneBareLineFeed(_ text: String) throws {
        try check(
            text, needs: .bareLineFeeds, otherwise: .badHeader,
            expecting: [["A", "b"], ["Content-Length", "2"]])
    }

    @Test func foldsWithBareLineFeeds() throws {
        try check(
            "HTTP/1.1 200\nA: b\n c\nContent-Length: 2\n\nok", needs: .bareLineFeeds,
            otherwise: .badStatusLine, expecting: [["A", "b c"], ["Content-Length", "2"]])
    }

    @Test func interimHeadsToo() throws {
        try check(
            "HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            needs: .bareLineFeeds, otherwise: .badStatusLine, expecting: [["Content-Length", "2"]])
    }

    /// A field that frames the message does so with blanks behind its name too.
    @Test(arguments: [" ", "\t", " \t "])
    func blanksBeforeTheColon(_ blanks: String) throws {
        try check(
            "HTTP/1.1 200 OK\r\nA\(blanks): b\r\nContent-Length\(blanks):2\r\n\r\nok",
            needs: .blanksBeforeColon, otherwise: .badHeader,
            expecting: [["A", "b"], ["Content-Length", "2"]])
    }

    @Test func bothAtOnce() throws {
        try check(
            "HTTP/1.1 200 OK\r\nA : b\nContent-Length : 2\n\nok",
            needs: [.bareLineFeeds, .blanksBeforeColon], otherwise: .badHeader,
            expecting: [["A", "b"], ["Content-Length", "2"]])
    }

    /// All the rest stays forbidden with every leniency.
    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", HTTP1Error.Kind.badHeader),
        ("HTTP/1.1 200 OK\nA: b\rc\n\n", .badHeader),
        ("HTTP/1.1 200 OK\n: b\n\n", .badHeader), ("HTTP/1.1 200 OK\n A : b\n\n", .badHeader),
        ("HTTP/1.1 200 OK\nA b : c\n\n", .badHeader), ("HTTP/1.1 200 OK\nA \n\n", .badHeader),
        ("HTTP/1.1 200 O\u{0}K\n\n", .badStatusLine), ("\nHTTP/1.1 200 OK\n\n", .badStatusLine),
        ("HTTP/1.1 200 OK\nContent-Length : 1\nContent-Length: 2\n\n", .badFraming),
        ("HTTP/1.1 200 OK\nTransfer-Encoding : chunked\n\n1\na\n", .badChunk),
        ("HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n0\r\nA: b\n\n", .badHeader),
    ])
    func allTheRest(_ text: String, _ kind: HTTP1Error.Kind) throws {
        let input = Array(text.utf8)
        var options = ReplayOptions()
        options.leniencies = [.bareLineFeeds, .blanksBeforeColon]
        try Segmentations.forEach(count: input.count, seed: 4) { cut in
            try #require(replay(input, cut, options).error?.kind == kind, "\(cut)")
        }
    }

    /// A line may have as many bytes as ever, whatever ends it.
    @Test(arguments: ["\n", "\r\n"])
    func limits(_ end: String) throws {
        var options = ReplayOptions()
        options.leniencies = .bareLineFeeds
        options.limits.fieldLine = .bytes(20)
        for count in [20, 21] {
            let line = "A:" + String(repeating: "b", count: count - 2)
            let input = Array("HTTP/1.1 204 X\(end)\(line)\(end)\(end)".utf8)
            try Segmentations.forEach(count: input.count, seed: 5) { cut in
                let found = replay(input, cut, options)
                try #require(found.error?.kind == (count == 20 ? nil : .tooLarge), "\(cut)")
            }
        }
    }
}
