import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireExchange
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Which dialect a server is asked in, and what clients do about servers that refuse.
@Suite struct DialectTests {
    @Test(arguments: [
        ("http://h:8000/v1", Dialect.openAI, "/v1/chat/completions"),
        ("h/v1/", .openAI, "/v1/chat/completions"),
        ("h/base/v1", .openAI, "/base/v1/chat/completions"),
        ("http://h/api", .native, "/api/chat"), ("h/base/api/", .native, "/base/api/chat"),
        ("h", .native, "/api/chat"), ("h/base", .native, "/base/api/chat"),
        ("h/xv1", .native, "/xv1/api/chat"),
    ])
    func byURL(host: String, dialect: Dialect, path: String) throws {
        let server = try OllamaServer(host, options: OllamaOptions())
        #expect(server.dialect == dialect)
        let request = try OllamaRequest(anyChat, in: dialect)
        #expect(server.url(of: request).target == path)
        // The description can be given for the address again.
        let again = try OllamaEndpoint(server.endpoint.description)
        #expect(again == server.endpoint)
    }

    @Test func byOption() throws {
        var options = OllamaOptions()
        options.dialect = .openAI
        #expect(try OllamaServer("h", options: options).dialect == .openAI)
        options.dialect = .native
        #expect(try OllamaServer("h/v1", options: options).dialect == .native)
        options.dialect = .auto
        #expect(try OllamaServer("h", options: options).dialect == nil)
        #expect(try OllamaServer("h/v1", options: options).dialect == .openAI)
    }

    private var automatic: OllamaClientOptions {
        var options = OllamaClientOptions()
        options.dialect = .auto
        return options
    }

    /// The server is asked once, and then each request goes where it belongs.
    @Test(arguments: Speech.both)
    func detection(speech: Speech) async throws {
        let server = try ReplayServer.answering { request in
            switch request.target {
            case "/api/version":
                speech.dialect == .native
                    ? .json(#"{"version":"0.33.0"}"#) : .error("no such route", status: 404)
            case "/api/chat":
                Speech.both[0].stream([Speech.both[0].text("native")] + Speech.both[0].end)
            default: Speech.both[1].stream([Speech.both[1].text("openAI")] + Speech.both[1].end)
            }
        }
        defer { server.stop() }
        let expected = speech.dialect == .native ? "native" : "openAI"
        let ollama = Ollama(host: server.url, options: automatic)
        for _ in 0..<3 { #expect(try await ollama.chat("m", "hi").collect().text == expected) }
        var client = try BlockingOllama(host: server.url, options: automatic)
        for _ in 0..<3 { #expect(try client.chat("m", "hi").collect().text == expected) }
        let targets = server.log.connections.flatMap { $0.requests.map(\.target) }
        #expect(targets.count { $0 == "/api/version" } == 2)
        #expect(targets.count == 8)
    }

    /// A server that does not answer that is no answer: the deadline is short, and nothing is taken for
    /// known.
    @Test func detectionThatFails() async throws {
        let server = try ReplayServer.answering { _ in .silent }
        defer { server.stop() }
        var options = automatic
        options.http.deadlines.responseHead = .milliseconds(100)
        for way in WayIn.allCases {
            let told = await Told(way, server.url, options: options)
            #expect(told.error?.timedOut?.deadline == .responseHead)
        }
        let short = OllamaServer.detectionDeadlines(.standard)
        #expect(short.responseHead == .seconds(3))
        #expect(short.contentIdle == .seconds(3))
    }

    /// What the dialect has no field for is refused although the dialect turns out only then.
    @Test(arguments: WayIn.allCases)
    func refusalsAfterDetection(way: WayIn) async throws {
        let server = try ReplayServer.answering { _ in .error("no such route", status: 404) }
        defer { server.stop() }
        var request = anyChat
        request.options.numCtx = 4096
        let told = await Told(way, server.url, request, options: automatic)
        guard case .request(.invalidRequest(let reason)) = told.error else {
            Issue.record("\(String(describing: told.error))")
            return
        }
        #expect(reason.contains("num_ctx"))
    }

    // MARK: Policy

    /// Refused with 503 and 429, then answered.
    @Test(arguments: Speech.both, WayIn.allCases)
    func askingAgain(speech: Speech, way: WayIn) async throws {
        let count = Monitor(0)
        let server = try ReplayServer.answering { _ in
            switch count.update({
                $0 += 1; return $0
            }) {
            case 1: .error("server busy", status: 503)
            case 2: .error("too many", status: 429)
            case 3: .error("cloud", status: 502)
            default: speech.stream([speech.text("there")] + speech.end)
            }
        }
        defer { server.stop() }
        var options = OllamaClientOptions()
        var policy = RetryPolicy.ollama
        policy.firstDelay = .milliseconds(1)
        options.http.retries = policy
        let told = await Told(way, speech.host(server), options: options)
        #expect(told.error == nil)
        #expect(told.text == "there")
        #expect(count.read { $0 } == 4)
    }

    /// Once anything has come, or a deadline has passed, never.
    @Test(arguments: Speech.both, WayIn.allCases)
    func notAskingAgain(speech: Speech, way: WayIn) async throws {
        var options = OllamaClientOptions()
        options.http.retries = .ollama
        options.http.deadlines.responseHead = .milliseconds(100)
        let head = speech.stream([speech.text("some")])
        for script in [
            Script.silent, Script.error("broken", status: 500),
            .cut(after: head.sentBytes.count - 5, of: head.sentBytes),
            .cut(after: 10, of: head.sentBytes),
        ] {
            let server = try ReplayServer.answering { _ in script }
            defer { server.stop() }
            let told = await Told(way, speech.host(server), options: options)
            #expect(told.error != nil)
            #expect(server.log.connections.flatMap(\.requests).count == 1)
        }
    }

    @Test(arguments: Speech.both, WayIn.allCases)
    func redirectsToTheSameOrigin(speech: Speech, way: WayIn) async throws {
        let server = try ReplayServer.answering { request in
            request.target.hasPrefix("/moved")
                ? speech.stream([speech.text("there")] + speech.end)
                : .response(
                    status: 307, fields: [("Location", "/moved\(request.target)")], body: [])
        }
        defer { server.stop() }
        let told = await Told(way, speech.host(server))
        #expect(told.text == "there")
        #expect(server.log.connections.flatMap(\.requests).map(\.method) == ["POST", "POST"])
    }

    /// No more than so many of a model at a time; others, and questions, go on beside them.
    @Test func requestsOfAModel() async throws {
        let speech = Speech.both[0]
        let server = try ReplayServer.answering { request in
            request.target == "/api/version"
                ? .json(#"{"version":"1"}"#)
                : speech.endless(speech.text("x"), every: .milliseconds(1))
        }
        defer { server.stop() }
        var options = OllamaClientOptions()
        options.requestsPerModel = 2
        let ollama = Ollama(host: server.url, options: options)
        let streams = (0..<5).map { ollama.chat($0 < 4 ? "a" : "b", "hi") }
        let tasks = streams.map { stream in
            Task { for try await _ in stream.text {} }
        }
        // Two of a, one of b.
        for connection in 0..<3 {
            #expect(await server.sees(connection) { !$0.requests.isEmpty })
        }
        while ollama.connections.waiting < 2 { await Task.yield() }
        #expect(try await ollama.version() == "1")
        let chats = server.log.connections.flatMap(\.requests).count { $0.target == "/api/chat" }
        #expect(chats == 3)
        for stream in streams { stream.cancel() }
        for task in tasks { _ = await task.result }
    }
}
