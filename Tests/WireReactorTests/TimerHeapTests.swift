import TestSupport
import Testing
import WireTime

@testable import WireReactor

private final class NumberedTimer: LoopTimer {
    let number: Int
    init(_ number: Int) { self.number = number }
    func fire(at now: Instant) -> Instant? { nil }
}

private func at(_ nanoseconds: Int) -> Instant { Instant(nanoseconds: Int64(nanoseconds)) }

@Suite struct TimerHeapTests {
    @Test func empty() {
        var heap = TimerHeap()
        #expect(heap.next == .distantFuture)
        #expect(heap.popDue(at: at(.max)) == nil)
    }

    @Test func dueIsInclusive() {
        var heap = TimerHeap()
        heap.insert(NumberedTimer(1), due: at(10))
        #expect(heap.popDue(at: at(9)) == nil)
        #expect(heap.next == at(10))
        #expect(heap.popDue(at: at(10)) != nil)
        #expect(heap.count == 0)
    }

    /// Against a list that is searched: the same times in the same order, each timer once.
    @Test func likeASortedList() {
        for seed in UInt64(0)..<50 {
            var random = SeededGenerator(seed: seed)
            var heap = TimerHeap()
            var list: [(due: Int, number: Int)] = []
            for number in 0..<600 {
                if random.chance(3, in: 5) {
                    // Few different times, so that equal ones meet.
                    let due = random.below(100)
                    heap.insert(NumberedTimer(number), due: at(due))
                    list.append((due, number))
                } else {
                    let now = random.below(120)
                    let first = list.map(\.due).min()
                    let popped = heap.popDue(at: at(now)) as? NumberedTimer
                    if let first, first <= now {
                        let index = list.firstIndex {
                            $0.due == first && $0.number == popped?.number
                        }
                        if let index { list.remove(at: index) }
                        #expect(index != nil, "seed \(seed)")
                    } else {
                        #expect(popped == nil, "seed \(seed)")
                    }
                }
                #expect(heap.count == list.count)
                #expect(heap.next == (list.map(\.due).min().map(at) ?? .distantFuture))
            }
        }
    }
}
