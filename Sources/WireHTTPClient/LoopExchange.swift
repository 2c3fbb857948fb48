package import WireDriver
package import WireReactor
package import WireSockets

/// What a `LoopExchange` carries on: an exchange, and what is done with what it brings.
package protocol LoopWork: ~Copyable {
    /// Goes as far as it can without waiting.
    ///
    /// - Returns: what to wait for; nil when all is over.
    mutating func advance() -> ExchangeWait?
    /// The wait is over.
    mutating func woke(_ outcome: ExchangeDriver.Outcome)
}

/// The callback driver: an exchange without a task, carried on by the loop whenever its wait is over.
/// What a task's suspension costs (thousands of instructions, kilobytes of frames) is all that it saves.
///
/// Kept alive by what it waits for. `@unchecked Sendable`: it waits for one thing at a time, and whoever
/// ends the wait (a loop's thread, nearly always the same one) is the only one to touch it.
package final class LoopExchange<Work: LoopWork & ~Copyable>: LoopCallback, @unchecked Sendable {
    private var work: Work
    private let system: any AsyncNetworkSystem

    /// - Parameter begin: makes the work, large as it is, where it will stay.
    @inline(__always)
    package init(system: any AsyncNetworkSystem, _ begin: () -> Work) {
        work = begin()
        self.system = system
    }

    package func resumed(_ ready: Readiness) { resumed(with: .ready(ready)) }

    package func resumed(with outcome: ExchangeDriver.Outcome) { carryOn(&work, outcome) }

    /// With `work` as an argument: one check for overlapping accesses, not one for each.
    private func carryOn(_ work: inout Work, _ outcome: ExchangeDriver.Outcome) {
        work.woke(outcome)
        while let wait = work.advance() {
            guard let outcome = system.wait(wait, resuming: self) else { return }
            work.woke(outcome)
        }
    }
}

/// What is called when a wait without a task is over.
package protocol ExchangeCallback: LoopCallback {
    func resumed(with outcome: ExchangeDriver.Outcome)
}

extension LoopExchange: ExchangeCallback where Work: ~Copyable {}

extension AsyncNetworkSystem {
    /// Waits by a task. Rare waits (for a look-up, for another exchange's connection) need no better.
    package func waitByTask(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback,
        on loop: LoopCore? = nil
    ) {
        Task {
            let outcome = await perform(wait, self, isWatched: true)
            guard let loop else { return callback.resumed(with: outcome) }
            loop.call(Deferred { callback.resumed(with: outcome) })
        }
    }

    package func wait(
        _ wait: ExchangeWait, resuming callback: any ExchangeCallback
    ) -> ExchangeDriver.Outcome? {
        waitByTask(wait, resuming: callback)
        return nil
    }

    package func start(_ callback: any ExchangeCallback, on loop: EventLoop?) {
        Task { callback.resumed(.none) }
    }
}

/// A closure that a loop calls.
package final class Deferred: LoopCallback {
    private let body: @Sendable () -> Void

    package init(_ body: @escaping @Sendable () -> Void) { self.body = body }

    package func resumed(_ ready: Readiness) { body() }
}
