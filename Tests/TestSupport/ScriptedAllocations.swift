internal import CAllocationCounter

/// Heap allocations of the calling thread.
public struct AllocationCount: Equatable, Sendable {
    public let allocations: Int
    public let bytes: Int
    public let frees: Int

    public static let none = AllocationCount(allocations: 0, bytes: 0, frees: 0)

    /// False under a sanitizer: `during` counts nothing then.
    public static var works: Bool { allocation_counter_works() }

    /// Counts while `body` runs. It must not leave the thread, nor count inside.
    public static func during<Failure: Error>(
        _ body: () throws(Failure) -> Void
    ) throws(Failure) -> AllocationCount {
        allocation_counter_start()
        defer { allocation_counter_stop() }
        try body()
        return .soFar
    }

    /// The same for what never suspends.
    public static func duringTask<Failure: Error>(
        _ body: () async throws(Failure) -> Void
    ) async throws(Failure) -> AllocationCount {
        allocation_counter_start()
        defer { allocation_counter_stop() }
        try await body()
        return .soFar
    }

    private static var soFar: AllocationCount {
        AllocationCount(
            allocations: Int(allocation_counter_allocations()),
            bytes: Int(allocation_counter_bytes()), frees: Int(allocation_counter_frees()))
    }
}

/// What the tests were built with.
public enum Sanitizers {
    /// The thread sanitizer does not see the part of the standard library's `Mutex` that waits: a
    /// lock that was contended looks to it like none.
    public static var hasThread: Bool { allocation_counter_thread_sanitizer() }
}
