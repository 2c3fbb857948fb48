import TestSupport
import Testing
import WireHTTP1

/// The table of RFC 9112 6.3, with the stricter choices that `BodyFraming` states.
@Suite struct BodyFramingTests {
    struct Row: Sendable, CustomStringConvertible {
        var status = 200
        var toHEAD = false
        var minorVersion = 1
        let fields: [(String, String)]
        let framing: BodyFraming?
        var error: HTTP1Error.Kind?
        var description: String { "\(status) \(toHEAD ? "to HEAD " : "")\(fields)" }

        init(
            _ fields: [(String, String)], _ framing: BodyFraming, status: Int = 200,
            toHEAD: Bool = false, minorVersion: Int = 1
        ) {
            (self.fields, self.framing, self.status) = (fields, framing, status)
            (self.toHEAD, self.minorVersion) = (toHEAD, minorVersion)
        }

        init(_ fields: [(String, String)], _ error: HTTP1Error.Kind, status: Int = 200) {
            (self.fields, self.framing, self.error, self.status) = (fields, nil, error, status)
        }
    }

    private static func length(_ value: String) -> (String, String) { ("Content-Length", value) }
    private static func coding(_ value: String) -> (String, String) { ("Transfer-Encoding", value) }

    static let rows: [Row] = [
        Row([], .untilClose),
        Row([], .untilClose, status: 500),
        Row([], .none, toHEAD: true),
        Row([], .none, status: 204),
        Row([], .none, status: 304),
        Row([], .none, status: 100),
        Row([], .untilClose, status: 205),
        Row([length("0")], .contentLength(0)),
        Row([length("5")], .contentLength(5)),
        Row([length("5")], .none, toHEAD: true),
        Row([length("5")], .none, status: 204),
        Row([length("5")], .none, status: 304),
        Row([length("000000000000000000000000000005")], .contentLength(5)),
        Row([length("9223372036854775807")], .contentLength(.max)),
        Row([length("5"), length("5")], .contentLength(5)),
        Row([length("5, 5")], .contentLength(5)),
        Row([length("5"), ("content-length", "05")], .contentLength(5)),
        Row([length("9223372036854775808")], .badFraming),
        Row([length("")], .badFraming),
        Row([length(" ")], .badFraming),
        Row([length("+5")], .badFraming),
        Row([length("-5")], .badFraming),
        Row([length("0x5")], .badFraming),
        Row([length("5 5")], .badFraming),
        Row([length("5.0")], .badFraming),
        Row([length("5_0")], .badFraming),
        Row([length("5, 6")], .badFraming),
        Row([length("5"), length("6")], .badFraming),
        Row([length("5;")], .badFraming),
        Row([length("٥")], .badFraming),
        Row([length("x")], .badFraming, status: 204),
        Row([coding("chunked")], .chunked),
        Row([coding("CHUNKED")], .chunked),
        Row([coding("chunked")], .chunked, minorVersion: 0),
        Row([coding("chunked")], .none, toHEAD: true),
        Row([coding("chunked")], .none, status: 304),
        Row([coding("chunked"), length("5")], .badFraming),
        Row([coding("chunked"), length("5")], .badFraming, status: 204),
        Row([coding("")], .badFraming),
        Row([coding("chunked, chunked")], .badFraming),
        Row([coding("chunked"), coding("chunked")], .badFraming),
        Row([coding("chunked, gzip")], .badFraming),
        Row([coding("chunked;x=y")], .badFraming),
        Row([coding("gzip")], .unsupported),
        Row([coding("gzip, chunked")], .unsupported),
        Row([coding("identity")], .unsupported),
        Row([coding("xchunked")], .unsupported),
        Row([coding("chunkedx")], .unsupported),
    ]

    @Test(arguments: rows)
    func response(_ row: Row) {
        let lines = row.fields.map { "\($0.0): \($0.1)\r\n" }.joined()
        let head = "HTTP/1.\(row.minorVersion) \(row.status) X\r\n\(lines)\r\n"
        var options = ReplayOptions()
        options.method = row.toHEAD ? "HEAD" : "GET"
        options.ends = false
        let found = replay(Array(head.utf8), Segmentation("whole", cuts: []), options)
        if let framing = row.framing {
            #expect(found.error == nil)
            #expect(row.status == 100 ? found.informational == [100] : found.framing == framing)
        } else {
            #expect(found.error?.kind == row.error)
            #expect(found.error?.offset == head.utf8.count)
        }
    }

    @Test func request() throws {
        #expect(try framing([]) == .none)
        #expect(try framing([Self.length("7")]) == .contentLength(7))
        #expect(try framing([Self.coding("chunked")]) == .chunked)
        // RFC 9112 6.3, 3: Transfer-Encoding overrides; Go's server, and so Ollama, does that.
        #expect(try framing([Self.coding("chunked"), Self.length("7")]) == .chunked)
        for bad in [
            [Self.length("7"), Self.length("8")], [Self.coding("gzip")], [Self.length("a")],
            [Self.coding("gzip, chunked")],
        ] { #expect(throws: HTTP1Error.self) { try framing(bad) } }
    }

    private func framing(_ pairs: [(String, String)]) throws -> BodyFraming {
        try BodyFraming.ofRequest(trailerFields(pairs), at: 0)
    }

    @Test func names() {
        let all: [BodyFraming] = [.none, .contentLength(1), .chunked, .untilClose]
        #expect(all.map { $0.name } == ["none", "content-length", "chunked", "until-close"])
    }
}
