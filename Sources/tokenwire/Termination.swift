import Synchronization
import WireBlocking
import WireSockets
import WireSystem
import WireTime

/// SIGINT and SIGTERM, turned into an orderly end: what waits in the network is cancelled, waits of
/// this program wake up, output is flushed, connections are closed, and the exit status is 128 + the
/// signal's number.
///
/// What cannot be interrupted (a name's look-up, a write that nobody takes) is given `grace`; after
/// that, or at a second signal, the process ends as it stands.
final class Termination: Sendable {
    private static let grace = Timeout.milliseconds(500)

    /// For every request: one signal ends them all.
    let cancellation = Cancellation()
    private let received = Lock<Int32?>(nil)
    private let latch: Latch
    /// Never opened: to wait on it is to let time pass.
    private let shut: Latch

    init() throws(SystemError) {
        latch = try Latch()
        shut = try Latch()
    }

    /// The signal that came, if one did.
    var signal: Int32? { received.withLock { $0 } }

    /// Call it first thing: threads started before would still die of the signals.
    func watch() {
        Signals.watchTermination { [self] number in
            let isFirst = received.withLock { signal in
                defer { signal = signal ?? number }
                return signal == nil
            }
            guard isFirst else { Environment.exit(128 + number) }
            latch.open()
            cancellation.cancel()
            PlainThread { [shut] in
                _ = shut.wait(until: MonotonicClock.now + Termination.grace)
                Environment.exit(128 + number)
            }.detach()
        }
    }

    /// Waits for a time.
    func pause(_ time: Timeout) throws(CommandError) {
        if latch.wait(until: MonotonicClock.now + time) { throw .interrupted }
    }

    /// Waits until there is something to read, or the end of it.
    func waitForInput(_ descriptor: Descriptor) throws(CommandError) {
        let readable = Readiness(read: true, write: false)
        while true {
            let ready = Poll.wait(
                [(latch.descriptor, readable), (descriptor, readable)], until: .distantFuture)
            if ready[0].read { throw .interrupted }
            if ready[1].read { return }
        }
    }
}
