internal import Synchronization
internal import WireTransport

/// Ends blocked calls from another thread.
///
/// Give it to a request; `cancel` then ends whatever that request's calls wait for (connecting, sending,
/// the head, the body), at once and with the error `.cancelled`, by `shutdown(2)` on the connection:
/// the thread that makes the calls is the one that closes. It acts once and for good, so it cannot
/// come too early: a request that starts with a used one fails before anything is sent. Looking a
/// name up is not interrupted; it ends as soon as it returns.
public final class Cancellation: Sendable {
    private struct State {
        var isCancelled = false
        /// Whom to wake: the connections of the exchanges under way.
        var attached: [ObjectIdentifier: any Interruptible] = [:]
    }

    private let state = Mutex(State())

    public init() {}

    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// From any thread, any number of times. Returns without waiting for anything.
    public func cancel() {
        state.withLock { state in
            state.isCancelled = true
            for target in state.attached.values { target.interrupt() }
            state.attached = [:]
        }
    }

    /// Registers a connection; interrupts it at once when that comes too late.
    func attach(_ target: any Interruptible) {
        state.withLock { state in
            if state.isCancelled { return target.interrupt() }
            state.attached[ObjectIdentifier(target)] = target
        }
    }

    func detach(_ target: any Interruptible) {
        state.withLock { $0.attached[ObjectIdentifier(target)] = nil }
    }
}
