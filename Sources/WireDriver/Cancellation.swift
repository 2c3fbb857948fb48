internal import Synchronization
internal import WireSockets
package import WireTransport

/// Ends waiting calls from another thread.
///
/// Give it to a request; `cancel` then ends whatever that request's calls wait for (a connection,
/// connecting, sending, the head, the body), at once and with the error `.cancelled`, by `shutdown(2)`
/// on the connection: whoever makes the calls is the one that closes. It acts once and for good, so it
/// cannot come too early: a request that starts with a used one fails before anything is sent. A
/// blocking client looks names up without interruption; that ends as soon as it returns.
public final class Cancellation: Sendable {
    private struct State {
        var isCancelled = false
        /// Whom to wake: what the exchanges under way wait for. Nearly always one.
        var attached: [any Interruptible] = []
    }

    private let state = Lock(State())

    public init() {}

    public var isCancelled: Bool { state.withLock { $0.isCancelled } }

    /// From any thread, any number of times. Returns without waiting for anything.
    public func cancel() {
        // Under the lock, so that nothing is interrupted that has been detached and serves another.
        state.withLock { state in
            state.isCancelled = true
            for target in state.attached { target.interrupt() }
            state.attached = []
        }
    }

    /// Registers something to interrupt; interrupts it at once when that comes too late.
    package func attach(_ target: any Interruptible) {
        state.withLock { state in
            if state.isCancelled { return target.interrupt() }
            state.attached.append(target)
        }
    }

    package func detach(_ target: any Interruptible) {
        state.withLock { $0.attached.removeAll { $0 === target } }
    }
}

/// Cancelled with another one, or alone: the end of one scope is not that of others which share the
/// other.
package final class LinkedCancellation: Interruptible {
    package let own = Cancellation()
    private let outer: Cancellation?

    package init(to outer: Cancellation?) {
        self.outer = outer
        outer?.attach(self)
    }

    package func interrupt() { own.cancel() }

    /// The scope is over: `outer` lets it go.
    package func end() { outer?.detach(self) }
}
