import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBytes
import WireExchange
import WireHTTP1
import WireServer
import WireSimulation
import WireSockets
import WireTime

/// Each fault ends a call by the error that is meant for it, whichever driver makes it.
@Suite(.eachDriver, .serialized) struct FaultDriverTests {
    /// Fires only where a test waits for it, or where something is wrong.
    private static let patience = Timeout.seconds(60)
    /// Of those that are waited for.
    private static let short = Timeout.milliseconds(400)

    private func deadlines(_ change: (inout Deadlines) -> Void = { _ in }) -> Deadlines {
        var deadlines = Deadlines.standard
        for path in [
            \Deadlines.connect, \.requestWrite, \.responseHead, \.firstContent, \.bodyIdle,
            \.contentIdle,
        ] { deadlines[keyPath: path] = FaultDriverTests.patience }
        change(&deadlines)
        return deadlines
    }

    private func serve(_ faults: [String] = []) throws -> ReplayServer {
        var options = SimulationOptions()
        options.models = [SimulatedModel("sim")]
        options.models[0].tokenRate = 2_000
        options.models[0].slots = 100
        options.faults = try faults.map { try FaultRule(parsing: $0) }
        let server = try ReplayServer.simulating(options)
        server.start()
        return server
    }

    private func request(
        _ server: ReplayServer, _ fault: String, path: String = "/api/generate"
    ) throws -> HTTPRequest {
        let body =
            #"{"model":"sim","prompt":"x","stream":true,"options":{"num_predict":9},"max_tokens":9}"#
        var request = HTTPRequest(
            "POST",
            HTTPURL(scheme: .http, host: "127.0.0.1", port: server.port, target: path),
            body: Array(body.utf8))
        if !fault.isEmpty { request.fields.append(("X-Simulate", fault)) }
        return request
    }

    private func error(
        _ fault: String, faults: [String] = [], _ change: (inout Deadlines) -> Void = { _ in }
    ) throws -> TransportError? {
        let server = try serve(faults)
        defer { server.stop() }
        var client = TestClient(ClientOptions())
        return client.error(of: try request(server, fault), deadlines: deadlines(change))
    }

    @Test(arguments: [
        ("", nil), ("reset", TransportError.Kind.reset), ("reset:after=start", .reset),
        ("reset:after=head", .reset), ("reset:after=40bytes", .reset), ("fin", .closedEarly),
        ("fin:after=3bytes", .closedEarly), ("fin:after=end", .closedEarly),
        ("truncate", nil), ("garbage", .badChunk), ("garbage:after=start", .badStatusLine),
        ("bad-record", nil), ("error", nil), ("one-byte", nil), ("batch", nil), ("early-head", nil),
        ("late-head:by=50ms", nil), ("drip:every=10us", nil), ("endless-head", .tooLarge),
        ("endless-field", .tooLarge), ("informational", .tooLarge), ("chunk-extension", .tooLarge),
        ("gzip-bomb", .tooLarge), ("status:503", nil),
    ])
    func endsAsItShould(_ fault: String, kind: TransportError.Kind?) throws {
        #expect(try error(fault)?.kind == kind)
    }

    @Test func waitingIsEndedByTheDeadlineForIt() throws {
        let short = FaultDriverTests.short
        let cases: [(String, Deadline, WritableKeyPath<Deadlines, Timeout>)] = [
            ("silent", .responseHead, \.responseHead),
            ("stall:after=start", .responseHead, \.responseHead),
            ("stall:after=20bytes", .responseHead, \.responseHead),
            ("stall:after=head", .firstContent, \.firstContent),
            ("stall:after=2records", .bodyIdle, \.bodyIdle),
            ("pings:every=5ms", .contentIdle, \.contentIdle),
            ("late-head:by=100s", .responseHead, \.responseHead),
        ]
        for (fault, deadline, path) in cases {
            let error = try error(fault) { $0[keyPath: path] = short }
            guard case .timeout(let fired, _, _) = error else {
                Issue.record("\(fault): \(String(describing: error))")
                continue
            }
            #expect(fired == deadline, "\(fault)")
        }
    }

    @Test(arguments: [
        ("reset:at=accept", TransportError.Kind.reset), ("fin:at=accept", .closedEarly),
        ("garbage:at=accept", .badStatusLine),
    ])
    func connectionsFailAtOnce(_ fault: String, kind: TransportError.Kind) throws {
        let found = try error("", faults: [fault])
        // What is written to a connection that has been closed may be answered by RST first; and an
        // RST may be there before the client has seen that it is connected.
        let early: TransportError.Kind = kind == .reset ? .connectFailed : .reset
        #expect(found?.kind == kind || found?.kind == early)
    }

    @Test func silenceFromTheStartIsTheHeadsDeadline() throws {
        let error = try error("", faults: ["silent:at=accept"]) {
            $0.responseHead = FaultDriverTests.short
        }
        #expect(error?.kind == .timeout)
    }

    #if TLS
    @Test(arguments: ["tls-stall", "tls-stall:bytes=40"])
    func handshakesStall(_ fault: String) throws {
        let server = try serve([fault])
        defer { server.stop() }
        var client = TestClient(ClientOptions())
        let url = HTTPURL(scheme: .https, host: "127.0.0.1", port: server.port, target: "/")
        let error = client.error(
            of: HTTPRequest("GET", url),
            deadlines: deadlines { $0.tlsHandshake = .milliseconds(400) })
        guard case .timeout(.tlsHandshake, _, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }
    #endif

    @Test func nobodyListensForATime() throws {
        let server = try serve(["refuse:after=0s,for=300ms"])
        defer { server.stop() }
        var client = TestClient(ClientOptions())
        let limit = farAway
        var refusals = 0
        var text: String?
        let version = HTTPRequest(
            "GET",
            HTTPURL(scheme: .http, host: "127.0.0.1", port: server.port, target: "/api/version"))
        while text == nil || refusals == 0, MonotonicClock.now < limit {
            do throws(TransportError) { text = try client.text(version) } catch {
                if error.kind == .connectRefused { refusals += 1 }
            }
            client.closeIdleConnections()
        }
        #expect(refusals > 0)
        #expect(text == #"{"version":"0.33.0"}"#)
    }

    // MARK: As the Ollama client sees them

    private func streamError(_ fault: String) throws -> StreamError? {
        let server = try serve()
        defer { server.stop() }
        var client = try BlockingOllama(host: server.url)
        var request = GenerateRequest(model: "sim+\(fault)", prompt: "x")
        request.options.numPredict = 9
        do throws(StreamError) {
            var stream = try client.generate(request)
            while try stream.next() != nil {}
            return nil
        } catch { return error }
    }

    @Test func streamsThatLieAreFoundOut() throws {
        for fault in ["truncate:after=2records", "fin:after=2records", "reset:after=2records"] {
            guard case .incomplete(let what) = try streamError(fault) else {
                Issue.record("\(fault)")
                continue
            }
            if fault.hasPrefix("reset") { continue }
            #expect(what.recordCount == 2)
            #expect(!what.partialText.isEmpty)
        }
        guard case .server(let failure) = try streamError("error:after=2records") else {
            Issue.record("error")
            return
        }
        #expect(failure.isInsideStream)
        #expect(
            failure.message == "an error was encountered while running the model: unexpected EOF")
        guard case .malformed = try streamError("bad-record:after=1record") else {
            Issue.record("bad-record")
            return
        }
        guard case .server(let busy) = try streamError("status:503") else {
            Issue.record("status")
            return
        }
        #expect(busy.status == 503)
        #expect(busy.message.hasPrefix("server busy"))
        #expect(try streamError("one-byte") == nil)
    }

    /// The `/v1` routes lose the error: a clean end without `[DONE]`.
    @Test func theSwallowedErrorIsACleanEnd() throws {
        let server = try serve()
        defer { server.stop() }
        var client = TestClient(ClientOptions())
        var request = try request(server, "swallowed:after=2records", path: "/v1/completions")
        request.fields.append(("Accept", "text/event-stream"))
        var response = try client.send(request, deadlines: deadlines())
        var events: [String] = []
        while let event = try response.nextEvent() {
            events.append(String(decoding: event.data, as: UTF8.self))
        }
        #expect(events.count == 3)
        #expect(events.last?.contains(#""model":"""#) == true)
        #expect(!events.contains("[DONE]"))
    }
}
