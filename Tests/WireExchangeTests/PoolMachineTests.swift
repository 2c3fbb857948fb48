import Testing
import WireExchange
import WireTime

private let a = Origin(scheme: "http", host: "a", port: 80)
private let b = Origin(scheme: "http", host: "b", port: 80)

private func id(_ value: Int) -> ConnectionID { ConnectionID(value: value) }

@Suite struct PoolMachineTests {
    @Test func theLastOneUsedIsTheFirstOneTaken() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .seconds(30))
        for number in 1...3 { #expect(pool.acquire(a) == .connect(id(number))) }
        #expect(pool.leasedCount == 3)
        for number in [2, 3, 1] { #expect(pool.release(id(number), at: at(1)).isEmpty) }
        #expect(pool.idleCount == 3)
        for number in [1, 3, 2] { #expect(pool.acquire(a) == .reuse(id(number))) }
        #expect(pool.acquire(a) == .connect(id(4)))
    }

    @Test func originsDoNotShare() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .seconds(30))
        for origin in [
            a, b, Origin(scheme: "https", host: "a", port: 80),
            Origin(scheme: "http", host: "a", port: 81),
        ] {
            guard case .connect(let id) = pool.acquire(origin) else {
                return fail("shared")
            }
            _ = pool.release(id, at: at(1))
        }
        #expect(pool.idleCount == 4)
        #expect(pool.acquire(b) == .reuse(id(2)))
    }

    @Test func overTheLimitTheOneIdleLongestGoes() {
        var pool = PoolMachine(idleLimit: 2, keepAliveIdle: .seconds(30))
        _ = (pool.acquire(a), pool.acquire(b), pool.acquire(a))
        #expect(pool.release(id(2), at: at(1)).isEmpty)
        #expect(pool.release(id(3), at: at(2)).isEmpty)
        #expect(pool.release(id(1), at: at(3)) == [id(2)])
        #expect(pool.idleCount == 2)
        #expect(pool.acquire(b) == .connect(id(4)))
        #expect(pool.acquire(a) == .reuse(id(1)))
    }

    @Test func aLimitOfZeroKeepsNothing() {
        var pool = PoolMachine(idleLimit: 0, keepAliveIdle: .seconds(30))
        _ = pool.acquire(a)
        #expect(pool.release(id(1), at: at(1)) == [id(1)])
        #expect((pool.idleCount, pool.leasedCount) == (0, 0))
    }

    @Test func expiryIsExact() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .seconds(30))
        _ = (pool.acquire(a), pool.acquire(b), pool.acquire(a))
        _ = pool.release(id(1), at: at(0))
        _ = pool.release(id(2), at: at(5))
        _ = pool.release(id(3), at: at(10))
        #expect(pool.expire(at: at(29, 999)).isEmpty)
        #expect(pool.expire(at: at(30)) == [id(1)])
        #expect(pool.expire(at: at(40)) == [id(2), id(3)])
        #expect(pool.idleCount == 0)
    }

    @Test func neverExpires() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .never)
        _ = pool.acquire(a)
        _ = pool.release(id(1), at: at(0))
        #expect(pool.expire(at: Instant(nanoseconds: .max - 1)).isEmpty)
    }

    @Test func strangersAreIgnored() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .seconds(30))
        _ = pool.acquire(a)
        #expect(pool.release(id(9), at: at(1)).isEmpty)
        pool.discard(id(9))
        pool.discard(id(1))
        #expect(pool.release(id(1), at: at(1)).isEmpty, "discarded already")
        #expect((pool.idleCount, pool.leasedCount) == (0, 0))
    }

    @Test func emptying() {
        var pool = PoolMachine(idleLimit: 8, keepAliveIdle: .seconds(30))
        _ = (pool.acquire(a), pool.acquire(b), pool.acquire(b))
        _ = pool.release(id(3), at: at(1))
        _ = pool.release(id(1), at: at(2))
        #expect(pool.removeAllIdle() == [id(1), id(3)])
        #expect((pool.idleCount, pool.leasedCount) == (0, 1))
        #expect(pool.acquire(a) == .connect(id(4)))
    }
}

/// Every sequence of up to six events on two origins, against a model made of plain lists.
@Suite struct PoolWorldTests {
    enum Event: CaseIterable {
        case acquireA, acquireB, releaseFirst, releaseLast, discardFirst, expire
    }

    struct World: ~Copyable {
        static let idleLimit = 2
        static let keepAlive = Timeout.seconds(10)

        var pool = PoolMachine(idleLimit: idleLimit, keepAliveIdle: keepAlive)
        var leased: [(id: ConnectionID, origin: Origin)] = []
        var idle: [(id: ConnectionID, origin: Origin, since: Instant)] = []
        var closed: [ConnectionID] = []
        var created = 0
        var now = at(0)

        /// Returns what is wrong, or nil.
        mutating func apply(_ event: Event) -> String? {
            now = now + .seconds(4)
            switch event {
            case .acquireA: return acquire(a)
            case .acquireB: return acquire(b)
            case .releaseFirst: return leased.isEmpty ? nil : release(at: 0)
            case .releaseLast: return leased.isEmpty ? nil : release(at: leased.count - 1)
            case .discardFirst:
                guard !leased.isEmpty else { return nil }
                closed.append(leased[0].id)
                pool.discard(leased.removeFirst().id)
                return nil
            case .expire:
                let old = idle.filter { $0.since + World.keepAlive <= now }.map(\.id)
                idle.removeAll { old.contains($0.id) }
                closed += old
                let expired = pool.expire(at: now)
                return expired == old.sorted { $0.value < $1.value } ? nil : "expired \(expired)"
            }
        }

        private mutating func acquire(_ origin: Origin) -> String? {
            let assignment = pool.acquire(origin)
            if let last = idle.lastIndex(where: { $0.origin == origin }) {
                let expected = idle.remove(at: last)
                leased.append((expected.id, origin))
                return assignment == .reuse(expected.id) ? nil : "\(assignment)"
            }
            created += 1
            leased.append((ConnectionID(value: created), origin))
            return assignment == .connect(ConnectionID(value: created)) ? nil : "\(assignment)"
        }

        private mutating func release(at index: Int) -> String? {
            let (id, origin) = leased.remove(at: index)
            idle.append((id, origin, now))
            var over: [ConnectionID] = []
            if idle.count > World.idleLimit { over = [idle.removeFirst().id] }
            closed += over
            let result = pool.release(id, at: now)
            return result == over ? nil : "closes \(result)"
        }

        /// Each connection is in exactly one place, and the counts are right.
        borrowing func invariants() -> String? {
            let places = leased.map(\.id.value) + idle.map(\.id.value) + closed.map(\.value)
            if places.sorted() != Array(1...max(1, created)).prefix(created).map(\.self) {
                return "places \(places)"
            }
            if pool.leasedCount != leased.count { return "leased \(pool.leasedCount)" }
            if pool.idleCount != idle.count { return "idle \(pool.idleCount)" }
            return nil
        }
    }

    @Test func everySequence() {
        var tried = 0
        for length in 1...6 {
            var count = 1
            for _ in 0..<length { count *= Event.allCases.count }
            for number in 0..<count {
                var world = World()
                var rest = number
                var events: [Event] = []
                var fault: String?
                for _ in 0..<length {
                    let event = Event.allCases[rest % Event.allCases.count]
                    rest /= Event.allCases.count
                    events.append(event)
                    fault = fault ?? world.apply(event) ?? world.invariants()
                }
                tried += 1
                if let fault { return fail("\(events): \(fault)") }
            }
        }
        #expect(tried == 6 + 36 + 216 + 1_296 + 7_776 + 46_656)
    }
}
