import TestSupport
import Testing
import WireBytes
import WireHTTP1

/// Each limit holds to the byte: what just fits passes, one more is `too-large`, at every split.
@Suite struct ResponseLimitTests {
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let limits: HTTP1Limits
        let fits: String
        let exceeds: String
        /// Of the error: where the piece that is too large starts, or the byte that is too much.
        let offset: Int
    }

    static func limits(_ change: (inout HTTP1Limits) -> Void) -> HTTP1Limits {
        var limits = HTTP1Limits.standard
        change(&limits)
        return limits
    }

    static let line = "HTTP/1.1 200 OK\r\n"
    static let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    static let interim = "HTTP/1.1 103 Early Hints\r\n\r\n"
    static let end = "Content-Length: 0\r\n\r\n"

    static let rows: [Row] = [
        Row(
            description: "start line", limits: limits { $0.startLine = .bytes(20) },
            fits: "HTTP/1.1 200 1234567\r\n" + end, exceeds: "HTTP/1.1 200 12345678\r\n" + end,
            offset: 0),
        Row(
            description: "field line", limits: limits { $0.fieldLine = .bytes(20) },
            fits: line + "X: 45678901234567890\r\n" + end,
            exceeds: line + "X: 456789012345678901\r\n" + end, offset: 17),
        Row(
            description: "head", limits: limits { $0.head = .bytes(46) },
            fits: line + "X: 4567\r\n" + "Content-Length:0\r\n\r\n",
            exceeds: line + "X: 45678\r\n" + "Content-Length:0\r\n\r\n", offset: 45),
        Row(
            description: "field count", limits: limits { $0.fieldCount = 3 },
            fits: line + "A:1\r\nB:2\r\n" + end, exceeds: line + "A:1\r\nB:2\r\nC:3\r\n" + end,
            offset: 32),
        Row(
            description: "trailers", limits: limits { $0.trailers = .bytes(12) },
            fits: chunkedHead + "0\r\nX: 45678\r\n\r\n",
            exceeds: chunkedHead + "0\r\nX: 456789\r\n\r\n",
            offset: 61),
        Row(
            description: "trailers of one line", limits: limits { $0.trailers = .bytes(12) },
            fits: chunkedHead + "0\r\nX: 45678\r\n\r\n",
            exceeds: chunkedHead + "0\r\nX: 4567890123456789\r\n\r\n", offset: 50),
        Row(
            // The line has 28 bytes: less 16, less twice one byte of data, 10.
            description: "extension of one chunk", limits: limits { $0.chunkOverhead = .bytes(10) },
            fits: chunkedHead + "1;345678901234567890123456\r\nx\r\n0\r\n\r\n",
            exceeds: chunkedHead + "1;3456789012345678901234567\r\nx\r\n0\r\n\r\n", offset: 75),
        Row(
            description: "endless extension", limits: limits { $0.chunkOverhead = .bytes(10) },
            fits: chunkedHead + "1;345678901234567890123456\r\nx\r\n0\r\n\r\n",
            exceeds: chunkedHead + "1;3456789012345678901234567890", offset: 75),
        Row(
            // 4 and 6: of the last chunk's line 16 bytes are free.
            description: "extensions in sum", limits: limits { $0.chunkOverhead = .bytes(10) },
            fits: chunkedHead + "1;345678901234567890\r\nx\r\n0;345678901234567890\r\n\r\n",
            exceeds: chunkedHead + "1;345678901234567890\r\nx\r\n0;3456789012345678901\r\n\r\n",
            offset: 94),
        Row(
            description: "informational responses", limits: limits { $0.informationalCount = 2 },
            fits: interim + interim + line + end, exceeds: interim + interim + interim + line + end,
            offset: 84),
        Row(
            description: "informational bytes", limits: limits { $0.informational = .bytes(60) },
            fits: interim + "HTTP/1.1 103 X\r\nA:4567890123\r\n\r\n" + line + end,
            exceeds: interim + "HTTP/1.1 103 X\r\nA:45678901234\r\n\r\n" + line + end, offset: 61),
    ]

    @Test(arguments: rows)
    func toTheByte(_ row: Row) throws {
        var options = ReplayOptions()
        options.limits = row.limits
        for cut in cuts(of: row.fits) {
            let found = replay(Array(row.fits.utf8), cut, options)
            try #require(found.error == nil && found.isComplete, "\(cut): \(found)")
        }
        let first = replay(Array(row.exceeds.utf8), Segmentation("whole", cuts: []), options)
        #expect(first.error?.kind == .tooLarge)
        #expect(first.error?.offset == row.offset)
        for cut in cuts(of: row.exceeds) {
            try #require(replay(Array(row.exceeds.utf8), cut, options) == first, "\(cut)")
        }
    }

    /// A line is refused as soon as no end can save it: its last byte may be the CR of a CRLF.
    @Test(arguments: [("HTTP/1.1 200 ", 20, 0), (line + "X: ", 30, 17), (line, 30, 17)])
    func unfinishedLines(_ start: String, _ limit: Int, _ offset: Int) {
        var options = ReplayOptions()
        options.ends = false
        options.limits.startLine = .bytes(20)
        options.limits.fieldLine = .bytes(30)
        let whole = Segmentation("whole", cuts: [])
        let started = start.utf8.count - offset
        let fits = start + String(repeating: "a", count: limit + 1 - started)
        #expect(replay(Array(fits.utf8), whole, options).error == nil)
        let found = replay(Array((fits + "a").utf8), whole, options)
        #expect(found.error?.kind == .tooLarge && found.error?.offset == offset)
    }

    private func cuts(of text: String) -> [Segmentation] {
        var all: [Segmentation] = []
        Segmentations.forEach(count: text.utf8.count, seed: 1) { all.append($0) }
        return all
    }
}
