package import WireTime

/// Which connection wants its turn next: a binary heap of places in the server's table, each in it at
/// most once. Integers only, so that moving them counts no references.
package final class WakeQueue {
    private var heap = WakeHeap()

    package init() {}

    /// When the first is due; `.distantFuture` when none is.
    package var next: Instant { heap.next }

    /// Sets when a place is due; `.distantFuture` takes it out.
    package func schedule(_ place: Int, at due: Instant) { heap.schedule(place, at: due) }

    /// The first, if it is due. It stays where it is until it is scheduled anew: after its turn that
    /// is one step down the heap, and no way out and in again.
    package func firstDue(at now: Instant) -> Int? { heap.firstDue(at: now) }
}

/// The queue's own state, so that one access to it covers a whole step.
private struct WakeHeap {
    private struct Entry {
        var due: Int64
        var place: Int32
    }

    private var heap: [Entry] = []
    /// By place: where in the heap; -1 for not at all.
    private var indexes: [Int32] = []

    var next: Instant { Instant(nanoseconds: heap.first?.due ?? .max) }

    func firstDue(at now: Instant) -> Int? {
        guard let first = heap.first, first.due <= now.nanoseconds else { return nil }
        return Int(first.place)
    }

    mutating func schedule(_ place: Int, at due: Instant) {
        while indexes.count <= place { indexes.append(-1) }
        let index = Int(indexes[place])
        if due == .distantFuture { return remove(at: index) }
        let entry = Entry(due: due.nanoseconds, place: Int32(place))
        if index < 0 {
            heap.append(entry)
            settle(entry, from: heap.count - 1)
        } else {
            settle(entry, from: index)
        }
    }

    private mutating func remove(at index: Int) {
        if index < 0 { return }
        indexes[Int(heap[index].place)] = -1
        let last = heap.removeLast()
        if index < heap.count { settle(last, from: index) }
    }

    /// Puts an entry where it belongs, from a place that is free.
    private mutating func settle(_ entry: Entry, from start: Int) {
        WakeHeap.settle(entry, from: start, in: &heap, &indexes)
    }

    private static func settle(
        _ entry: Entry, from start: Int, in heap: inout [Entry], _ indexes: inout [Int32]
    ) {
        var entries = heap.mutableSpan
        var places = indexes.mutableSpan
        var index = start
        while index > 0, entries[(index - 1) / 2].due > entry.due {
            let parent = (index - 1) / 2
            entries[index] = entries[parent]
            places[Int(entries[index].place)] = Int32(index)
            index = parent
        }
        while true {
            var child = 2 * index + 1
            if child + 1 < entries.count, entries[child + 1].due < entries[child].due { child += 1 }
            if child >= entries.count || entries[child].due >= entry.due { break }
            entries[index] = entries[child]
            places[Int(entries[index].place)] = Int32(index)
            index = child
        }
        entries[index] = entry
        places[Int(entry.place)] = Int32(index)
    }
}
