internal import TestSupport
package import WireTime

/// What a caller does.
package struct CallPlan: Sendable {
    package enum Leaving: Sendable {
        /// So many records read.
        case afterRecords(Int)
        /// At the head.
        case atHead
    }

    package var client = 0
    package var host = 0
    package var method = "GET"
    /// Bytes of the request's body; nil sends none.
    package var body: Int?
    /// After the call before it in its lane.
    package var gap = Timeout.zero
    /// One for each time that a server sees the request; the last one for all further ones.
    package var answers: [AnswerPlan] = [AnswerPlan()]
    package var leaving: Leaving?
    /// The caller's own time behind each so many records.
    package var pause: (every: Int, Timeout)?
    /// Since the call began.
    package var cancelAfter: Timeout?
    /// The exchange is let go of, without a word.
    package var dropAfter: Timeout?

    package init() {}

    package var unit: AnswerPlan.Unit { answers[0].unit }
}

/// A name, and what there is behind it.
package struct HostPlan: Sendable {
    package enum Opening: String, Sendable, CaseIterable {
        case established, refused, unreachable, never, failsAtOnce, noDescriptors
    }

    package var port: UInt16 = 80
    package var isLiteral = false
    package var lookUpTime = Timeout.zero
    package var lookUpFails = false
    /// Families alternate.
    package var addresses: [(opening: Opening, after: Timeout)] = [(.established, .zero)]
    /// What the kernel holds of what is sent, until the server reads.
    package var sendBuffer = 4_096

    package init() {}
}

/// A whole world as a value: everything that a run depends on.
package struct Scenario: Sendable {
    package var seed: UInt64
    /// How late a loop may be, at most.
    package var latency = Timeout.zero
    /// One wait in so many ends for nothing; 0: none does.
    package var spuriousWakes = 0
    /// Times at which the process stands still, and for how long.
    package var standstills: [(at: Timeout, for: Timeout)] = []
    package var hosts: [HostPlan] = [HostPlan()]
    package var perOrigin = 10_000
    package var total = 15_000
    package var idle = 1_000
    package var keepAlive = Timeout.seconds(30)
    package var deadlines = Deadlines.standard
    package var retryLimit = 0
    package var repeatsAnyMethod = false
    /// Calls one after another in each lane, lanes beside each other.
    package var lanes: [[CallPlan]] = []
    /// The clients are shut down then.
    package var shutDownAfter: Timeout?

    package init(seed: UInt64) { self.seed = seed }

    package var callCount: Int { lanes.reduce(0) { $0 + $1.count } }
}

extension Scenario {
    /// The world of a seed.
    package static func random(seed: UInt64) -> Scenario {
        var random = SeededGenerator(seed: seed)
        var world = Scenario(seed: seed)
        if random.chance(1, in: 3) { world.latency = random.time(upTo: 20) }
        if random.chance(1, in: 4) { world.spuriousWakes = 2 + random.below(6) }
        if random.chance(1, in: 8) {
            for _ in 0...random.below(3) {
                world.standstills.append((random.time(upTo: 4_000), random.time(upTo: 9_000)))
            }
        }
        world.hosts = (0...random.below(3)).map { _ in random.host() }
        if random.chance(1, in: 2) {
            world.perOrigin = 1 + random.below(3)
            world.total = 1 + random.below(4)
            world.idle = random.below(4)
        }
        world.keepAlive = random.chance(1, in: 3) ? random.time(upTo: 300) : .seconds(30)
        world.deadlines = random.deadlines()
        if random.chance(1, in: 4) {
            world.retryLimit = 1 + random.below(3)
            world.repeatsAnyMethod = random.chance(1, in: 3)
        }
        for _ in 0...random.below(5) {
            world.lanes.append(
                (0...random.below(4)).map { _ in random.call(hosts: world.hosts.count) })
        }
        if random.chance(1, in: 40) { world.shutDownAfter = random.time(upTo: 3_000) }
        return world
    }
}

extension SeededGenerator {
    fileprivate mutating func time(upTo milliseconds: Int) -> Timeout {
        // Small ones are as likely as large ones.
        let most = max(1, milliseconds >> below(6))
        return Timeout(nanoseconds: Int64(below(most * 1_000)) * 1_000)
    }

    fileprivate mutating func host() -> HostPlan {
        var host = HostPlan()
        host.isLiteral = chance(1, in: 4)
        if chance(1, in: 4) { host.lookUpTime = time(upTo: 2_000) }
        host.lookUpFails = chance(1, in: 30)
        if chance(1, in: 2) {
            host.addresses = (0...below(4)).map { _ in
                let openings = HostPlan.Opening.allCases
                let opening = chance(1, in: 2) ? .established : pick(openings)
                return (opening, chance(1, in: 2) ? .zero : time(upTo: 1_500))
            }
        }
        host.sendBuffer = [1, 7, 64, 1_000, 4_096][below(5)]
        return host
    }

    fileprivate mutating func deadlines() -> Deadlines {
        var deadlines = Deadlines.standard
        let short = chance(1, in: 2)
        func timeout(_ random: inout SeededGenerator) -> Timeout {
            .milliseconds(
                Int64(random.chance(1, in: 3) ? 20 + random.below(300) : 500 + random.below(3_000)))
        }
        if !short { return deadlines }
        for path in [
            \Deadlines.resolve, \.connect, \.requestWrite, \.responseHead, \.firstContent,
            \.bodyIdle, \.contentIdle, \.poolWait,
        ] where chance(2, in: 3) { deadlines[keyPath: path] = timeout(&self) }
        if chance(1, in: 4) { deadlines.total = timeout(&self) + timeout(&self) }
        return deadlines
    }

    fileprivate mutating func call(hosts: Int) -> CallPlan {
        var call = CallPlan()
        call.client = chance(1, in: 4) ? 1 : 0
        call.host = below(hosts)
        call.method = ["GET", "GET", "POST", "POST", "PUT", "HEAD"][below(6)]
        if call.method == "POST" || call.method == "PUT" {
            call.body = below(4) == 0 ? 0 : below(1 << below(13))
        }
        if chance(1, in: 2) { call.gap = time(upTo: 400) }
        let unit = pick(AnswerPlan.Unit.allCases)
        call.answers = (0...below(3)).map { _ in answer(unit, body: call.body ?? 0) }
        if chance(1, in: 10) { call.leaving = chance(1, in: 3) ? .atHead : .afterRecords(below(4)) }
        if chance(1, in: 6) { call.pause = (1 + below(3), time(upTo: 2_000)) }
        if chance(1, in: 10) { call.cancelAfter = time(upTo: 2_000) }
        if chance(1, in: 12) { call.dropAfter = time(upTo: 2_000) }
        return call
    }

    fileprivate mutating func answer(_ unit: AnswerPlan.Unit, body: Int) -> AnswerPlan {
        var answer = AnswerPlan()
        answer.unit = unit
        answer.status = chance(1, in: 8) ? pick([204, 404, 429, 500, 503, 503]) : 200
        answer.framing = pick([.length, .chunked, .chunked, .untilClose])
        answer.records = (0..<below(7)).map { _ in chance(1, in: 8) ? below(3_000) : below(40) }
        answer.isLastOpen = chance(1, in: 6)
        answer.chunks = (0...below(3)).map { _ in 1 + below(1 << below(9)) }
        if chance(1, in: 8) { answer.informational = 1 + below(2) }
        answer.saysClose = chance(1, in: 12)
        if chance(1, in: 20) { answer.surplus = 1 + below(5) }
        if chance(1, in: 20) { answer.brokenChunk = below(3) }
        if chance(1, in: 2) { answer.delay = time(upTo: 1_500) }
        if chance(2, in: 3) {
            answer.segments = (0...below(3)).map { _ in
                (1 + below(1 << below(11)), chance(1, in: 2) ? .zero : time(upTo: 300))
            }
        }
        if chance(1, in: 15) { answer.answersEarlyAfter = below(body + 120) }
        if chance(1, in: 4) {
            answer.stop = (below(chance(1, in: 2) ? 60 : 700), pick(AnswerPlan.Stop.allCases))
        }
        if chance(1, in: 15) {
            answer.requestStop = (below(body + 120), pick(AnswerPlan.Stop.allCases))
        }
        if chance(1, in: 3) { answer.reads = (1 + below(1 << below(11)), time(upTo: 200)) }
        if chance(1, in: 4) {
            answer.idle = (time(upTo: 400), pick([.fin, .reset, .resetDiscarding, .halfClose]))
        }
        return answer
    }
}
