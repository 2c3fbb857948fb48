import WireSockets
import WireTime

/// Many seeds, one after another, from a command line.
package enum SimulationCommand {
    private static let usage = """
        usage: wire-sim [--seeds COUNT] [--first SEED] [--trace]
               wire-sim --proof PATH
        Runs simulated worlds, one a seed; a seed that fails is shown, shrunk, with what happened in it.
        --trace shows what happens in each world: for one seed.
        --proof runs the hang certificate instead, and writes its page.
        """

    /// - Returns: the exit status: 1 when a seed failed, 2 for a wrong call.
    package static func run(_ arguments: [String]) -> Int32 {
        var (count, first, isTraced) = (10_000, UInt64(1), false)
        var rest = arguments.dropFirst()
        while let option = rest.popFirst() {
            switch option {
            case "--trace": isTraced = true
            case "--proof":
                guard let path = rest.popFirst() else { return fail("--proof takes a path") }
                return CertificateReport.write(to: path)
            case "--help":
                print(usage)
                return 0
            case "--seeds", "--first":
                guard let value = rest.popFirst().flatMap({ UInt64($0) }), value <= UInt64(Int.max)
                else { return fail("\(option) takes a number") }
                if option == "--seeds" { count = Int(value) } else { first = value }
            default: return fail("unknown option \(option)")
            }
        }
        return run(first..<first + UInt64(count), isTraced: isTraced)
    }

    private static func fail(_ text: String) -> Int32 {
        print("wire-sim: \(text)\n\(usage)")
        return 2
    }

    private static func run(_ seeds: Range<UInt64>, isTraced: Bool) -> Int32 {
        let begin = MonotonicClock.now
        var (failures, calls, steps) = (0, 0, 0)
        var outcomes: [String: Int] = [:]
        for seed in seeds {
            let scenario = Scenario.random(seed: seed)
            let report = Simulation.run(scenario, isTraced: isTraced)
            calls += scenario.callCount
            steps += report.steps
            outcomes.merge(report.outcomes, uniquingKeysWith: +)
            for line in report.trace { print(line) }
            if !report.violations.isEmpty {
                failures += 1
                show(scenario, report)
                if failures == 20 { break }
            }
            let done = seed - seeds.lowerBound + 1
            if done % 50_000 == 0 {
                let time = MonotonicClock.now.since(begin).inSeconds
                print(
                    "\(done) seeds, \(calls) calls, \(steps) events, \(Int(time)) s, \(failures) failed"
                )
            }
        }
        let time = MonotonicClock.now.since(begin)
        for (outcome, count) in outcomes.sorted(by: { ($0.value, $1.key) > ($1.value, $0.key) }) {
            print("\(count)\t\(outcome)")
        }
        print(
            "\(seeds.count) seeds, \(calls) calls, \(steps) events in \(time.wholeMilliseconds) ms, "
                + "\(failures) failed")
        return failures == 0 ? 0 : 1
    }

    private static func show(_ scenario: Scenario, _ report: Simulation.Report) {
        print("seed \(scenario.seed): \(report.violations[0])")
        let small = Simulation.shrunk(scenario)
        let again = Simulation.run(small, isTraced: true)
        print("  shrunk: \(again.violations.first ?? "nothing"), in \(small)")
        for line in again.trace.suffix(60) { print("    \(line)") }
    }
}

extension Simulation {
    /// A smaller world with the same fault.
    package static func shrunk(_ scenario: Scenario) -> Scenario {
        let fault = run(scenario).violations.first.map(nature)
        return scenario.shrunk { run($0).violations.first.map(nature) == fault }
    }

    /// What is wrong, without where and when.
    private static func nature(of violation: String) -> String {
        String(violation.drop { $0 != ":" }.filter { !$0.isNumber }.prefix(40))
    }
}
