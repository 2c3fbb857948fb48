// expect: overlapping accesses to 'events'
import WireFraming

func twoEvents(_ events: inout SSEFramer) throws {
    guard let first = try events.next() else { return }
    guard let second = try events.next() else { return }
    print(first.data.count, second.data.count)
}
