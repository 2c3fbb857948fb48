import TestSupport
import Testing
import WireServer
import WireTime

@Suite struct WakeQueueTests {
    /// Against a plain dictionary.
    @Test(arguments: UInt64(1)...20)
    func givesTheEarliestFirst(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let queue = WakeQueue()
        var due: [Int: Int64] = [:]
        for _ in 0..<2_000 {
            let place = Int.random(in: 0..<60, using: &random)
            let now = Int64.random(in: 0..<1_000, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                queue.schedule(place, at: .distantFuture)
                due[place] = nil
            case 1:
                let found = queue.firstDue(at: Instant(nanoseconds: now))
                let first = due.values.min()
                guard let found else {
                    #expect(first.map { $0 > now } ?? true)
                    continue
                }
                #expect(due[found] == first)
                let next = Int64.random(in: now..<2_000, using: &random)
                queue.schedule(found, at: Instant(nanoseconds: next))
                due[found] = next
            default:
                queue.schedule(place, at: Instant(nanoseconds: now))
                due[place] = now
            }
            #expect(queue.next.nanoseconds == due.values.min() ?? .max)
        }
    }
}
