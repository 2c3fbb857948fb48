internal import Synchronization
internal import WireSockets
package import WireTransport

/// Ends waiting calls from another thread.
///
/// Give it to a request; `cancel` then ends whatever that request's calls wait for (a connection,
/// connecting, sending, the head, the body), at once and with the error `.cancelled`, by `shutdown(2)`
/// on the connection: whoever makes the calls is the one that closes. It acts once and for good, so it
/// cannot come too early: a request that starts with a used one fails before anything is sent.
public final class Cancellation: Sendable {
    private struct State {
        /// Whom to wake: what the exchanges under way wait for. Nearly always one.
        var attached: [any Interruptible] = []
    }

    private let state = Lock(State())
    /// Set under the lock; asked once a read.
    private let isSet = Atomic<Bool>(false)

    public init() {}

    public var isCancelled: Bool { isSet.load(ordering: .acquiring) }

    /// From any thread, any number of times. Returns without waiting for anything.
    public func cancel() {
        // Under the lock, so that nothing is interrupted that has been detached and serves another.
        state.withLock { state in
            isSet.store(true, ordering: .releasing)
            for target in state.attached { target.interrupt() }
            state.attached = []
        }
    }

    /// Registers something to interrupt; interrupts it at once when that comes too late.
    package func attach(_ target: any Interruptible) {
        state.withLock { state in
            if isCancelled { return target.interrupt() }
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
