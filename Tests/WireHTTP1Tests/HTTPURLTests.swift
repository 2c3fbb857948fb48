import Testing
import WireHTTP1

@Suite struct HTTPURLTests {
    struct Good: Sendable, CustomStringConvertible {
        let text: String
        var scheme = HTTPURL.Scheme.http
        let host: String
        var port: UInt16 = 80
        var target = "/"
        var userInfo: String?
        let authority: String
        var description: String { text }
    }

    static let good: [Good] = [
        Good(text: "http://h", host: "h", authority: "h"),
        Good(text: "http://h/", host: "h", authority: "h"),
        Good(text: "http://h:80", host: "h", authority: "h"),
        Good(text: "http://h:", host: "h", authority: "h"),
        Good(text: "http://h:00080/", host: "h", authority: "h"),
        Good(text: "http://h:1", host: "h", port: 1, authority: "h:1"),
        Good(text: "http://h:65535", host: "h", port: 65535, authority: "h:65535"),
        Good(text: "https://h", scheme: .https, host: "h", port: 443, authority: "h"),
        Good(text: "https://h:80", scheme: .https, host: "h", port: 80, authority: "h:80"),
        Good(
            text: "HTTP://LocalHost:11434", host: "localhost", port: 11434,
            authority: "localhost:11434"),
        Good(text: "http://127.0.0.1", host: "127.0.0.1", authority: "127.0.0.1"),
        Good(text: "http://a-b_c.d.:8", host: "a-b_c.d.", port: 8, authority: "a-b_c.d.:8"),
        Good(text: "http://[::1]", host: "::1", authority: "[::1]"),
        Good(
            text: "http://[::1]:11434/x", host: "::1", port: 11434, target: "/x",
            authority: "[::1]:11434"),
        Good(text: "http://[::1]:", host: "::1", authority: "[::1]"),
        Good(text: "http://[FE80::A]/", host: "fe80::a", authority: "[fe80::a]"),
        Good(
            text: "http://[::ffff:127.0.0.1]", host: "::ffff:127.0.0.1",
            authority: "[::ffff:127.0.0.1]"),
        Good(
            text: "http://[fe80::1%25eth0]:1", host: "fe80::1%eth0", port: 1,
            authority: "[fe80::1]:1"),
        Good(text: "http://[fe80::1%eth0]", host: "fe80::1%eth0", authority: "[fe80::1]"),
        Good(text: "http://h?q=/", host: "h", target: "/?q=/", authority: "h"),
        Good(text: "http://h/a?b#c", host: "h", target: "/a?b", authority: "h"),
        Good(text: "http://h#c/d?e", host: "h", authority: "h"),
        Good(text: "http://h?#", host: "h", target: "/?", authority: "h"),
        Good(text: "http://h/a//b/../c/./", host: "h", target: "/a//b/../c/./", authority: "h"),
        Good(text: "http://h/%2f%zz%", host: "h", target: "/%2f%zz%", authority: "h"),
        Good(
            text: "http://h/ä€\u{1F600}", host: "h", target: "/%C3%A4%E2%82%AC%F0%9F%98%80",
            authority: "h"),
        Good(text: "http://h/a@b:c", host: "h", target: "/a@b:c", authority: "h"),
        Good(text: "http://h/http://x", host: "h", target: "/http://x", authority: "h"),
        Good(text: "http://u:p@h", host: "h", userInfo: "u:p", authority: "h"),
        Good(
            text: "http://u%40x:p%3a@h:1/", host: "h", port: 1, userInfo: "u@x:p:",
            authority: "h:1"),
        Good(text: "http://@h", host: "h", userInfo: "", authority: "h"),
        Good(text: "http://a@b@h", host: "h", userInfo: "a@b", authority: "h"),
        // A combining character behind a delimiter makes no other delimiter of it.
        Good(text: "http://h/\u{301}", host: "h", target: "/%CC%81", authority: "h"),
        Good(text: "http://h?\u{301}", host: "h", target: "/?%CC%81", authority: "h"),
        Good(text: "http://h/a#\u{301}b", host: "h", target: "/a", authority: "h"),
        Good(text: "http://u@h/#\u{FE0F}\u{20E3}", host: "h", userInfo: "u", authority: "h"),
    ]

    @Test(arguments: good)
    func accepts(_ row: Good) throws {
        let url = try HTTPURL(row.text)
        #expect(url.scheme == row.scheme)
        #expect(url.host == row.host)
        #expect(url.port == row.port)
        #expect(url.target == row.target)
        #expect(url.userInfo == row.userInfo)
        #expect(url.authority == row.authority)
        #expect(url.isIPv6Literal == row.host.contains(":"))
        // What was taken apart can be put on the wire.
        _ = try RequestHead(method: "GET", target: url.target, authority: url.authority)
    }

    @Test(arguments: [
        "", "h", "h:80", "//h", "/path", "http:", "http:/h", "http:h", "http//h", "://h",
        "ftp://h", "https", "httpx://h", "ws://h", "file:///x", " http://h", "h\u{212A}ttp://h",
        "http://", "http:///", "http://?", "http://#", "http://:80", "http://@", "http://u@",
        "http://u@:80", "http://h ", "http:// h", "http://a b/", "http://h\t/", "http://h\n/",
        "http://h\r\n/", "http://h/ a", "http://h/a b", "http://h/?a b", "http://h/\r\nX: y",
        "http://h/\u{0}", "http://h/\u{7F}", "http://h/\u{1F}", "http://h\u{0}/", "http://h%00/",
        "http://h%2e/", "http://h\\", "http://h\\@x/", "http://a\\b@h/", "http://h!/", "http://h*/",
        "http://hé/", "http://\u{FF48}/", "http://h\u{301}/", "http://a,b/", "http://a;b/",
        "http://h:0/", "http://h:65536/", "http://h:99999999999999999999/", "http://h:-1/",
        "http://h:+1/", "http://h:8a/", "http://h: 80/", "http://h:80 /", "http://h:80:81/",
        "http://h:\u{664}/", "http://::1/", "http://[::1", "http://::1]/", "http://[]/",
        "http://[::1]x/", "http://[::1]]/", "http://[::1]:x/", "http://[g::1]/", "http://[1234]/",
        "http://[::1%]/", "http://[::1%25]/", "http://[fe80::1%a b]/", "http://[fe80::1%25a/b]/",
        "http://[fe80::1%\u{301}]/", "http://x[::1]/", "http://u%4@h/", "http://u%zz@h/",
        "http://u%@h/", "http://u\r\n@h/", "http://u b@h/",
    ])
    func refuses(_ text: String) {
        #expect(throws: RequestError.self) { try HTTPURL(text) }
    }

    /// Every byte at every place either makes no URL, or one that can be put on the wire.
    @Test func everyByteEverywhere() throws {
        for place in [
            "http://\u{1}h/", "http://h\u{1}/", "http://h/\u{1}", "http://h/?\u{1}",
            "http://\u{1}@h/", "http://h:\u{1}/", "http://[\u{1}]/", "http://[::1%\u{1}]/",
        ] {
            for byte in UInt8.min...UInt8.max {
                let scalar = Unicode.Scalar(byte)
                var text = String.UnicodeScalarView()
                for old in place.unicodeScalars { text.append(old == "\u{1}" ? scalar : old) }
                guard let url = try? HTTPURL(String(text)) else { continue }
                let head = try? RequestHead(
                    method: "GET", target: url.target, authority: url.authority)
                try #require(head != nil, "byte \(byte) in \(place)")
                try #require(url.target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x23 })
                try #require(url.host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x5C })
            }
        }
    }

    @Test func anotherTarget() throws {
        let url = try HTTPURL("http://u:p@[::1]:1/a")
        let other = url.with(target: "/b")
        #expect(other.target == "/b")
        #expect(other.userInfo == "u:p")
        #expect(other.authority == "[::1]:1")
        #expect(url.target == "/a")
    }
}
