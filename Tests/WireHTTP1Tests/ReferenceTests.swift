import Testing
import WireHTTP1

/// Relative references (RFC 3986 5.2), its own examples (5.4) among them.
@Suite struct ReferenceTests {
    @Test(arguments: [
        ("g", "/b/c/g"), ("./g", "/b/c/g"), ("g/", "/b/c/g/"), ("/g", "/g"), ("?y", "/b/c/d;p?y"),
        ("g?y", "/b/c/g?y"), ("#s", "/b/c/d;p?q"), ("g#s", "/b/c/g"), ("g?y#s", "/b/c/g?y"),
        (";x", "/b/c/;x"), ("g;x", "/b/c/g;x"), ("g;x?y#s", "/b/c/g;x?y"), ("", "/b/c/d;p?q"),
        (".", "/b/c/"), ("./", "/b/c/"), ("..", "/b/"), ("../", "/b/"), ("../g", "/b/g"),
        ("../..", "/"), ("../../", "/"), ("../../g", "/g"),
        // Abnormal ones (5.4.2)
        ("../../../g", "/g"), ("../../../../g", "/g"), ("/./g", "/g"), ("/../g", "/g"),
        ("g.", "/b/c/g."), (".g", "/b/c/.g"), ("g..", "/b/c/g.."), ("..g", "/b/c/..g"),
        ("./../g", "/b/g"), ("./g/.", "/b/c/g/"), ("g/./h", "/b/c/g/h"), ("g/../h", "/b/c/h"),
        ("g;x=1/./y", "/b/c/g;x=1/y"), ("g;x=1/../y", "/b/c/y"), ("g?y/./x", "/b/c/g?y/./x"),
        ("g?y/../x", "/b/c/g?y/../x"), ("g#s/../x", "/b/c/g"),
    ])
    func examples(_ reference: String, _ target: String) throws {
        let base = try HTTPURL("http://a/b/c/d;p?q")
        let resolved = try base.resolving(reference)
        #expect(resolved.target == target)
        #expect(resolved.hasSameOrigin(as: base))
    }

    @Test(arguments: [
        ("//g", "http://g/"), ("http://g:81/x", "http://g:81/x"), ("https://a/x", "https://a/x"),
        ("HTTP://A/x", "http://a/x"),
    ])
    func otherAuthorities(_ reference: String, _ expected: String) throws {
        let resolved = try HTTPURL("http://a/b/c/d;p?q").resolving(reference)
        #expect(resolved == (try HTTPURL(expected)))
    }

    /// M: http and https only, and nothing that could end the request line early.
    @Test(arguments: [
        "g:h", "http:g", "ftp://a/", "javascript:alert(1)", "//", "//b:0/", "/a b", "/\r\nX: y",
        "http://[::1/", "http://a\\b/",
    ])
    func refused(_ reference: String) throws {
        let base = try HTTPURL("http://a/b/c/d;p?q")
        #expect(throws: RequestError.self) { try base.resolving(reference) }
    }

    @Test func theUserStaysWithTheOrigin() throws {
        let base = try HTTPURL("http://me:secret@a/b")
        #expect(try base.resolving("/x").userInfo == "me:secret")
        #expect(try base.resolving("http://a/x").userInfo == "me:secret")
        for other in ["http://b/x", "http://a:81/x", "https://a/x", "//b"] {
            #expect(try base.resolving(other).userInfo == nil)
        }
    }
}

@Suite struct HTTPDateTests {
    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
        ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777), ("Sun Nov  6 08:49:37 1994", 784_111_777),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0), ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
        ("Wed, 01 Mar 2000 00:00:00 GMT", 951_868_800),
        ("Sat, 21 Nov 2026 01:05:00 GMT", 1_795_223_100),
    ])
    func dates(_ text: String, _ seconds: Int) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test(arguments: [
        "", "0", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET",
        "Sun, 6 Nov 94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT",
        "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, +6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 99999999999999999999 08:49:37 GMT", "Sun, 06-Nov-1994 08:49:37 GMT",
    ])
    func noDates(_ text: String) { #expect(HTTPDate.seconds(text) == nil) }
}
