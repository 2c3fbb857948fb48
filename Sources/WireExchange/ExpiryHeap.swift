internal import WireTime

/// A binary heap of connections by the instant up to which their server keeps them. Entries that are
/// out of date stay until they come to the top, or `prune` finds too many of them.
struct ExpiryHeap<Element> {
    struct Entry {
        let due: Instant
        /// Decides between entries of one instant.
        let stamp: Int
        let element: Element

        func isBefore(_ other: Entry) -> Bool { (due, stamp) < (other.due, other.stamp) }
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }
    var first: Entry? { entries.first }

    mutating func insert(_ element: Element, due: Instant, stamp: Int) {
        entries.append(Entry(due: due, stamp: stamp, element: element))
        var index = entries.count - 1
        while index > 0, entries[index].isBefore(entries[(index - 1) / 2]) {
            entries.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func removeFirst() {
        entries.swapAt(0, entries.count - 1)
        entries.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2]
            where child < entries.count && entries[child].isBefore(entries[least]) {
                least = child
            }
            if least == index { return }
            entries.swapAt(index, least)
            index = least
        }
    }

    mutating func prune(where isCurrent: (Element) -> Bool) {
        // What is sorted is a heap.
        entries = entries.filter { isCurrent($0.element) }.sorted { $0.isBefore($1) }
    }
}
