internal import Synchronization
package import WireSockets
internal import WireSystem
package import WireTime

/// `getaddrinfo(3)` for tasks: it blocks, so threads of its own call it, at most `most` at a time,
/// which end when there is nothing left to look up.
package final class NameLookUps: Sendable {
    package static let most = 4

    private struct State {
        var threads = 0
        var queue: [LookUp] = []
    }

    package typealias Answer = Result<[SocketAddress], ResolveFailure>

    private let state = Lock(State())
    private let resolve: @Sendable (String, UInt16) -> Answer

    package convenience init() {
        self.init { host, port in
            do throws(ResolveFailure) {
                return .success(try Resolver.addresses(of: host, port: port))
            } catch { return .failure(error) }
        }
    }

    /// - Parameter resolve: what takes the place of the system's resolver (in a test). May block.
    package init(_ resolve: @escaping @Sendable (String, UInt16) -> Answer) {
        self.resolve = resolve
    }

    /// - Returns: nil when there is no answer by the time the task goes on: at the deadline, or when it
    ///   was cancelled. One that comes later touches nothing but itself.
    package func addresses(
        of host: String, port: UInt16, until deadline: Instant, for waiter: Waiter
    ) async -> Answer? {
        let lookUp = LookUp(host: host, port: port, waiter: waiter)
        start(lookUp)
        _ = await withTaskCancellationHandler {
            await lookUp.waiter.wait(for: .none, until: deadline)
        } onCancel: {
            lookUp.waiter.wake()
        }
        waiter.retire()
        return lookUp.result
    }

    private func start(_ lookUp: LookUp) {
        let needsThread = state.withLock { state in
            state.queue.append(lookUp)
            if state.threads == NameLookUps.most { return false }
            state.threads += 1
            return true
        }
        if needsThread { PlainThread { self.work() }.detach() }
    }

    private func work() {
        while let lookUp = next() { lookUp.answer(resolve(lookUp.host, lookUp.port)) }
    }

    private func next() -> LookUp? {
        state.withLock { state in
            if state.queue.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.queue.removeFirst()
        }
    }
}

private final class LookUp: Sendable {
    let host: String
    let port: UInt16
    let waiter: Waiter
    private let found = Lock<NameLookUps.Answer?>(nil)

    init(host: String, port: UInt16, waiter: Waiter) {
        self.host = host
        self.port = port
        self.waiter = waiter
    }

    var result: NameLookUps.Answer? { found.withLock { $0 } }

    func answer(_ answer: NameLookUps.Answer) {
        found.withLock { $0 = answer }
        waiter.wake()
    }
}
