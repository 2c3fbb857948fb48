import TestSupport
import Testing
import WireBytes
import WireHTTP1

/// Peers that never come to an end. Each is stopped by a typed error before the buffer is full, and
/// the buffer never holds or allocates more than its limit.
@Suite struct EndlessResponseTests {
    struct Row: Sendable, CustomStringConvertible {
        let description: String
        let start: String
        /// Repeated until an error comes.
        let piece: String
        /// No more than so many bytes may have been taken in by then.
        let most: Int
    }

    static let line = "HTTP/1.1 200 OK\r\n"
    static let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    static let piece = 64 << 10
    static let limit = ByteLimit.kibibytes(512)

    static let rows: [Row] = [
        Row(description: "status line", start: "HTTP/1.1 200 ", piece: "a", most: 2 * piece),
        Row(description: "field name", start: line, piece: "a", most: 3 * piece),
        Row(description: "field value", start: line + "X: ", piece: "a", most: 3 * piece),
        Row(description: "blanks", start: line + "X:", piece: " ", most: 3 * piece),
        Row(description: "fields", start: line, piece: "X: y\r\n", most: 2 * piece),
        Row(description: "empty fields", start: line, piece: "X:\r\n", most: 2 * piece),
        Row(description: "folds", start: line + "X: y\r\n", piece: " y\r\n", most: 6 * piece),
        Row(description: "empty folds", start: line + "X: y\r\n", piece: " \r\n", most: 6 * piece),
        Row(
            description: "carriage returns", start: line + "X: y", piece: "\r", most: 3 * piece),
        Row(
            description: "interim responses", start: "", piece: "HTTP/1.1 100 C\r\n\r\n",
            most: 2 * piece),
        Row(
            description: "interim fields", start: "HTTP/1.1 103 E\r\n",
            piece: "Link: <\(String(repeating: "l", count: 4000))>\r\n", most: 6 * piece),
        Row(description: "chunk digits", start: chunked, piece: "0", most: 2 * piece),
        Row(description: "chunk blanks", start: chunked + "1", piece: " ", most: 2 * piece),
        Row(description: "chunk extension", start: chunked + "1;", piece: "x", most: 2 * piece),
        Row(
            description: "extensions of many chunks", start: chunked,
            piece: "1;\(String(repeating: "x", count: 40))\r\nx\r\n", most: 2 * piece),
        Row(description: "trailers", start: chunked + "0\r\n", piece: "X: y\r\n", most: 2 * piece),
        Row(description: "trailer line", start: chunked + "0\r\n", piece: "a", most: 2 * piece),
    ]

    @Test(arguments: rows)
    func isStopped(_ row: Row) throws {
        var buffer = ReceiveBuffer(limit: Self.limit)
        var decoder = ResponseDecoder(toHEAD: false, limits: .standard)
        var text = Array(row.start.utf8)
        while text.count < Self.piece { text += row.piece.utf8 }
        var sent = 0
        while sent < 1 << 30 {
            // The last repetition may be cut: the next piece goes on where this one ends.
            try buffer.receive(text.span.extracting(0..<Self.piece))
            sent += Self.piece
            text.removeFirst(Self.piece)
            while text.count < Self.piece { text += row.piece.utf8 }
            do throws(HTTP1Error) {
                try takeAll(&decoder, &buffer)
            } catch {
                let digits = row.description == "chunk digits"
                #expect(error.kind == (digits ? .badChunk : .tooLarge))
                #expect(sent <= row.most, "stopped after \(sent) bytes only")
                return
            }
            try #require(buffer.held <= Self.limit.bytes && buffer.capacity <= Self.limit.bytes)
        }
        Issue.record("a gibibyte was taken without an error")
    }

    private func takeAll(
        _ decoder: inout ResponseDecoder, _ buffer: inout ReceiveBuffer
    ) throws(HTTP1Error) {
        while true {
            let step = try decoder.advance(&buffer)
            if step == .needsBytes || step == .end { return }
            buffer.consume(buffer.contentCount)
        }
    }

    /// A body may be endless: nothing of it is kept.
    @Test(arguments: [
        ("until close", line + "\r\n", "data\n"),
        ("by length", line + "Content-Length: 9223372036854775807\r\n\r\n", "data\n"),
        ("chunked", chunked, "4\r\ndata\r\n"),
        ("one chunk", chunked + "7FFFFFFFFFFFFFFF\r\n", "data\n"),
        ("small extensions", chunked, "4;ext=ension\r\ndata\r\n"),
    ])
    func bodyIsNotKept(_ name: String, _ start: String, _ piece: String) throws {
        var buffer = ReceiveBuffer(limit: Self.limit)
        var decoder = ResponseDecoder(toHEAD: false, limits: .standard)
        try buffer.receive(Array(start.utf8).span)
        let text = Array(String(repeating: piece, count: 4000).utf8)
        for _ in 0..<(8 << 20) / text.count {
            try buffer.receive(text.span)
            try takeAll(&decoder, &buffer)
            try #require(buffer.held < 64)
            try #require(buffer.capacity <= Self.limit.bytes)
        }
        #expect(decoder.bytesTaken > 7 << 20)
    }
}
