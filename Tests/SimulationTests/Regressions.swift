import Testing
import WireSimDriver
import WireTime

/// Seeds that have shown a fault of the client. What a seed makes changes with the generator: each fault
/// has a world of its own below.
let regressions: [UInt64] = [1281, 1354, 2390, 2415]

/// What the simulation has found in the client, each as the smallest world that shows it.
@Suite struct FoundTests {
    /// A connection dies under a request while another waits for it. The request that is sent again has
    /// to wait then, and got, in the end, whatever connection came back: one that had been used before,
    /// on which it might have died, and been sent, once more.
    @Test func sentAgainOnAFreshConnectionAlsoAfterWaiting() {
        var scenario = Scenario(seed: 1)
        scenario.hosts[0].isLiteral = true
        scenario.perOrigin = 1
        var first = CallPlan()
        first.answers[0].idle = (.milliseconds(20), .resetDiscarding)
        var second = CallPlan()
        // On the first one's connection; its answer would come too late.
        second.answers[0].delay = .milliseconds(50)
        var third = CallPlan()
        third.gap = .milliseconds(10)
        scenario.lanes = [[first, second], [third]]
        let report = Simulation.run(scenario, isTraced: true)
        #expect(report.violations == [])
        #expect(report.outcomes == ["complete": 3])
        #expect(report.trace.contains { $0.contains("call 1 has to fail: reset") })
    }
}
