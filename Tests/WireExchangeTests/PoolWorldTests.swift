import TestSupport
import Testing
import WireExchange
import WireTime

/// Every sequence of up to seven events on two origins, against a model made of plain lists.
@Suite struct PoolWorldTests {
    enum Event: CaseIterable {
        case acquireA, acquireB, releaseFirst, releaseBriefly, releaseLast, discardFirst,
            withdrawFirst, withdrawLast, expire
    }

    static let length = 7
    static let limits = [
        // Each bites within seven events.
        PoolModel.Limits(perOrigin: 1, total: 2, idle: 2, keepAlive: .seconds(6), age: .never),
        PoolModel.Limits(perOrigin: 2, total: 2, idle: 2, keepAlive: .never, age: .never),
        PoolModel.Limits(perOrigin: 2, total: 3, idle: 1, keepAlive: .seconds(6), age: .never),
        PoolModel.Limits(perOrigin: 1, total: 1, idle: 1, keepAlive: .never, age: .seconds(8)),
        PoolModel.Limits(
            perOrigin: 8, total: 8, idle: 2, keepAlive: .seconds(6), age: .seconds(12)),
    ]

    @Test(arguments: limits) func everySequence(_ limits: PoolModel.Limits) {
        var tried = 0
        var events: [Event] = []
        if let fault = tryAll(after: &events, limits, &tried) { return fail(fault) }
        #expect(tried > 10_000)
    }

    /// Tries what may happen after `events`, and all that may happen after that.
    private func tryAll(
        after events: inout [Event], _ limits: PoolModel.Limits, _ tried: inout Int
    ) -> String? {
        for event in Event.allCases {
            var world = PoolModel(limits)
            for earlier in events {
                world.now = world.now + .seconds(2)
                _ = world.apply(earlier)
            }
            // It would be the same as without it.
            if !world.mayHappen(event) { continue }
            world.now = world.now + .seconds(2)
            tried += 1
            if let fault = world.apply(event) ?? world.brokenInvariant() {
                return "\(events), \(event): \(fault)"
            }
            if events.count == PoolWorldTests.length - 1 { continue }
            events.append(event)
            if let fault = tryAll(after: &events, limits, &tried) { return fault }
            events.removeLast()
        }
        return nil
    }

    /// The same with three origins and long sequences, chosen at random.
    @Test func longSequences() {
        for seed in UInt64(0)..<300 {
            var random = SeededGenerator(seed: seed)
            let limits = PoolModel.Limits(
                perOrigin: 1 + random.below(3), total: 1 + random.below(5), idle: random.below(4),
                keepAlive: random.below(2) == 0 ? .never : .seconds(9),
                age: random.below(2) == 0 ? .never : .seconds(15))
            var world = PoolModel(limits)
            for step in 0..<400 {
                world.now = world.now + .seconds(Int64(random.below(3)))
                let fault: String? =
                    switch random.below(12) {
                    case 0...4: world.acquire([poolA, poolB, poolC][random.below(3)])
                    case 5...7:
                        world.release(
                            at: random.below(max(1, world.leased.count)),
                            serverLimit: [.never, .zero, .seconds(2), .seconds(5)][random.below(4)])
                    case 8: world.discard(at: random.below(max(1, world.leased.count)))
                    case 9: world.withdraw(at: random.below(max(1, world.tickets.count)))
                    default: world.apply(.expire)
                    }
                if let fault = fault ?? world.brokenInvariant() {
                    return fail("seed \(seed), step \(step): \(fault)")
                }
            }
            if let fault = world.shutDown() ?? world.brokenInvariant() {
                return fail("seed \(seed): \(fault)")
            }
        }
    }
}
