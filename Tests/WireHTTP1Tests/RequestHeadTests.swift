import Testing
import WireHTTP1

/// What may stand in a request, byte by byte: nothing ends its line early.
@Suite struct RequestHeadTests {
    private static let tokenBytes = Set(
        "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)

    /// A string whose UTF-8 holds the byte; bytes from 0x80 come as a character of two.
    private static func text(_ byte: UInt8) -> String { String(Unicode.Scalar(byte)) }

    @Test(arguments: UInt8.min...UInt8.max)
    func everyByte(_ byte: UInt8) {
        let text = Self.text(byte)
        let isToken = Self.tokenBytes.contains(byte)
        for place in ["\(text)", "a\(text)", "\(text)a", "a\(text)a"] {
            #expect(accepts(method: place) == isToken)
            #expect(accepts(name: place) == isToken)
        }
        let isVisible = byte > 0x20 && byte < 0x7F
        #expect(accepts(target: "/\(text)") == isVisible)
        #expect(accepts(target: "/a\(text)a") == isVisible)
        #expect(accepts(target: text) == (text == "/" || text == "*"))
        #expect(accepts(authority: "h\(text)") == isVisible)
        #expect(accepts(name: "Host", value: "h\(text)") == isVisible)
        let isValue = byte == 0x09 || byte >= 0x20 && byte != 0x7F
        for place in ["\(text)", "a\(text)", "\(text)a", "a\(text)a"] {
            #expect(accepts(value: place) == isValue)
        }
    }

    private func accepts(
        method: String = "GET", target: String = "/", authority: String = "host",
        name: String = "X", value: String = "y"
    ) -> Bool {
        let head = try? RequestHead(
            method: method, target: target, authority: authority, fields: [(name, value)])
        return head != nil
    }

    @Test func emptyPartsAreRefused() {
        #expect(!accepts(method: ""))
        #expect(!accepts(target: ""))
        #expect(!accepts(authority: ""))
        #expect(!accepts(name: ""))
        #expect(accepts(value: ""))
        #expect(!accepts(target: "http://host/"))
        #expect(!accepts(target: "path"))
        #expect(!accepts(target: "**"))
        // CR and LF are one Character in Swift: the check has to be on bytes.
        #expect(!accepts(value: "a\r\nX: y"))
        #expect(!accepts(target: "/\r\n"))
    }

    @Test func wireForm() throws {
        let head = try RequestHead(
            method: "POST", target: "/api/chat?x=%20", authority: "h:11434",
            fields: [("Accept", "*/*"), ("X-A", "ä"), ("accept", "again")])
        let text =
            "POST /api/chat?x=%20 HTTP/1.1\r\nHost: h:11434\r\nAccept: */*\r\nX-A: ä\r\n"
            + "accept: again\r\n"
        #expect(try encoded(head, .contentLength(5)) == text + "Content-Length: 5\r\n\r\n")
        #expect(try encoded(head, .chunked) == text + "Transfer-Encoding: chunked\r\n\r\n")
        #expect(try encoded(head, .none) == text + "Content-Length: 0\r\n\r\n")
    }

    @Test(arguments: [
        ("GET", "\r\n"), ("DELETE", "\r\n"), ("HEAD", "\r\n"),
        ("POST", "Content-Length: 0\r\n\r\n"), ("PUT", "Content-Length: 0\r\n\r\n"),
    ])
    func lengthOfNoBody(_ method: String, _ end: String) throws {
        let head = try RequestHead(method: method, target: "/", authority: "h")
        #expect(try encoded(head, .none) == "\(method) / HTTP/1.1\r\nHost: h\r\n\(end)")
    }

    @Test func hostAmongTheFieldsReplacesTheAuthority() throws {
        let head = try RequestHead(
            method: "GET", target: "/", authority: "a", fields: [("hOsT", "b:1"), ("X", "y")])
        #expect(head.authority == "b:1")
        #expect(try encoded(head, .none) == "GET / HTTP/1.1\r\nHost: b:1\r\nX: y\r\n\r\n")
        #expect(!head.contains(field: "host"))
        #expect(head.contains(field: "x"))
    }

    @Test(arguments: [
        ("Content-Length", "5", RequestHead.Body.contentLength(5), true),
        ("content-length", "0", .none, true),
        ("Content-Length", "05", .contentLength(5), false),
        ("Content-Length", "6", .contentLength(5), false),
        ("Content-Length", "", .contentLength(5), false),
        ("Content-Length", "1", .none, false),
        ("CONTENT-LENGTH", "5", .chunked, false),
        ("Transfer-Encoding", "chunked", .chunked, true),
        ("transfer-encoding", "Chunked", .chunked, true),
        ("Transfer-Encoding", "gzip", .chunked, false),
        ("Transfer-Encoding", "chunked", .contentLength(5), false),
        ("TRANSFER-ENCODING", "chunked", .none, false),
    ])
    func framingFieldsOfTheCaller(
        _ name: String, _ value: String, _ body: RequestHead.Body, _ isAllowed: Bool
    ) throws {
        let plain = try RequestHead(method: "POST", target: "/", authority: "h")
        let head = try RequestHead(
            method: "POST", target: "/", authority: "h", fields: [(name, value)])
        if isAllowed {
            // The field is sent once.
            #expect(try encoded(head, body) == encoded(plain, body))
        } else {
            #expect(throws: RequestError.self) { try head.encoded(body: body) }
        }
    }

    @Test func idempotence() throws {
        for method in ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"] {
            #expect(try RequestHead(method: method, target: "/", authority: "h").isIdempotent)
        }
        // Methods are case-sensitive.
        for method in ["POST", "PATCH", "CONNECT", "get"] {
            #expect(try !RequestHead(method: method, target: "/", authority: "h").isIdempotent)
        }
    }

    private func encoded(_ head: RequestHead, _ body: RequestHead.Body) throws -> String {
        String(decoding: try head.encoded(body: body), as: UTF8.self)
    }
}
