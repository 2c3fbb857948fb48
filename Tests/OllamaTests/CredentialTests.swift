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

    /// Until there is TLS, an https server is known and not reached.
    @Test func withTLSAnywhere() throws {
        let system = ScriptedSystem()
        var client = try BlockingOllama.scripted(
            system, options("secret"), host: "https://example.com")
        guard case .transport(.unsupported("https"), _) = Reading(&client, anyChat).error else {
            Issue.record("not refused")
            return
        }
        #expect(system.calls == [])
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

    @Test(arguments: ["http://127.0.0.1:8000/v1", "localhost/v1/"])
    func theOtherDialect(host: String) {
        do throws(StreamError) {
            _ = try BlockingOllama(host: host)
            Issue.record("accepted")
        } catch {
            guard case .request(.invalidURL(let reason)) = error else {
                Issue.record("\(error)")
                return
            }
            #expect(reason.contains("/v1"))
        }
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
