package import WireTime

/// Something that a loop calls at an instant. See `LoopCore.schedule`.
package protocol LoopTimer: AnyObject, Sendable {
    /// - Returns: when to call again; nil for not at all.
    func fire(at now: Instant) -> Instant?
    /// Nobody waits for it any more: `fire` would do nothing.
    var isRetired: Bool { get }
}

extension LoopTimer {
    package var isRetired: Bool { false }
}

/// Timers by when they are due: a binary heap. One is touched when it is set and when it fires; what
/// moves later meanwhile is asked then (`LoopTimer.fire`), not moved here.
struct TimerHeap {
    private struct Entry {
        let due: Instant
        let timer: any LoopTimer
    }

    private var entries: [Entry] = []

    var count: Int { entries.count }

    /// When the first is due; `.distantFuture` when there is none.
    var next: Instant { entries.first?.due ?? .distantFuture }

    mutating func insert(_ timer: any LoopTimer, due: Instant) {
        entries.append(Entry(due: due, timer: timer))
        var child = entries.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            if entries[parent].due <= entries[child].due { break }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    /// Takes out the first one, if it is due.
    mutating func popDue(at now: Instant) -> (any LoopTimer)? {
        guard let first = entries.first, first.due <= now else { return nil }
        let last = entries.removeLast()
        if !entries.isEmpty {
            entries[0] = last
            sink()
        }
        return first.timer
    }

    /// Takes out what is retired.
    mutating func sweep() {
        entries.removeAll { $0.timer.isRetired }
        for parent in (0..<(entries.count / 2)).reversed() { sink(from: parent) }
    }

    private mutating func sink(from start: Int = 0) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            if child >= entries.count { return }
            if child + 1 < entries.count, entries[child + 1].due < entries[child].due { child += 1 }
            if entries[parent].due <= entries[child].due { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}
