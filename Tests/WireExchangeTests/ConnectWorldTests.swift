import Testing
import WireExchange
import WireTime

/// Every sequence of up to seven events of a race to connect, against lists.
@Suite struct ConnectWorldTests {
    enum Event: Hashable {
        case fails(Int), failsLocally(Int), connects(Int)
        case early, due, abandon
    }

    struct World: Sendable, CustomStringConvertible {
        var families: [ConnectMachine.Family]
        var limit = 8
        var delay = Timeout.seconds(5)

        var description: String { "\(families), \(limit) at once, \(delay) apart" }
    }

    static let worlds = [
        World(families: []), World(families: [.ipv4]),
        World(families: [.ipv6, .ipv6, .ipv4, .ipv4]),
        World(families: [.ipv4, .ipv4, .ipv4, .ipv6, .ipv6], limit: 2),
        World(families: [.ipv6, .ipv4, .ipv6], delay: .never),
        World(families: [.ipv4, .ipv6, .ipv4, .ipv6, .ipv4, .ipv6], limit: 3),
    ]

    /// Which addresses are under way, which are left, and when the next one's turn comes.
    private struct Model {
        let world: World
        var machine: ConnectMachine
        var now = at(0)
        var left: [Int] = []
        var underWay: [Int] = []
        var nextAt = Instant.distantFuture
        var isOver = false

        init(_ world: World) {
            self.world = world
            var options = ConnectOptions()
            (options.attemptDelay, options.attemptLimit) = (world.delay, world.limit)
            machine = ConnectMachine(world.families, options)
            var groups = [[Int](), [Int]()]
            for (place, family) in world.families.enumerated() {
                groups[family == world.families[0] ? 0 : 1].append(place)
            }
            while !groups[0].isEmpty || !groups[1].isEmpty {
                for group in 0...1 where !groups[group].isEmpty {
                    left.append(groups[group].removeFirst())
                }
            }
        }

        var events: [Event] {
            let each = underWay.flatMap { [Event.fails($0), .failsLocally($0), .connects($0)] }
            return (isOver ? [] : each) + [.early, .abandon]
                + (nextAt < .distantFuture ? [.due] : [])
        }

        /// The next one begins, or there is none.
        private mutating func opens() -> ConnectMachine.Action {
            if left.isEmpty {
                nextAt = .distantFuture
                isOver = isOver || underWay.isEmpty
                return isOver ? .failed : .none
            }
            underWay.append(left.removeFirst())
            let runs = !left.isEmpty && underWay.count < world.limit
            nextAt = runs ? now + world.delay : .distantFuture
            return .open(underWay.last!)
        }

        mutating func begin() -> String? { compare(machine.begin(at: now), opens()) }

        mutating func apply(_ event: Event) -> String? {
            now = now + .seconds(1)
            switch event {
            case .fails(let place), .failsLocally(let place):
                let isLocal = event == .failsLocally(place)
                underWay.removeAll { $0 == place }
                if isLocal { left = [] }
                let expected = opens()
                return compare(machine.failed(place, isLocal: isLocal, at: now), expected)
            case .early, .due:
                if event == .due { now = max(now, nextAt) }
                let expected = !isOver && nextAt <= now ? opens() : .none
                return compare(machine.timeReached(now), expected)
            case .connects(let place):
                underWay.removeAll { $0 == place }
                return end(machine.connected(place))
            case .abandon: return end(machine.abandon())
            }
        }

        private mutating func end(_ losers: [Int]) -> String? {
            defer { (underWay, left, nextAt, isOver) = ([], [], .distantFuture, true) }
            return losers == underWay ? nil : "names \(losers), not \(underWay)"
        }

        private func compare(
            _ said: ConnectMachine.Action, _ expected: ConnectMachine.Action
        ) -> String? {
            said == expected ? nil : "says \(said), not \(expected)"
        }

        func brokenInvariant() -> String? {
            if machine.underWay != underWay {
                return "under way \(machine.underWay), not \(underWay)"
            }
            if underWay.count > max(1, world.limit) { return "\(underWay.count) at once" }
            if machine.nextAttempt != nextAt {
                return "next at \(machine.nextAttempt), not \(nextAt)"
            }
            return machine.isOver == isOver ? nil : "over: \(machine.isOver)"
        }
    }

    @Test(arguments: worlds) func everySequence(_ world: World) {
        var model = Model(world)
        if let fault = model.begin() ?? model.brokenInvariant() { return fail(fault) }
        var tried = 0
        if let fault = tryAll(model, [], &tried) { return fail(fault) }
        #expect(tried >= 14)
    }

    private func tryAll(_ model: Model, _ events: [Event], _ tried: inout Int) -> String? {
        for event in model.events {
            var next = model
            tried += 1
            if let fault = next.apply(event) ?? next.brokenInvariant() {
                return "\(events), \(event): \(fault)"
            }
            if events.count == 6 { continue }
            if let fault = tryAll(next, events + [event], &tried) { return fault }
        }
        return nil
    }
}
