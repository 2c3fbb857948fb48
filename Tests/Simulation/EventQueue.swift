internal import WireTime

/// What will happen, earliest first; of what happens at one instant, a number decides, so that a seed
/// decides the order in which things become ready.
struct EventQueue {
    struct Event {
        let due: Instant
        let order: UInt64
        let body: () -> Void

        func isBefore(_ other: Event) -> Bool { (due, order) < (other.due, other.order) }
    }

    private var events: [Event] = []

    var isEmpty: Bool { events.isEmpty }

    mutating func insert(_ event: Event) {
        events.append(event)
        var index = events.count - 1
        while index > 0, events[index].isBefore(events[(index - 1) / 2]) {
            events.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeFirst() -> Event? {
        if events.isEmpty { return nil }
        events.swapAt(0, events.count - 1)
        let first = events.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < events.count && events[child].isBefore(events[least]) { least = child }
            if least == index { return first }
            events.swapAt(index, least)
            index = least
        }
    }
}
