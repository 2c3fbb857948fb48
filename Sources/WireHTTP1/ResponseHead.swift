internal import WireBytes

/// Status line and fields of a response (RFC 9112 4).
public struct ResponseHead: Sendable {
    public let fields: Fields
    private let line: StatusLine

    /// - Parameter line: its reason lies in the table of `fields`.
    init(_ line: StatusLine, _ fields: Fields) {
        self.line = line
        self.fields = fields
    }

    public var status: Int { Int(line.status) }
    /// `1.0`, `1.1`, ... as sent.
    public var minorVersion: Int { Int(line.minorVersion) }
    /// May be empty; bytes that are not UTF-8 become U+FFFD.
    public var reason: String {
        String(decoding: fields.table.memory.span.extracting(line.reason))
    }

    public var version: String { "1.\(minorVersion)" }

    /// Whether the peer is willing to keep the connection (RFC 9112 9.3).
    public var allowsKeepAlive: Bool {
        if fields.list(.connection, contains: "close") { return false }
        if minorVersion == 0 { return fields.list(.connection, contains: "keep-alive") }
        return true
    }

    /// For how many seconds the server says that it keeps the connection idle (`Keep-Alive: timeout=5`,
    /// RFC 2068 19.7.1.1); the least if it says several things, nil if it says nothing that is a number.
    public var keepAliveSeconds: Int? {
        var least: Int?
        var field = fields.first(.keepAlive)
        while let index = field {
            ResponseHead.take(fields.valueBytes(at: index), least: &least)
            field = fields.next(.keepAlive, after: index)
        }
        return least
    }

    private static func take(_ value: Span<UInt8>, least: inout Int?) {
        var rest = 0..<value.count
        while let element = nextListElement(in: value, &rest) {
            guard let seconds = timeout(value.extracting(element)) else { continue }
            least = min(least ?? seconds, seconds)
        }
    }

    /// The number in `timeout=5`, with blanks and quotes where others have put them.
    private static func timeout(_ parameter: Span<UInt8>) -> Int? {
        guard let equals = ByteScan.firstIndex(of: UInt8(ascii: "="), in: parameter) else {
            return nil
        }
        let name = parameter.extracting(0..<equals)
        guard ASCII.equalsIgnoringCase(name.extracting(ASCII.trimmed(name)), "timeout") else {
            return nil
        }
        var digits = parameter.extracting(droppingFirst: equals + 1)
        digits = digits.extracting(ASCII.trimmed(digits))
        if digits.count > 2, digits[0] == UInt8(ascii: "\""), digits[digits.count - 1] == digits[0]
        {
            digits = digits.extracting(1..<(digits.count - 1))
        }
        var number = 0
        for index in digits.indices {
            guard ASCII.isDigit(digits[index]) else { return nil }
            // A century is for ever.
            number = min(number * 10 + Int(digits[index] - 0x30), 3_155_760_000)
        }
        return digits.isEmpty ? nil : number
    }
}

/// `HTTP/1.x SP 3DIGIT [SP reason]`, checked as its bytes arrive.
struct StatusLine: Sendable {
    let status: UInt16
    let minorVersion: UInt8
    /// The reason in the line; or wherever that has been copied to.
    private var reasonStart: UInt32
    private let reasonCount: UInt32

    var reason: Range<Int> { Int(reasonStart)..<Int(reasonStart) + Int(reasonCount) }

    mutating func move(to start: Int) { reasonStart = UInt32(start) }

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

    /// One that has been found good.
    init(_ head: FieldTable.Head) {
        status = head.status
        minorVersion = head.minorVersion
        reasonStart = head.reason.lowerBound
        reasonCount = head.reason.upperBound - head.reason.lowerBound
    }

    init(_ line: Span<UInt8>, at offset: Int) throws(HTTP1Error) {
        func fail(_ at: Int, _ message: String) -> HTTP1Error {
            HTTP1Error(.badStatusLine, at: offset + at, message)
        }
        guard line.count >= 12, ASCII.isDigit(line[7]), line[8] == ASCII.space else {
            throw fail(min(7, line.count), "expected HTTP/1.x, a space and three digits")
        }
        var code: UInt16 = 0
        for index in 9..<12 {
            guard ASCII.isDigit(line[index]) else { throw fail(index, "the status is no number") }
            code = code * 10 + UInt16(line[index] - 0x30)
        }
        if code < 100 { throw fail(9, "a status below 100") }
        if line.count > 12, line[12] != ASCII.space {
            throw fail(12, "the status has more than three digits, or no space behind it")
        }
        let end = 12 + ByteScan.fieldValueRun(in: line, from: 12)
        if end < line.count { throw fail(end, "the reason holds a control byte") }
        status = code
        minorVersion = line[7] - 0x30
        reasonStart = UInt32(min(13, end))
        reasonCount = UInt32(end) - reasonStart
    }
}
