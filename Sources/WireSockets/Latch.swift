internal import Glibc
public import WireTime

/// Opened once, from any thread, for good; others wait until it is open or a deadline passes.
///
/// Its descriptor turns readable with the opening, so that it can stand beside sockets in a `Poll`.
public final class Latch: Sendable {
    /// Readable once the latch is open. Nobody reads from it.
    public let descriptor: Descriptor
    private let opener: Descriptor

    public init() throws(SystemError) {
        let (reading, writing) = try Pipe.make()
        _ = fcntl(writing, F_SETFL, O_NONBLOCK)
        descriptor = Descriptor(owning: reading)
        opener = Descriptor(owning: writing)
    }

    public func open() {
        var byte: UInt8 = 1
        // Safe because one byte is read. When the pipe is full the latch has long been open.
        _ = unsafe write(opener.rawValue, &byte, 1)
    }

    /// - Returns: whether the latch is open; false when the deadline came first.
    public func wait(until deadline: Instant) -> Bool {
        let readable = Readiness(read: true, write: false)
        while true {
            if Poll.wait(descriptor, for: readable, until: deadline).read { return true }
            if MonotonicClock.now >= deadline { return false }
        }
    }
}
