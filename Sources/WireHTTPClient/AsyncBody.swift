public import WireExchange
internal import Synchronization
internal import WireSockets

extension RequestBody {
    /// Pieces from an async closure, asked for one by one as the peer takes them: a piece is asked for
    /// when the one before has been sent, so one at most is held. What the peer says meanwhile is read: a
    /// refusal ends the upload, and cancels the task that the closure runs in. It serves one request: one
    /// that could be repeated is not.
    ///
    /// - Parameters:
    ///   - length: of all pieces together, in bytes; nil sends them in the chunked coding.
    ///   - next: the next piece (an empty one is skipped), or nil behind the last.
    public static func asyncPieces(
        length: Int? = nil, _ next: @escaping @Sendable () async throws -> [UInt8]?
    ) -> RequestBody {
        RequestBody(.pieces(AsyncSource(next), length: length))
    }
}

/// Runs the closure in a task of its own, since an exchange waits for two things at once.
private final class AsyncSource: BodySource {
    private enum Stage {
        case idle
        case running(Task<Void, Never>?)
        case ready(Result<BodySupply, any Error>)
        case stopped
    }

    private struct State {
        var stage = Stage.idle
        var wake: (@Sendable () -> Void)?
    }

    private let produce: @Sendable () async throws -> [UInt8]?
    private let state = Lock(State())

    init(_ produce: @escaping @Sendable () async throws -> [UInt8]?) { self.produce = produce }

    func next() throws -> BodySupply {
        let taken = state.withLock { state -> Result<BodySupply, any Error>? in
            switch state.stage {
            case .ready(let result):
                state.stage = .idle
                return result
            case .running: return .success(.later)
            case .stopped: return .success(.end)
            case .idle:
                state.stage = .running(nil)
                return nil
            }
        }
        if let taken { return try taken.get() }
        let task = Task { await run() }
        state.withLock { state in
            if case .running = state.stage { state.stage = .running(task) }
        }
        return .later
    }

    private func run() async {
        let result: Result<BodySupply, any Error>
        do {
            result = .success(try await produce().map { .piece($0) } ?? .end)
        } catch { result = .failure(error) }
        let wake = state.withLock { state -> (@Sendable () -> Void)? in
            if case .running = state.stage { state.stage = .ready(result) }
            defer { state.wake = nil }
            return state.wake
        }
        wake?()
    }

    func whenReady(_ wake: @escaping @Sendable () -> Void) {
        let isReady = state.withLock { state in
            if case .running = state.stage {
                state.wake = wake
                return false
            }
            return true
        }
        if isReady { wake() }
    }

    func stop() {
        let task = state.withLock { state -> Task<Void, Never>? in
            defer { state.stage = .stopped }
            if case .running(let task) = state.stage { return task }
            return nil
        }
        task?.cancel()
    }
}
