import Testing
import WireHTTP1
import WireJSON
import WireServer
import WireTime

@testable import WireSimulation

private func body(_ prompt: String, _ rest: String = "") -> String {
    #"{"model":"sim","prompt":"\#(prompt)"\#(rest)}"#
}

private func options(
    queue: Int = 512, _ change: (inout SimulatedModel) -> Void = { _ in }
) -> SimulationOptions {
    var options = SimulationOptions()
    var model = SimulatedModel("sim")
    model.output = .exactly(10)
    model.tokenRate = 10
    change(&model)
    options.models = [model]
    options.queueLength = queue
    return options
}

@Suite struct SchedulingTests {
    @Test func requestsWaitForASlot() throws {
        let server = VirtualServer(options())
        let calls = try (0..<3).map { try server.call("/api/generate", body("\($0)")) }
        server.run(for: .milliseconds(1050))
        #expect(calls.map { $0.ending == .done } == [true, false, false])
        // Not even a head.
        #expect(calls[1].sent.isEmpty)
        server.runToEnd()
        let ends = try calls.map { try #require($0.sent.last).at.since($0.startedAt) }
        #expect(ends == [.seconds(1), .seconds(2), .seconds(3)])
        // What was waited for counts as loading, as the real one has it.
        #expect(try calls[2].records().last?.int("load_duration") == 2_000_000_000)
    }

    @Test func twoSlotsServeTwo() throws {
        let server = VirtualServer(options { $0.slots = 2 })
        let calls = try (0..<2).map { try server.call("/api/generate", body("\($0)")) }
        server.run(for: .milliseconds(1000))
        #expect(calls.allSatisfy { $0.ending == .done })
    }

    @Test func aFullQueueRefuses() throws {
        let server = VirtualServer(options(queue: 1))
        try server.call("/api/generate", body("a"))
        let waiting = try server.call("/api/generate", body("b"))
        let native = try server.call("/api/generate", body("c"))
        let openAI = try server.call("/v1/completions", body("d"))
        #expect(try native.response().head.status == 503)
        let text = "server busy, please try again.  maximum pending requests exceeded"
        #expect(try native.json().string("error") == text)
        #expect(try openAI.response().head.status == 503)
        #expect(try openAI.json().string("error.message") == text)
        #expect(try openAI.json().string("error.type") == "api_error")
        server.runToEnd()
        #expect(waiting.ending == .done)
        #expect(try server.reply("/api/generate", body("e")).response().head.status == 200)
    }

    @Test func whoeverLeavesFreesTheSlotAtOnce() throws {
        let server = VirtualServer(options { $0.output = .exactly(1000) })
        let first = try server.call("/api/generate", body("a"))
        let second = try server.call("/api/generate", body("b"))
        let third = try server.call("/api/generate", body("c"))
        server.run(for: .milliseconds(550))
        // One that waits leaves the queue.
        second.leave(at: server.now)
        first.leave(at: server.now)
        server.run(for: .milliseconds(150))
        #expect(third.sent.count == 1)
        #expect(first.sent.count == 5)
    }

    @Test func theModelStaysLoadedAsLongAsAsked() throws {
        let server = VirtualServer(options { $0.loadTime = .seconds(3) })
        func loaded() throws -> Int? {
            try server.reply("/api/ps", "").json().at("models")?.arrayValue?.count
        }
        #expect(try loaded() == 0)
        let load = try server.reply("/api/generate", #"{"model":"sim","keep_alive":"1m"}"#)
        #expect(try load.json().string("done_reason") == "load")
        #expect(load.sent[0].at.since(load.startedAt) == .seconds(3))
        #expect(try loaded() == 1)
        server.run(for: .seconds(59))
        #expect(try loaded() == 1)
        server.run(for: .seconds(2))
        #expect(try loaded() == 0)
        // Loads again, and stays for ever.
        let again = try server.reply("/api/generate", body("x", #","keep_alive":-1"#))
        #expect(again.sent[0].at.since(again.startedAt) == .milliseconds(3100))
        server.run(for: .minutes(1000))
        #expect(try loaded() == 1)
        let unload = try server.reply("/api/generate", #"{"model":"sim","keep_alive":0}"#)
        #expect(try unload.json().string("done_reason") == "unload")
        #expect(try loaded() == 0)
    }

    @Test func leavingWhileItLoadsEndsTheLoad() throws {
        let server = VirtualServer(options { $0.loadTime = .seconds(10) })
        let first = try server.call("/api/generate", body("x"))
        server.run(for: .seconds(9))
        first.leave(at: server.now)
        let second = try server.call("/api/generate", body("x"))
        server.runToEnd()
        #expect(second.sent[0].at.since(second.startedAt) == .milliseconds(10_100))
    }

    @Test(arguments: [true, false])
    func onlyWhatIsNewOfAPromptIsRead(_ caches: Bool) throws {
        let server = VirtualServer(
            options {
                $0.promptRate = 10
                $0.cachesPrompts = caches
            })
        let first = try server.reply("/api/generate", body("a b c d e f g h i j"))
        #expect(try first.records().last?.int("prompt_eval_duration") == 1_000_000_000)
        let second = try server.reply("/api/generate", body("a b c d e f g h x y"))
        let last = try #require(second.records().last)
        // The count includes what was in the cache.
        #expect(last.int("prompt_eval_count") == 10)
        #expect(last.int("prompt_eval_duration") == (caches ? 200_000_000 : 1_000_000_000))
    }
}
