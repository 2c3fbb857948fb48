import Testing
import WireBytes
import WireHTTP1

/// What a decoder makes of an input, however it is cut.
private struct Read: Equatable {
    var line = ""
    var fields: [String] = []
    var body = ""
    var trailers: [String] = []
    var isComplete = false
    var taken = 0
    var error: HTTP1Error?
}

private func names(_ fields: Fields) -> [String] {
    (0..<fields.count).map { "\(fields.name(at: $0))=\(fields.value(at: $0))" }
}

/// Feeds pieces that end at the given offsets.
private func read(
    _ input: [UInt8], cuts: [Int] = [], limits: HTTP1Limits = .standard
) -> (Read, rest: Int) {
    var decoder = RequestDecoder(limits: limits)
    var buffer = ReceiveBuffer(limit: .mebibytes(64))
    var read = Read()
    var start = 0
    for end in cuts + [input.count] where read.error == nil {
        try? buffer.append(input[start..<end].span)
        start = end
        read.error = drain(&decoder, &buffer, &read)
    }
    if let request = decoder.request {
        read.line = "\(request.method) \(request.target) 1.\(request.minorVersion)"
        read.fields = names(request.fields)
    }
    read.trailers = names(decoder.trailers)
    read.isComplete = decoder.isComplete
    read.taken = decoder.bytesTaken
    return (read, buffer.rawCount)
}

private func drain(
    _ decoder: inout RequestDecoder, _ buffer: inout ReceiveBuffer, _ read: inout Read
) -> HTTP1Error? {
    do throws(HTTP1Error) {
        while true {
            switch try decoder.advance(&buffer) {
            case .head: continue
            case .content(let count):
                read.body += String(decoding: buffer.content)
                buffer.consume(count)
            case .end, .needsBytes: return nil
            }
        }
    } catch { return error }
}

@Suite struct RequestDecoderTests {
    static let good: [(String, line: String, body: String)] = [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1", ""),
        ("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / 1.1", ""),
        ("GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET http://a/b?c 1.1", ""),
        ("OPTIONS * HTTP/1.1\r\nHost:\r\n\r\n", "OPTIONS * 1.1", ""),
        ("GET / HTTP/1.0\r\n\r\n", "GET / 1.0", ""),
        ("GET / HTTP/1.9\r\nHost: a\r\n\r\n", "GET / 1.9", ""),
        ("P!#$%&'*+-.^_`|~ / HTTP/1.1\r\nHost: a\r\n\r\n", "P!#$%&'*+-.^_`|~ / 1.1", ""),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc", "POST /x 1.1", "abc"),
        ("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3, 3\r\n\r\nabc", "POST /x 1.1", "abc"),
        ("POST /x HTTP/1.0\r\nContent-Length: 1\r\n\r\na", "POST /x 1.0", "a"),
        (
            "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n"
                + "2;x=y\r\nab\r\n1\r\nc\r\n0\r\nT: 1\r\n\r\n", "POST /x 1.1", "abc"
        ),
    ]

    @Test(arguments: good)
    func readsTheSameHoweverItIsCut(_ text: String, line: String, body: String) {
        let input = [UInt8](text.utf8)
        let (whole, rest) = read(input)
        #expect(whole.error == nil)
        #expect(whole.line == line)
        #expect(whole.body == body)
        #expect(whole.isComplete)
        #expect(whole.taken == input.count)
        #expect(rest == 0)
        for cut in 0...input.count { #expect(read(input, cuts: [cut]).0 == whole) }
        #expect(read(input, cuts: Array(1..<input.count)).0 == whole)
        // The next request on the connection is left alone.
        let (behind, left) = read(input + [UInt8]("GET /next".utf8))
        #expect(behind == whole)
        #expect(left == 9)
        // No beginning of it is complete.
        for count in 0..<input.count { #expect(!read(Array(input[..<count])).0.isComplete) }
    }

    static let bad: [(String, HTTP1Error.Kind, Int)] = [
        (" GET / HTTP/1.1\r\n", .badRequestLine, 0),
        ("\u{16}\u{3}\u{1}", .badRequestLine, 0),
        ("GE\u{7F}", .badRequestLine, 2),
        ("GET\r\n", .badRequestLine, 3),
        ("GET /\r\n", .badRequestLine, 5),
        ("GET  / HTTP/1.1\r\n", .badRequestLine, 4),
        ("GET /  HTTP/1.1\r\n", .badRequestLine, 6),
        ("GET / HTTP/1.1 \r\n", .badRequestLine, 6),
        ("GET /\u{1} HTTP/1.1\r\n", .badRequestLine, 5),
        ("GET /é HTTP/1.1\r\n", .badRequestLine, 5),
        ("GET / HTTP/1.1\n", .badRequestLine, 14),
        ("\nGET / HTTP/1.1\r\n", .badRequestLine, 0),
        ("GET / http/1.1\r\n", .badRequestLine, 6),
        ("GET / HTTP/1.11\r\n", .badRequestLine, 6),
        ("GET / HTTP/2.0\r\n", .unsupported, 11),
        ("GET / HTTP/1.1\r\n\r\n", .badHeader, 18),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", .badHeader, 36),
        ("GET / HTTP/1.1\r\nHost : a\r\n", .badHeader, 20),
        ("GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", .badHeader, 23),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", .badFraming, 47),
        (
            "P / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            .badFraming, 72
        ),
        ("P / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .badFraming, 44),
        ("P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", .unsupported, 50),
        (
            "P / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\ng\r\n", .badChunk, 53
        ),
    ]

    @Test(arguments: bad)
    func refusesAtTheSameByteHoweverItIsCut(_ text: String, kind: HTTP1Error.Kind, offset: Int) {
        let input = [UInt8](text.utf8)
        let whole = read(input).0.error
        #expect(whole?.kind == kind)
        #expect(whole?.offset == offset)
        for cut in 0...input.count { #expect(read(input, cuts: [cut]).0.error == whole) }
        #expect(read(input, cuts: Array(1..<input.count)).0.error == whole)
    }

    @Test func anErrorStays() throws {
        var decoder = RequestDecoder(limits: .standard)
        var buffer = ReceiveBuffer(limit: .kibibytes(1))
        try buffer.append([UInt8](":".utf8).span)
        let first = #expect(throws: HTTP1Error.self) { try decoder.advance(&buffer) }
        try buffer.append([UInt8]("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8).span)
        let second = #expect(throws: HTTP1Error.self) { try decoder.advance(&buffer) }
        #expect(first == second)
        #expect(throws: HTTP1Error.self) { try decoder.endOfInput() }
    }

    @Test func limitsHold() {
        var limits = HTTP1Limits()
        limits.startLine = .bytes(100)
        limits.head = .bytes(200)
        limits.fieldCount = 3
        func kind(_ text: String) -> HTTP1Error.Kind? {
            read([UInt8](text.utf8), limits: limits).0.error?.kind
        }
        #expect(kind(String(repeating: "G", count: 200)) == .tooLarge)
        #expect(kind("GET /" + String(repeating: "x", count: 100) + " HTTP/1.1\r\n") == .tooLarge)
        #expect(kind(String(repeating: "\r\n", count: 101)) == .tooLarge)
        #expect(kind("GET / HTTP/1.1\r\nA:\r\nB:\r\nC:\r\nD:\r\n") == .tooLarge)
        #expect(kind("GET / HTTP/1.1\r\nA: " + String(repeating: "x", count: 200)) == .tooLarge)
        #expect(kind("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n") == nil)
    }

    @Test func anEndTooEarlyIsAnError() throws {
        let text = "P / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"
        for count in 0...text.utf8.count {
            var decoder = RequestDecoder(limits: .standard)
            var buffer = ReceiveBuffer(limit: .kibibytes(1))
            try buffer.append(Array(text.utf8.prefix(count)).span)
            var ignored = Read()
            #expect(drain(&decoder, &buffer, &ignored) == nil)
            if count == text.utf8.count {
                try decoder.endOfInput()
            } else {
                let error = #expect(throws: HTTP1Error.self) { try decoder.endOfInput() }
                #expect(error?.kind == .closedEarly)
            }
        }
    }

    @Test func keepAliveFollowsTheVersionAndTheConnectionField() throws {
        func request(_ text: String) throws -> ReceivedRequest {
            var decoder = RequestDecoder(limits: .standard)
            var buffer = ReceiveBuffer(limit: .kibibytes(1))
            try buffer.append([UInt8](text.utf8).span)
            #expect(try decoder.advance(&buffer) == .head)
            return try #require(decoder.request)
        }
        #expect(try request("G / HTTP/1.1\r\nHost: a\r\n\r\n").allowsKeepAlive)
        #expect(
            try !request("G / HTTP/1.1\r\nHost: a\r\nConnection: x, Close\r\n\r\n").allowsKeepAlive)
        #expect(try !request("G / HTTP/1.0\r\n\r\n").allowsKeepAlive)
        #expect(try request("G / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").allowsKeepAlive)
        let expecting = "Expect: 100-Continue\r\n\r\n"
        #expect(try request("P / HTTP/1.1\r\nHost: a\r\n\(expecting)").expectsContinue)
        #expect(try !request("P / HTTP/1.0\r\n\(expecting)").expectsContinue)
    }
}
