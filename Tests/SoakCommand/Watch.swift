import Glibc
import Synchronization
import WireSockets
import WireSystem
import WireTime

/// Looks at the process every second, reports, and ends it when streams do not end.
final class Watch: Sendable {
    private struct State {
        var isOver = false
        var flatness = Flatness()
    }

    private let soak: Soak
    private let end: Instant
    private let state = Mutex(State())

    init(_ soak: Soak, until end: Instant) {
        self.soak = soak
        self.end = end
    }

    var isOver: Bool {
        get { state.withLock { $0.isOver } }
        set { state.withLock { $0.isOver = newValue } }
    }
    var flatness: Flatness { state.withLock { $0.flatness } }

    func run() {
        // Every request has an end within its deadline for all, if later on a loaded machine.
        let latest = end + Plan.total + .seconds(60)
        var seconds = 0
        while !isOver {
            usleep(1_000_000)
            seconds += 1
            let now = Resources.now
            if MonotonicClock.now < end { state.withLock { $0.flatness.add(now) } }
            if seconds % soak.reportSeconds == 0 { report(now, seconds) }
            if MonotonicClock.now > latest {
                let (begun, ended) = soak.ledger.counts
                Soak.say("PROBLEM: \(begun - ended) of \(begun) requests hang\nBAD\n")
                exit(3)
            }
        }
    }

    private func report(_ now: Resources, _ seconds: Int) {
        let (begun, ended) = soak.ledger.counts
        Soak.say(
            "\(seconds) s: \(begun) begun, \(ended) ended, \(now.residentKiB) KiB, "
                + "\(now.descriptors) descriptors, \(now.threads) threads\n")
    }
}
