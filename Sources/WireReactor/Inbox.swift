internal import Synchronization

/// What other threads ask of a loop: many write, the loop takes all at once. Lock-free (a list that
/// is pushed to by compare-and-swap and taken whole), so that a writer never waits for a loop that
/// runs user code.
///
/// `@unchecked Sendable`: the pointer is atomic; what it leads to is the loop's thread's once taken.
@safe final class Inbox<Message>: @unchecked Sendable {
    /// Safe because only `Inbox` follows `next`.
    @safe private struct Node {
        var next: UnsafeMutablePointer<Node>?
        let message: Message
    }

    /// Safe because a node is reachable from here until `takeAll` has made it the taker's alone, who
    /// frees it; nobody follows `next` of a node that may have been taken.
    private let last = unsafe Atomic<UnsafeMutablePointer<Node>?>(nil)

    init() {}

    deinit { _ = takeAll { _ in } }

    var isEmpty: Bool { unsafe last.load(ordering: .sequentiallyConsistent) == nil }

    func push(_ message: sending Message) {
        let node = UnsafeMutablePointer<Node>.allocate(capacity: 1)
        var current = unsafe last.load(ordering: .relaxed)
        unsafe node.initialize(to: Node(next: current, message: message))
        while true {
            let (exchanged, original) = unsafe last.compareExchange(
                expected: current, desired: node, ordering: .sequentiallyConsistent)
            if exchanged { return }
            unsafe current = original
            unsafe node.pointee.next = original
        }
    }

    /// Calls `body` with every message, the oldest first; the number of them.
    func takeAll(_ body: (Message) -> Void) -> Int {
        var newest = unsafe last.exchange(nil, ordering: .acquiringAndReleasing)
        var oldest: UnsafeMutablePointer<Node>?
        while let node = unsafe newest {
            unsafe newest = node.pointee.next
            unsafe node.pointee.next = oldest
            unsafe oldest = node
        }
        var count = 0
        while let node = unsafe oldest {
            unsafe oldest = node.pointee.next
            let message = unsafe node.move().message
            unsafe node.deallocate()
            body(message)
            count += 1
        }
        return count
    }
}
