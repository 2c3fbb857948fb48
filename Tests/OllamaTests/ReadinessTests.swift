import OllamaProtocol
import TestSupport
import Testing
import WireSockets
import WireBlocking
import WireExchange
import WireTime

/// Loading, unloading, and waiting for a server and a model.
@Suite(.eachDriver) struct ReadinessTests {
    private let version = Wire.response("200 OK", #"{"version":"1"}"#)
    private let loaded = Wire.response(
        "200 OK", #"{"model":"m","response":"","done":true,"done_reason":"load"}"#)
    private let busy = Wire.response("503 Service Unavailable", #"{"error":"server busy"}"#)
    private let refusing = ConnectionScript(opening: .fails(.init("connect", 111), after: .zero))

    private func wait(
        _ request: LoadRequest?, within limit: Timeout = .seconds(60),
        _ scripts: ConnectionScript...
    ) async throws -> (result: Result<Summary?, StreamError>, system: ScriptedSystem) {
        let system = ScriptedSystem(scripts)
        var client = try NativeClient(system)
        do throws(StreamError) {
            return (.success(try await client.waitUntilReady(request, within: limit)), system)
        } catch { return (.failure(error), system) }
    }

    @Test func loadsAndUnloads() async throws {
        for (name, reason) in [
            ("generate-load-empty-prompt", "load"), ("chat-load", "load"),
            ("generate-unload", "unload"), ("chat-unload", "unload"),
        ] {
            let recorded = RecordedAnswer.named(name)
            var client = try NativeClient(ScriptedSystem(recorded.script { [.bytes($0)] }))
            let summary = try await client.answer(to: .load(LoadRequest(model: "tiny")))
            #expect(summary.reason == reason)
        }
        var client = try NativeClient(
            ScriptedSystem(RecordedCall.named("embed-empty").script))
        let request = LoadRequest(model: "tiny-bert", for: .embedding)
        #expect(try await client.answer(to: .load(request)).reason == "load")
    }

    /// Text where loading was asked for, or an answer that has not ended.
    @Test func whatIsNoLoad() async throws {
        for body in [#"{"done":false}"#, "{}", "[]", #"{"done":1}"#] {
            var client = try NativeClient(ScriptedSystem(.responses(Wire.response("200 OK", body))))
            let error = await client.failure(of: try .load(LoadRequest(model: "m")))
            #expect(error?.malformedRecord != nil, "\(body)")
        }
    }

    @Test func alreadyThere() async throws {
        let (result, system) = try await wait(nil, .responses(version))
        #expect(try result.get() == nil)
        #expect(system.elapsed == .zero)
        let (both, second) = try await wait(LoadRequest(model: "m"), .responses(version, loaded))
        #expect(try both.get()?.reason == "load")
        #expect(second.elapsed == .zero)
    }

    /// Pauses of 0.1, 0.2, 0.4 s between the questions.
    @Test func aServerThatComesUp() async throws {
        let (result, system) = try await wait(
            LoadRequest(model: "m"), refusing, refusing, ConnectionScript([.request, .end]),
            .responses(version, loaded))
        #expect(try result.get()?.reason == "load")
        #expect(system.elapsed == .milliseconds(700))
        #expect(system.unfinished() == [])
    }

    /// A full queue refuses before it has done anything.
    @Test func aBusyServer() async throws {
        let (result, system) = try await wait(
            LoadRequest(model: "m"), .responses(version, busy, loaded))
        #expect(try result.get()?.reason == "load")
        #expect(system.elapsed == .milliseconds(100))
    }

    /// A load is never given up and asked for again: that would begin it anew.
    @Test func aLoadThatTakesTooLong() async throws {
        let (result, system) = try await wait(
            LoadRequest(model: "m"), within: .seconds(40),
            ConnectionScript([.request, .text(version), .request]))
        let error = #expect(throws: StreamError.self) { try result.get() }
        #expect(error?.timedOut?.deadline == .total)
        #expect(system.elapsed == .seconds(40))
        #expect(system.calls.count { if case .open = $0 { true } else { false } } == 1)
    }

    @Test func aModelThatIsNotThere() async throws {
        let missing = Wire.response("404 Not Found", #"{"error":"model 'm' not found"}"#)
        let (result, system) = try await wait(LoadRequest(model: "m"), .responses(version, missing))
        let error = #expect(throws: StreamError.self) { try result.get() }
        #expect(error?.serverFailure?.status == 404)
        #expect(system.elapsed == .zero)
    }

    /// The time is over: what went wrong last.
    @Test func aServerThatNeverComes() async throws {
        let system = ScriptedSystem(Array(repeating: refusing, count: 20))
        var client = try NativeClient(system)
        await #expect(throws: StreamError.self) {
            _ = try await client.waitUntilReady(nil, within: .seconds(5))
        }
        // 0.1 + 0.2 + 0.4 + 0.8 + 1.6, and the next pause would be too long.
        #expect(system.elapsed == .milliseconds(3100))
    }

    /// A server that takes connections and says nothing is asked again after 5 s.
    @Test func aServerThatHangs() async throws {
        let (result, system) = try await wait(
            nil, within: .seconds(60), ConnectionScript([.request]), .responses(version))
        #expect(try result.get() == nil)
        #expect(system.elapsed == .milliseconds(5100))
    }

    @Test func cancelled() async throws {
        let cancellation = Cancellation()
        cancellation.cancel()
        var client = try NativeClient(ScriptedSystem(.responses(version)))
        await #expect(throws: StreamError.cancelled(partialText: "")) {
            _ = try await client.waitUntilReady(
                nil, within: .seconds(5), cancellation: cancellation)
        }
    }
}
