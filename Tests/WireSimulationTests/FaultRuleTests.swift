import Testing
import WireHTTP1
import WireServer
import WireTime

@testable import WireSimulation

@Suite struct FaultRuleTests {
    @Test func rulesAreRead() throws {
        let rule = try FaultRule(
            parsing: "stall:after=37records,p=0.01,path=/api/chat,nth=3,model=m")
        #expect(rule.fault.kind == .stall)
        #expect(rule.fault.position == .records(37))
        #expect(rule.probability == 0.01)
        #expect(rule.path == "/api/chat")
        #expect(rule.every == 3)
        #expect(rule.model == "m")
        #expect(try FaultRule(parsing: "reset").fault == Fault(.reset))
        #expect(try FaultRule(parsing: "fin:after=100bytes").fault.position == .bytes(100))
        #expect(try FaultRule(parsing: "stall:after=head").fault.position == .head)
        let status = try FaultRule(parsing: "status:429,retry-after=7").fault
        #expect(status.status == 429)
        #expect(status.retryAfter == 7)
        #expect(try FaultRule(parsing: "drip:every=1.5ms").fault.every == .microseconds(1500))
        #expect(try FaultRule(parsing: "reset:at=accept").atAccept)
        #expect(try FaultRule(parsing: "tls-stall").atAccept)
        let refuse = try FaultRule(parsing: "refuse:after=1s,for=2s,every=10s")
        #expect(refuse.after == .seconds(1))
        #expect(refuse.fault.time == .seconds(2))
        #expect(refuse.fault.every == .seconds(10))
    }

    @Test(arguments: [
        "", "nothing", "stall:", "stall:after", "stall:after=", "stall:after=x", "stall:after=3",
        "stall:after=-3records", "stall:p=2", "stall:p=nan", "stall:p=x", "status:200",
        "status:abc",
        "drip:every=5", "stall:what=1", "stall:after=head,", "stall:at=accept", "reset:at=once",
        "stall:after=99999999999999999999records", "batch:records=-1",
    ])
    func whatIsNoRuleIsRefused(_ text: String) {
        #expect(throws: FaultSyntaxError.self) { try FaultRule(parsing: text) }
    }

    private static let body = #"{"model":"sim","prompt":"hello","options":{"num_predict":5}}"#

    private func faulted(_ rules: [String], count: Int, seed: UInt64 = 1) throws -> [Bool] {
        var options = SimulationOptions()
        options.seed = seed
        options.faults = try rules.map { try FaultRule(parsing: $0) }
        let server = VirtualServer(options)
        return try (0..<count).map { _ in
            try server.reply("/api/generate", FaultRuleTests.body).response().head.status != 200
        }
    }

    @Test func everyNth() throws {
        #expect(
            try faulted(["status:500,nth=3"], count: 7) == [
                false, false, true, false, false, true, false,
            ])
    }

    @Test func chanceIsOfTheSeed() throws {
        let once = try faulted(["status:500,p=0.3"], count: 400)
        #expect(try faulted(["status:500,p=0.3"], count: 400) == once)
        #expect(try faulted(["status:500,p=0.3"], count: 400, seed: 2) != once)
        #expect((80...160).contains(once.count { $0 }))
        #expect(try faulted(["status:500,p=0"], count: 50).allSatisfy { !$0 })
    }

    @Test func theFirstRuleThatAppliesDecides() throws {
        var options = SimulationOptions()
        options.faults = try [
            "status:500,path=/v1/", "status:502,model=other", "status:503,path=/api/gen",
        ].map { try FaultRule(parsing: $0) }
        let server = VirtualServer(options)
        #expect(
            try server.reply("/api/generate", FaultRuleTests.body).response().head.status == 503)
        #expect(try server.reply("/v1/models").response().head.status == 500)
        #expect(try server.reply("/api/version").response().head.status == 200)
    }

    @Test func requestsAskForOne() throws {
        let server = VirtualServer()
        let byField = try server.call(
            "/api/generate", FaultRuleTests.body, fields: "X-Simulate: status:429\r\n")
        #expect(try byField.response().head.status == 429)
        let named = #"{"model":"sim+status:429,retry-after=3","prompt":"x"}"#
        let byName = try server.call("/api/generate", named)
        #expect(try byName.response().head.status == 429)
        #expect(try byName.response().head.fields["retry-after"] == "3")
        let wrong = try server.call(
            "/api/generate", FaultRuleTests.body, fields: "X-Simulate: whatever\r\n")
        #expect(try wrong.response().head.status == 400)
        var options = SimulationOptions()
        options.obeysRequests = false
        let deaf = VirtualServer(options)
        let ignored = try deaf.call(
            "/api/generate", FaultRuleTests.body, fields: "X-Simulate: status:429\r\n")
        deaf.runToEnd()
        #expect(try ignored.response().head.status == 200)
    }

    // MARK: Positions

    private func call(_ fault: String, streams: Bool = true) throws -> VirtualCall {
        let body =
            #"{"model":"sim","prompt":"hello","stream":\#(streams),"options":{"num_predict":5}}"#
        let server = VirtualServer()
        let call = try server.call("/api/generate", body, fields: "X-Simulate: \(fault)\r\n")
        server.run(for: .seconds(30))
        return call
    }

    @Test(arguments: [
        ("start", 0), ("head", 0), ("0records", 0), ("1record", 1), ("3records", 3), ("last", 5),
        ("end", 6), ("100records", 5),
    ])
    func stallsWhereItShould(_ position: String, records: Int) throws {
        let call = try call("stall:after=\(position)")
        #expect(call.ending == .stall)
        if position == "start" {
            #expect(call.bytes.isEmpty)
        } else {
            #expect(try call.response().head.status == 200)
            #expect(try call.records().count == records)
            #expect(try !call.response().isComplete)
        }
    }

    @Test(arguments: [1, 17, 100, 130, 131, 200])
    func cutsAtAByte(_ count: Int) throws {
        let call = try call("fin:after=\(count)bytes")
        #expect(call.bytes.count == count)
        #expect(call.ending == .finish)
    }

    @Test(arguments: ["head", "1record", "last", "end", "2bytes"])
    func wholeRepliesAreCutToo(_ position: String) throws {
        let call = try call("reset:after=\(position)", streams: false)
        #expect(call.ending == .reset)
        if position == "2bytes" {
            #expect(call.bytes.count == 2)
        } else {
            #expect(try !call.response().isComplete)
        }
    }

    @Test func delaysAndSegments() throws {
        let late = try call("late-head:by=7s")
        // And then the first token's own time.
        #expect(late.sent[0].at.since(late.startedAt) == .milliseconds(7020))
        #expect(try late.records().count == 6)
        let early = try call("early-head")
        #expect(early.sent[0].at == early.startedAt)
        #expect(early.sent[1].at > early.startedAt)
        #expect(try early.records().count == 6)
        let bytes = try call("one-byte")
        #expect(bytes.sent.allSatisfy { $0.bytes.count == 1 })
        #expect(try bytes.records().count == 6)
        let drip = try call("drip:every=1ms")
        #expect(drip.sent[100].at.since(drip.sent[0].at) >= .milliseconds(100))
        #expect(try drip.records().count == 6)
        let batch = try call("batch:records=3")
        let counts = batch.sent.map { piece in
            String(decoding: piece.bytes, as: UTF8.self).split(separator: "\"done\"").count - 1
        }
        #expect(counts.filter { $0 > 0 } == [3, 3])
        #expect(try batch.records().count == 6)
        #expect(try batch.response().isComplete)
    }

    @Test func aFaultOnAStreamHoldsItsSlotUntilTheClientLeaves() throws {
        let server = VirtualServer()
        let body = #"{"model":"sim+stall:after=2records","prompt":"x"}"#
        let stalled = try server.call("/api/generate", body)
        let next = try server.call("/api/generate", FaultRuleTests.body)
        server.run(for: .seconds(60))
        #expect(stalled.ending == .stall)
        #expect(next.sent.isEmpty)
        stalled.leave(at: server.now)
        server.runToEnd()
        #expect(try next.records().count == 6)
    }
}
