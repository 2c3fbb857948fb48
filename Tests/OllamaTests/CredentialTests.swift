import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireExchange
import WireHTTP1

/// What goes into the head of a request, and where it may go.
@Suite struct CredentialTests {
    private func options(_ key: String) -> BlockingOllama.Options {
        var options = BlockingOllama.Options()
        options.apiKey = key
        return options
    }

    /// The head of the first request to a host.
    private func head(_ host: String, _ options: BlockingOllama.Options) throws -> String {
        let system = ScriptedSystem(.responses(Wire.stream([Wire.chatDone])))
        var client = try BlockingOllama.scripted(system, options, host: host)
        #expect(Reading(&client, anyChat).error == nil)
        let sent = String(decoding: try #require(system.connections.first?.sent), as: UTF8.self)
        return String(sent[..<(try #require(sent.firstRange(of: "\r\n\r\n"))).upperBound])
    }

    @Test(arguments: [
        ("127.0.0.1:80", "127.0.0.1"), ("localhost:80", "localhost"), ("[::1]:80", "[::1]"),
        ("0.0.0.0:1234", "127.0.0.1:1234"), ("ollama.localhost:80", "ollama.localhost"),
    ])
    func theKeyGoesToThisMachine(host: String, authority: String) throws {
        let head = try head(host, options("secret"))
        #expect(head.contains("\r\nHost: \(authority)\r\n"))
        #expect(head.contains("\r\nAuthorization: Bearer secret\r\n"))
    }

    @Test func nowhereElseInClearText() {
        for host in ["example.com", "192.168.1.2", "http://[::2]", "127.0.0.1.example.com"] {
            do throws(StreamError) {
                let client = try BlockingOllama(host: host, options: options("secret"))
                Issue.record("a client of \(client.endpoint)")
            } catch {
                guard case .request(.invalidRequest(let reason)) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(!reason.contains("secret"))
            }
        }
    }

    /// The key waits until the server has proved who it is: this one answers in plain text.
    @Test func withTLSAnywhereButNotBefore() throws {
        let system = ScriptedSystem(
            ConnectionScript([.text("HTTP/1.1 400 Bad Request\r\n\r\n"), .end]))
        var options = options("secret")
        options.http.tls.verification = .insecureAcceptingAnyCertificate
        var client = try BlockingOllama.scripted(system, options, host: "https://example.com")
        guard case .transport(let error, _) = Reading(&client, anyChat).error else {
            Issue.record("not refused")
            return
        }
        // Without TLS in the build it does not even come to a connection.
        if error.kind == .unsupported { return }
        #expect(error.phase == .tls)
        #expect(error.kind == .tlsFailed)
    }

    @Test func withoutAKeyAnywhere() throws {
        #expect(!(try head("example.com", .init())).contains("Authorization"))
    }

    @Test func theWholeHead() throws {
        var options = options("k")
        options.fields = [("X-Trace", "1"), ("X-Trace", "2")]
        let head = try head("127.0.0.1:11434/base/", options)
        #expect(
            head == """
                POST /base/api/chat HTTP/1.1\r
                Host: 127.0.0.1:11434\r
                X-Trace: 1\r
                X-Trace: 2\r
                Content-Type: application/json\r
                Authorization: Bearer k\r
                User-Agent: tokenwire\r
                Content-Length: \(try anyChat.encoded().count)\r
                \r

                """)
    }

    @Test func aGetHasNoBody() throws {
        let system = ScriptedSystem(.responses(Wire.response("200 OK", #"{"version":"1"}"#)))
        var client = try BlockingOllama.scripted(system, options("k"))
        #expect(try client.version() == "1")
        #expect(
            String(decoding: system.connections[0].sent, as: UTF8.self) == """
                GET /api/version HTTP/1.1\r
                Host: 127.0.0.1\r
                Authorization: Bearer k\r
                User-Agent: tokenwire\r
                \r

                """)
    }

    /// A field that would break out of its line never gets to the wire.
    @Test(arguments: [
        ("X-Bad", "a\r\nX-Injected: b"), ("Bad name", "a"), ("", "a"), ("X-Bad", "a\u{0}b"),
        ("Content-Length", "5"), ("Transfer-Encoding", "chunked"),
    ])
    func fieldsThatMustNotBe(name: String, value: String) throws {
        let system = ScriptedSystem()
        var options = BlockingOllama.Options()
        options.fields = [(name, value)]
        var client = try BlockingOllama.scripted(system, options)
        guard case .request(.invalidRequest) = Reading(&client, anyChat).error else {
            Issue.record("sent")
            return
        }
        #expect(system.calls == [])
    }

    @Test func aKeyThatMustNotBe() throws {
        let system = ScriptedSystem()
        var client = try BlockingOllama.scripted(system, options("a\r\nX-Injected: b"))
        guard case .request(.invalidRequest) = Reading(&client, anyChat).error else {
            Issue.record("sent")
            return
        }
        #expect(system.calls == [])
    }

    /// The digest of a blob becomes a part of a path.
    @Test(arguments: [
        "\r\nX-Injected: y", "\n", "\u{0}", "../../x", "a b", "a?b", "a#b", "",
        String(repeating: "a", count: 63) + "\n", String(repeating: "a", count: 63) + "/",
        String(repeating: "a", count: 65),
    ])
    func digestsThatAreNone(_ text: String) {
        #expect(BlobDigest("sha256:" + text) == nil)
        #expect(BlobDigest("sha256-" + text) == nil)
    }

    @Test func aHostThatIsNone() {
        do throws(StreamError) {
            _ = try BlockingOllama(host: "exa mple")
            Issue.record("accepted")
        } catch {
            guard case .request(.invalidURL) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }
}
