import Testing
import WireSimDriver

/// Simulated worlds: one a seed. `make sim SEEDS=1000000` runs more of them.
@Suite struct SeedTests {
    #if DEBUG
    private static let count: UInt64 = 100
    #else
    private static let count: UInt64 = 10_000
    #endif
    /// Side by side, each its own worlds.
    private static let parts: UInt64 = 4

    @Test(arguments: 0..<parts) func nothingGoesWrong(_ part: UInt64) {
        for seed in (1...SeedTests.count) where seed % SeedTests.parts == part { expectGood(seed) }
    }

    /// What the client did wrong once.
    @Test(arguments: regressions) func wentWrongOnce(_ seed: UInt64) { expectGood(seed) }

    /// A seed is worth something only if it does the same every time.
    @Test(arguments: [3, 14, 159, 2653, 58979]) func replaysExactly(_ seed: UInt64) {
        let first = Simulation.run(.random(seed: seed), isTraced: true)
        let second = Simulation.run(.random(seed: seed), isTraced: true)
        #expect(!first.trace.isEmpty)
        #expect(first.trace == second.trace)
        #expect(first.steps == second.steps)
    }

    /// Worlds in which next to nothing happens would prove nothing.
    @Test func muchHappens() {
        var outcomes: [String: Int] = [:]
        for seed in UInt64(1)...60 {
            outcomes.merge(Simulation.run(.random(seed: seed)).outcomes, uniquingKeysWith: +)
        }
        #expect(outcomes.count >= 18)
        #expect(outcomes["unfinished"] == nil)
    }

    private func expectGood(_ seed: UInt64) {
        let scenario = Scenario.random(seed: seed)
        let violations = Simulation.run(scenario).violations
        guard let first = violations.first else { return }
        let small = Simulation.shrunk(scenario)
        let trace = Simulation.run(small, isTraced: true).trace.joined(separator: "\n")
        Issue.record("seed \(seed): \(first)\nshrunk: \(small)\n\(trace)")
    }
}
