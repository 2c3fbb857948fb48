import OllamaProtocol
import TestSupport
import Testing
import WireExchange
import WireJSON
import WireServer
import WireSockets
import WireSystem
import WireTime

/// What each function asks of a server, over sockets.
@Suite(.eachDriver) struct NativeCallTests {
    static let routes = [
        "GET /api/tags", "GET /api/ps", "GET /api/version", "GET /api/status", "POST /api/show",
        "POST /api/embed", "POST /api/embeddings", "POST /api/copy", "DELETE /api/delete",
        "POST /api/pull", "POST /api/push", "POST /api/generate", "POST /api/embed",
        "POST /api/generate",
    ]

    private static let answers = [
        "/api/tags": #"{"models":[]}"#, "/api/ps": #"{"models":[]}"#,
        "/api/version": #"{"version":"1"}"#, "/api/status": #"{"cloud":{"disabled":true}}"#,
        "/api/show": #"{"model_info":{}}"#, "/api/embed": #"{"embeddings":[]}"#,
        "/api/embeddings": #"{"embedding":[]}"#, "/api/pull": #"{"status":"success"}"#,
        "/api/push": #"{"status":"success"}"#, "/api/generate": #"{"done":true}"#,
    ]

    private func server(_ seen: Monitor<[ServedRequest]>) throws -> ReplayServer {
        try .answering { request in
            seen.update { $0.append(request) }
            return NativeCallTests.answers[request.target].map { .json($0) } ?? .response(body: [])
        }
    }

    /// All over one connection.
    @Test func everyFunctionAsksItsRoute() async throws {
        let seen = Monitor<[ServedRequest]>([])
        let server = try server(seen)
        defer { server.stop() }
        var client = try NativeClient(host: server.url)
        try await client.callEverything()
        let requests = seen.read { $0 }
        #expect(requests.map { "\($0.method) \($0.target)" } == NativeCallTests.routes)
        #expect(Set(requests.map(\.connection)).count == 1)
        let bodies = requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(bodies[5] == #"{"model":"m","input":"text"}"#)
        #expect(bodies[7] == #"{"source":"a","destination":"b"}"#)
        #expect(bodies[12] == #"{"model":"e","input":[]}"#)
        #expect(bodies[13] == #"{"model":"m","keep_alive":0}"#)
    }

    @Test func aRouteWithoutAFunction() async throws {
        let server = try ReplayServer.answering { request in
            .json(#"{"asked":"\#(request.method) \#(request.target)"}"#)
        }
        defer { server.stop() }
        var client = try NativeClient(host: server.url)
        let call = OllamaCall(OllamaRequest("POST", "/api/me")) { $0["asked"]?.stringValue }
        #expect(try await client.answer(to: call) == "POST /api/me")
    }

    /// An error that came with a success's status, and 404 where that is an answer.
    @Test func errorsOfAnyForm() async throws {
        var client = try NativeClient(
            ScriptedSystem(.responses(Wire.response("200 OK", #"{"error":"odd"}"#))))
        let failure = await client.failure(of: .list)?.serverFailure
        #expect(failure == .init(status: 200, message: "odd"))
        let body = #"{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=x"}"#
        client = try NativeClient(
            ScriptedSystem(.responses(Wire.response("401 Unauthorized", body))))
        let unauthorized = await client.failure(of: .list)?.serverFailure
        #expect(unauthorized?.status == 401)
        #expect(unauthorized?.message == "unauthorized")
        #expect(unauthorized?.signinURL == "https://ollama.com/connect?name=x")
        // A refusal whose body breaks off is one all the same.
        let head = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 100\r\n\r\n{\"error\":"
        client = try NativeClient(
            ScriptedSystem(ConnectionScript([.request, .text(head), .end])))
        #expect(await client.failure(of: .list)?.serverFailure?.status == 500)
    }

    @Test func answersThatBreakOff() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"models\":["
        var client = try NativeClient(
            ScriptedSystem(ConnectionScript([.request, .text(head), .end])))
        let error = await client.failure(of: .list)
        #expect(error?.incompleteStream?.transport?.kind == .closedEarly)
    }

    @Test(arguments: [
        "{}", #"{"embeddings":{}}"#, #"{"embeddings":[1]}"#, #"{"embeddings":[["1"]]}"#, "[]",
        #"{"embeddings":[[1]]"#, #"{"embeddings":[[1]]} x"#, "",
    ])
    func vectorsThatAreNone(body: String) async throws {
        var client = try NativeClient(ScriptedSystem(.responses(Wire.response("200 OK", body))))
        let error = await client.failure(of: try .embed(EmbedRequest(model: "m", input: "x")))
        #expect(error?.malformedRecord?.excerpt == body)
    }
}
