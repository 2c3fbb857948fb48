internal import Synchronization
public import WireSockets
internal import WireSystem

/// Names to addresses without blocking who asks: `getaddrinfo(3)` cannot be interrupted, so threads of
/// its own call it, at most `most` at a time, started when a name needs one; they end when there is
/// nothing left to look up.
public final class NameLookUps: Sendable {
    public static let most = 4
    /// Those of the system's resolver, shared by all clients of the process.
    public static let shared = NameLookUps()

    private struct State {
        var threads = 0
        var queue: [NameLookUp] = []
    }

    public typealias Answer = NameLookUp.Answer

    private let state = Lock(State())
    private let resolve: @Sendable (String, UInt16) -> Answer
    private let startThread: @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void

    private convenience init() {
        self.init { host, port in
            do throws(ResolveFailure) {
                return .success(try Resolver.addresses(of: host, port: port))
            } catch { return .failure(error) }
        }
    }

    /// - Parameter resolve: what takes the place of the system's resolver (in a test). May block.
    public convenience init(_ resolve: @escaping @Sendable (String, UInt16) -> Answer) {
        self.init(resolve) { body throws(SystemError) in
            try PlainThread.start(body).detach()
        }
    }

    package init(
        _ resolve: @escaping @Sendable (String, UInt16) -> Answer,
        startThread:
            @escaping @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void
    ) {
        self.resolve = resolve
        self.startThread = startThread
    }

    /// Begins to look a name up.
    ///
    /// - Parameter ended: called from one of the threads when there is an answer, unless it is given up
    ///   before. It must not block.
    public func start(
        _ host: String, port: UInt16, _ ended: @escaping @Sendable () -> Void
    ) -> NameLookUp {
        let lookUp = NameLookUp(host: host, port: port, ended)
        let needsThread = state.withLock { state in
            state.queue.removeAll { $0.isGivenUp }
            state.queue.append(lookUp)
            if state.threads == NameLookUps.most { return false }
            state.threads += 1
            return true
        }
        if needsThread { addThread() }
        return lookUp
    }

    /// Without a new thread those that there are do all; without any, nobody would.
    private func addThread() {
        do throws(SystemError) { try startThread { self.work() } } catch {
            let stranded = state.withLock { state -> [NameLookUp] in
                state.threads -= 1
                if state.threads > 0 { return [] }
                defer { state.queue = [] }
                return state.queue
            }
            for lookUp in stranded {
                let failure = ResolveFailure(host: lookUp.host, message: error.description)
                lookUp.answer(.failure(failure))
            }
        }
    }

    private func work() {
        while let lookUp = next() { lookUp.answer(resolve(lookUp.host, lookUp.port)) }
    }

    private func next() -> NameLookUp? {
        state.withLock { state in
            while !state.queue.isEmpty {
                let next = state.queue.removeFirst()
                if !next.isGivenUp { return next }
            }
            state.threads -= 1
            return nil
        }
    }
}

/// One name that is being looked up. An answer that comes late touches nothing but this.
public final class NameLookUp: Sendable {
    public typealias Answer = Result<[SocketAddress], ResolveFailure>

    private struct State {
        var answer: Answer?
        /// Nil once it has been called, or nobody wants to hear any more.
        var ended: (@Sendable () -> Void)?
    }

    let host: String
    let port: UInt16
    private let state: Lock<State>

    init(host: String, port: UInt16, _ ended: @escaping @Sendable () -> Void) {
        self.host = host
        self.port = port
        state = Lock(State(answer: nil, ended: ended))
    }

    /// Nil as long as there is none.
    public var answer: Answer? { state.withLock { $0.answer } }

    /// Nobody waits for the answer any more. If its turn has not come yet, it never will.
    public func giveUp() { state.withLock { $0.ended = nil } }

    var isGivenUp: Bool { state.withLock { $0.ended == nil } }

    func answer(_ answer: Answer) {
        let ended = state.withLock { state in
            state.answer = answer
            return state.ended.take()
        }
        ended?()
    }
}
