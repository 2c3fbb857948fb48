import OllamaProtocol
import Testing
import WireBytes
import WireHTTP1
import WireJSON

/// Requests as data, and how their whole answers are read: without a client.
@Suite struct OllamaCallTests {
    private func decode<Answer>(
        _ call: OllamaCall<Answer>, _ body: String, status: Int = 200
    ) throws(StreamError) -> Answer {
        let bytes = Array(body.utf8)
        return try call.decode(status: status, bytes.span)
    }

    @Test func requests() throws {
        #expect(OllamaCall.list.request == OllamaRequest("GET", "/api/tags"))
        #expect(OllamaCall.ps.request == OllamaRequest("GET", "/api/ps"))
        #expect(OllamaCall.version.request == OllamaRequest("GET", "/api/version"))
        let chat = ChatRequest(model: "m", messages: [.user("hi")])
        #expect(
            try OllamaRequest(chat) == OllamaRequest("POST", "/api/chat", body: chat.encoded()))
        let generate = GenerateRequest(model: "m", prompt: "hi")
        #expect(
            try OllamaRequest(generate)
                == OllamaRequest("POST", "/api/generate", body: generate.encoded()))
    }

    @Test func aRequestThatCannotBe() {
        var request = GenerateRequest(model: "m", prompt: "hi")
        request.options.temperature = .nan
        do throws(StreamError) {
            _ = try OllamaRequest(request)
            Issue.record("made")
        } catch {
            guard case .request(.invalidRequest) = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func answers() throws {
        #expect(try decode(.version, #"{"version":"1.2"}"#) == "1.2")
        #expect(
            try decode(.list, #"{"models":[{"name":"a"},{"model":"b"}]}"#).map(\.name) == [
                "a", "b",
            ])
        #expect(try decode(.ps, #"{"models":[{"name":"a","size_vram":7}]}"#).map(\.sizeVRAM) == [7])
        #expect(try decode(.ps, #"{"models":[]}"#) == [])
    }

    @Test(arguments: [
        (#"{"models":1}"#, JSONError(.typeMismatch, at: 0)),
        (#"{"models":[{}]}"#, JSONError(.typeMismatch, at: 0)),
        ("[]", JSONError(.typeMismatch, at: 0)), ("{", JSONError(.unexpectedEnd, at: 1)),
        ("", JSONError(.unexpectedEnd, at: 0)),
    ])
    func malformedAnswers(body: String, error: JSONError) {
        let expected = StreamError.malformed(
            .init(error: error, offset: 0, excerpt: body, partialText: ""))
        #expect(throws: expected) { try decode(.list, body) }
    }

    /// Only 2xx is success; a redirect is none.
    @Test(arguments: [199, 301, 404, 500])
    func refusals(status: Int) {
        let expected = StreamError.server(.init(status: status, message: "no"))
        #expect(throws: expected) {
            try decode(.version, #"{"version":"1","error":"no"}"#, status: status)
        }
    }

    @Test(arguments: [200, 204, 299])
    func successes(status: Int) throws {
        #expect(try decode(.version, #"{"version":"1"}"#, status: status) == "1")
    }

    // MARK: The server

    private func server(_ host: String, key: String? = nil) throws(StreamError) -> OllamaServer {
        var options = OllamaOptions()
        options.apiKey = key
        options.fields = [("X-Trace", "1")]
        return try OllamaServer(host, options: options)
    }

    @Test func fields() throws {
        func names(_ key: String?, _ body: [UInt8]?) throws -> [String] {
            try server("", key: key).fields(of: OllamaRequest("POST", "/x", body: body)).map {
                "\($0.name): \($0.value)"
            }
        }
        let agent = "User-Agent: tokenwire"
        #expect(try names(nil, nil) == ["X-Trace: 1", agent])
        #expect(
            try names("k", []) == [
                "X-Trace: 1", "Content-Type: application/json", "Authorization: Bearer k", agent,
            ])
    }

    @Test func addresses() throws {
        let url = try server("host:1/base/").url(of: OllamaCall.list.request)
        #expect(url.target == "/base/api/tags")
        #expect(url.authority == "host:1")
    }

    /// `CredentialTests` has the rule at length.
    @Test(arguments: [
        ("example.com", "k", false), ("example.com", nil, true), ("https://example.com", "k", true),
        ("localhost", "k", true), ("localhost/v1", nil, true), ("exa mple", nil, false),
    ])
    func checks(host: String, key: String?, isAccepted: Bool) {
        #expect(((try? server(host, key: key)) != nil) == isAccepted)
    }
}
