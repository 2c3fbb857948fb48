internal import Synchronization
package import WireSockets
package import WireTime
internal import WireTransport

/// One suspended task or callback at a time, and what it waits for: readiness of a connection, a
/// deadline, or somebody's `wake`. Events that come while nobody waits are remembered.
///
///     nobody waits | event, wake          | remembered: the next wait returns at once
///     nobody waits | wait                 | waits; a deadline earlier than the loop's next call of
///                  |                      | `fire` is announced to the loop
///     waits        | event asked for, wake| resumed
///     waits        | fire, deadline come  | resumed with `.none`
///     waits        | fire, too early      | called again at the deadline
///
/// A deadline that moves later costs a store, not a heap operation: the loop calls at the old time and
/// is told the new one.
package final class Waiter: LoopTimer, Interruptible {
    fileprivate struct State {
        var suspended: Suspended?
        var interest = Readiness.none
        var remembered = Readiness.none
        /// The peer has closed or the connection failed: readable for ever.
        var isFinal = false
        var isWoken = false
        var deadline = Instant.distantFuture
        /// When the loop will call `fire`.
        var scheduled = Instant.distantFuture
        var isRetired = false
        /// Whom events also wake.
        var relay: Waiter?
    }

    package let loop: LoopCore
    private let state = Lock(State())

    package init(on loop: LoopCore) { self.loop = loop }

    /// Waits. One task at a time.
    ///
    /// - Returns: what of `interest` there is; `.none` at the deadline or after `wake`.
    package func wait(for interest: Readiness, until deadline: Instant) async -> Readiness {
        await unsafe withUnsafeContinuation { continuation in
            let task = unsafe SuspendedTask(continuation)
            var who: Suspended? = .task(task)
            if let ready = suspend(&who, for: interest, until: deadline) {
                task.resume(ready)
            }
        }
    }

    /// The same without a task: `callback` is called once, on the loop's thread. Elsewhere that may be
    /// before this has returned.
    ///
    /// - Returns: what the wait brings, if it is there already: then nobody is called.
    package func wait(
        for interest: Readiness, until deadline: Instant, resuming callback: any LoopCallback
    ) -> Readiness? {
        var who: Suspended? = .callback(callback)
        return suspend(&who, for: interest, until: deadline)
    }

    /// - Parameter who: is taken if it has to wait.
    private func suspend(
        _ who: inout Suspended?, for interest: Readiness, until deadline: Instant
    ) -> Readiness? {
        var isNew = false
        let ready = state.withLock { state -> Readiness? in
            if let ready = state.take(interest) { return ready }
            state.suspended = who.take()
            state.interest = interest
            state.deadline = deadline
            if deadline < state.scheduled {
                state.scheduled = deadline
                isNew = true
            }
            return nil
        }
        if isNew { loop.schedule(self, at: deadline) }
        return ready
    }

    /// Ends this wait or the next one with `.none`. From any thread.
    package func wake() {
        let suspended = state.withLock { state -> Suspended? in
            if state.suspended == nil { state.isWoken = true }
            return state.suspended.take()
        }
        switch suspended {
        case .callback(let callback) where !loop.isCurrent: loop.call(callback)
        default: suspended?.resume(.none)
        }
    }

    /// The same, through the loop: nobody else's code runs in the calling thread.
    package func interrupt() { loop.wake(self) }

    /// Events of this waiter's connection also wake `other`, who waits for several; at once when there
    /// has been one already. They are remembered here as ever.
    package func relay(to other: Waiter?) {
        let hadEvent = state.withLock { state in
            state.relay = other
            return state.remembered != .none || state.isFinal
        }
        if hadEvent { other?.wake() }
    }

    /// An event of the connection.
    func signal(_ event: Epoll.Event) {
        var ready = Readiness.none
        var relay: Waiter?
        defer { relay?.wake() }
        let suspended = state.withLock { state -> Suspended? in
            relay = state.relay
            if event.readable { state.remembered.read = true }
            if event.writable { state.remembered.write = true }
            if event.isFinal { state.isFinal = true }
            guard state.suspended != nil, let taken = state.take(state.interest) else { return nil }
            ready = taken
            return state.suspended.take()
        }
        suspended?.resume(ready)
    }

    /// Nobody will wait here again. What the loop still holds of it is dropped when there is much of it.
    package func retire() {
        let isScheduled = state.withLock { state in
            defer { state.isRetired = true }
            return !state.isRetired && state.scheduled != .distantFuture
        }
        if isScheduled { loop.noteRetiredTimer() }
    }

    /// The peer has ended the connection, or it has failed; what came before may still be unread.
    package var isFinal: Bool { state.withLock { $0.isFinal } }

    package var isRetired: Bool { state.withLock { $0.isRetired } }

    package func fire(at now: Instant) -> Instant? {
        var next: Instant?
        let suspended = state.withLock { state -> Suspended? in
            state.scheduled = .distantFuture
            if state.suspended == nil { return nil }
            if state.deadline > now {
                next = state.deadline
                state.scheduled = state.deadline
                return nil
            }
            return state.suspended.take()
        }
        suspended?.resume(.none)
        return next == .distantFuture ? nil : next
    }
}

extension Waiter.State {
    /// Takes what is there of `interest`, or the wake that came before the wait.
    fileprivate mutating func take(_ interest: Readiness) -> Readiness? {
        if isWoken {
            isWoken = false
            return Readiness.none
        }
        let ready = Readiness(
            read: interest.read && (remembered.read || isFinal),
            write: interest.write && (remembered.write || isFinal))
        if ready == .none { return nil }
        if interest.read { remembered.read = false }
        if interest.write { remembered.write = false }
        return ready
    }
}

/// Called on a loop's thread.
package protocol LoopCallback: AnyObject, Sendable {
    func resumed(_ ready: Readiness)
}

private enum Suspended {
    case task(SuspendedTask)
    case callback(any LoopCallback)

    consuming func resume(_ ready: Readiness) {
        switch consume self {
        case .task(let task): task.resume(ready)
        case .callback(let callback): callback.resumed(ready)
        }
    }
}

/// A task that waits. Safe because whoever takes it out of a waiter's state is the only one to resume
/// it, and `Waiter` always takes.
@safe private struct SuspendedTask {
    private let continuation: UnsafeContinuation<Readiness, Never>

    init(_ continuation: UnsafeContinuation<Readiness, Never>) {
        unsafe self.continuation = continuation
    }

    func resume(_ ready: Readiness) { unsafe continuation.resume(returning: ready) }
}
