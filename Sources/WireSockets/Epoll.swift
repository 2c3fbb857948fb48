internal import CLinuxShims
internal import Glibc
package import WireTime

/// `epoll(7)`, edge-triggered, with a number of ours for each descriptor.
package struct Epoll: Sendable {
    package struct Event {
        package let token: UInt64
        package let readable: Bool
        package let writable: Bool
        /// The peer has closed, or the connection has failed: reading needs no further event.
        package let isFinal: Bool

        package init(token: UInt64, readable: Bool, writable: Bool, isFinal: Bool) {
            self.token = token
            self.readable = readable
            self.writable = writable
            self.isFinal = isFinal
        }
    }

    /// How many events one wait may bring.
    package static let batch = 512

    private let descriptor: Descriptor

    package init() throws(SystemError) {
        let number = epoll_create1(Int32(EPOLL_CLOEXEC))
        if number < 0 { throw SystemError("epoll_create1", errno) }
        descriptor = Descriptor(owning: number)
    }

    package func add(_ target: Descriptor, token: UInt64) throws(SystemError) {
        guard clinux_epoll_add(descriptor.rawValue, target.rawValue, token) == 0 else {
            throw SystemError("epoll_ctl", errno)
        }
    }

    package func addReadable(_ target: Descriptor, token: UInt64) throws(SystemError) {
        guard clinux_epoll_add_readable(descriptor.rawValue, target.rawValue, token) == 0 else {
            throw SystemError("epoll_ctl", errno)
        }
    }

    /// - Parameter limit: nil waits for ever; zero not at all.
    /// - Returns: how many events were put into `buffer`; none also when a signal came.
    package func wait(_ buffer: EventBuffer, for limit: Timeout?) -> Int {
        let nanoseconds = limit.map { max(0, $0.nanoseconds) } ?? -1
        // Safe because the buffer has room for `batch` events.
        let count = unsafe clinux_epoll_wait(
            descriptor.rawValue, buffer.base, Int32(Epoll.batch), nanoseconds)
        return Int(max(0, count))
    }
}

/// Room for the events of one wait.
@safe package final class EventBuffer {
    /// Safe because it is allocated with the object, freed with it, and indexed below `batch`.
    fileprivate let base: UnsafeMutablePointer<epoll_event>

    package init() { unsafe base = .allocate(capacity: Epoll.batch) }

    deinit { unsafe base.deallocate() }

    package func token(at index: Int) -> UInt64 {
        precondition(index >= 0 && index < Epoll.batch)
        return unsafe clinux_event_token(base + index)
    }

    package subscript(index: Int) -> Epoll.Event {
        precondition(index >= 0 && index < Epoll.batch)
        let event = unsafe base + index
        let bits = unsafe event.pointee.events
        return Epoll.Event(
            token: unsafe clinux_event_token(event), readable: clinux_event_readable(bits) != 0,
            writable: clinux_event_writable(bits) != 0, isFinal: clinux_event_final(bits) != 0)
    }
}

/// Ends a wait from another thread: `eventfd(2)`. Edge-triggered, so nobody has to read it empty.
package struct WakeEvent: Sendable {
    package let descriptor: Descriptor

    package init() throws(SystemError) {
        let flags = Int32(EFD_CLOEXEC | EFD_NONBLOCK)
        let number = eventfd(0, flags)
        if number < 0 { throw SystemError("eventfd", errno) }
        descriptor = Descriptor(owning: number)
    }

    package func signal() { _ = clinux_eventfd_add_one(descriptor.rawValue) }
}
