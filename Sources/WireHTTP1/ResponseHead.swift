internal import WireBytes

/// Status line and fields of a response (RFC 9112 4).
public struct ResponseHead: Sendable {
    public let status: Int
    /// May be empty; bytes that are not UTF-8 become U+FFFD.
    public let reason: String
    /// `1.0`, `1.1`, ... as sent.
    public let minorVersion: Int
    public let fields: Fields

    public var version: String { "1.\(minorVersion)" }

    /// Whether the peer is willing to keep the connection (RFC 9112 9.3).
    public var allowsKeepAlive: Bool {
        if fields.list("connection", contains: "close") { return false }
        if minorVersion == 0 { return fields.list("connection", contains: "keep-alive") }
        return true
    }
}

/// `HTTP/1.x SP 3DIGIT [SP reason]`, checked as its bytes arrive.
struct StatusLine: Sendable {
    let status: Int
    let minorVersion: Int
    let reason: String

    /// What a line has to begin with, as far as it goes. A peer that speaks something else is
    /// found out without waiting for a line end that may never come.
    static func checkPrefix(_ raw: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        // The seven bytes as a number, for the case that they are there.
        if raw.count >= 8, raw.word(at: 0) << 8 == 0x2E31_2F50_5454_4800 { return }
        let count = min(raw.count, prefixBytes.count)
        for index in 0..<count where raw[index] != prefixBytes[index] {
            throw HTTP1Error(
                .badStatusLine, at: offset + index, "the response does not begin with HTTP/1.")
        }
    }

    private static let prefixBytes: InlineArray<7, UInt8> = [
        0x48, 0x54, 0x54, 0x50, 0x2F, 0x31, 0x2E,
    ]

    init(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        func fail(_ at: Int, _ message: String) -> HTTP1Error {
            HTTP1Error(.badStatusLine, at: offset + at, message)
        }
        guard line.count >= 12, ASCII.isDigit(line[7]), line[8] == ASCII.space else {
            throw fail(min(7, line.count), "expected HTTP/1.x, a space and three digits")
        }
        var code = 0
        for index in 9..<12 {
            guard ASCII.isDigit(line[index]) else { throw fail(index, "the status is no number") }
            code = code * 10 + Int(line[index] - 0x30)
        }
        if code < 100 { throw fail(9, "a status below 100") }
        if line.count > 12, line[12] != ASCII.space {
            throw fail(12, "the status has more than three digits, or no space behind it")
        }
        let end = 12 + ByteScan.fieldValueRun(in: line, from: 12)
        if end < line.count { throw fail(end, "the reason holds a control byte") }
        status = code
        minorVersion = Int(line[7] - 0x30)
        reason = line.count > 13 ? String(decoding: line.extracting(13..<line.count)) : ""
    }
}
