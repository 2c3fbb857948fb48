import TestSupport
import Testing
import WireExchange
import WireHTTP1

/// Request smuggling by strings that a program was given: what cannot stand where it is put is refused,
/// and nothing is sent, not even a connection made.
@Suite(.eachDriver) struct InjectionTests {
    /// What would end a line, a field or the head if it went out as it is. In Swift CR and LF together
    /// are one Character.
    static let endings = [
        "\r\nX-Injected: y", "\nX-Injected: y", "\rX-Injected: y",
        "\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: peer\r\n\r\n", "\u{0}", "\u{7F}", "\r", "\n",
    ]

    private func expectNothingSent(_ request: HTTPRequest, _ what: String) {
        let system = ScriptedSystem(.responses(okResponse))
        var client = makeClient(system)
        let error = client.error(of: request)
        guard case .request(.invalidRequest) = error else {
            return fail("\(what): \(String(describing: error))")
        }
        #expect(error?.description.contains("X-Injected") == false)
        #expect(system.calls == [], "\(what)")
    }

    @Test(arguments: endings) func everyPartOfTheHead(_ ending: String) {
        let url = HTTPURL(scheme: .http, host: "peer", port: 80, target: "/")
        var request = HTTPRequest("GET\(ending)", url)
        expectNothingSent(request, "method")
        request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "peer", port: 80, target: "/a\(ending)"))
        expectNothingSent(request, "target")
        request = HTTPRequest(
            "GET", HTTPURL(scheme: .http, host: "peer\(ending)", port: 80, target: "/"))
        expectNothingSent(request, "host")
        for (name, value) in [
            ("X\(ending)", "y"), ("X", "y\(ending)"), ("Host", "peer\(ending)"),
            // Where a stream of events was left.
            ("Last-Event-ID", "7\(ending)"), ("Authorization", "Bearer k\(ending)"),
            ("Content-Type", "text/plain\(ending)"),
        ] {
            request = HTTPRequest("GET", url)
            request.fields = [(name, value)]
            expectNothingSent(request, "\(name): \(value)")
        }
    }

    /// Spaces begin the next part of a request line.
    @Test(arguments: [" HTTP/1.1", "\t", " /"]) func partsOfTheRequestLine(_ text: String) {
        let url = HTTPURL(scheme: .http, host: "peer", port: 80, target: "/\(text)")
        expectNothingSent(HTTPRequest("GET", url), "target")
        let plain = HTTPURL(scheme: .http, host: "peer", port: 80, target: "/")
        expectNothingSent(HTTPRequest("GET\(text)", plain), "method")
    }

    /// A body is framed by the library; what a caller says of its framing has to be that.
    @Test(arguments: [
        [("Content-Length", "3")], [("Content-Length", "4"), ("Content-Length", "3")],
        [("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "chunked, identity")],
        [("content-length", "+4")], [("Content-Length", "4, 4")], [("Content-Length ", "4")],
        [("Transfer-Encoding", "\u{0B}chunked")],
    ]) func twoFramings(_ fields: [(String, String)]) {
        var request = post([UInt8]("body".utf8))
        request.fields += fields.map { (name: $0.0, value: $0.1) }
        expectNothingSent(request, "\(fields)")
    }

    /// Texts become URLs by parsing, which keeps lines out of them; where that escapes, it stays escaped.
    @Test(arguments: endings) func textsOfURLs(_ ending: String) throws {
        for text in ["http://peer\(ending)/", "http://peer/\(ending)", "http://peer:80\(ending)/"] {
            guard let url = try? HTTPURL(text) else { continue }
            let system = ScriptedSystem(.responses(okResponse))
            var client = makeClient(system)
            _ = client.error(of: HTTPRequest("GET", url))
            for connection in system.connections {
                let sent = String(decoding: connection.sent, as: UTF8.self)
                #expect(!sent.contains("\nX-Injected") && !sent.contains("\nGET /smuggled"))
                #expect(sent.split(separator: "\r\n", omittingEmptySubsequences: false).count == 4)
            }
        }
    }

    /// What a server says of where to go on is as foreign as the rest of it.
    @Test(arguments: ["/\u{0}", "/a\rX-Injected: y", "http://peer\t/", "http://pe er/"])
    func locations(_ location: String) throws {
        let system = ScriptedSystem(
            .responses(
                "HTTP/1.1 302 Found\r\nLocation: \(location)\r\nContent-Length: 0\r\n\r\n",
                okResponse))
        var client = makeClient(system) { $0.redirects = RedirectPolicy() }
        #expect(client.error(of: get()) != nil)
        let sent = String(decoding: system.connections[0].sent, as: UTF8.self)
        #expect(sent.firstRange(of: "X-Injected") == nil)
        #expect(sent.ranges(of: "HTTP/1.1").count == 1)
    }

    // (An abstract name may hold NUL: its length is told, unix(7).)
    @Test(arguments: ["", "@", "/a\u{0}b", String(repeating: "a", count: 108)])
    func unixSockets(_ path: String) {
        #expect(throws: RequestError.self) { try UnixSocketPath(path) }
    }
}
