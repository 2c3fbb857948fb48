public import WireHTTP1
public import WireTime

/// The life of one exchange on one connection after another: what to wait for, how long, what a
/// failure means, and what becomes of the connection. Pure: the driver moves bytes and brings
/// events with the time they happened; the decoder of the response is beside it (`MessageReader`),
/// because a reactor runs the two on different threads.
///
///     state      | event                 | next        | deadlines, actions
///     -----------+-----------------------+-------------+-------------------------------------------
///     idle       | beginPoolWait         | queued      | + total, poolWait
///     queued     | endPoolWait           | idle        |
///     idle       | beginResolve          | resolving   | + total, resolve
///     idle, resolving | beginConnect     | connecting  | + connect
///     connecting, idle (reused) | beginRequest | sending | + requestWrite
///     sending    | wrote, some left      | sending     | requestWrite anew
///     sending    | wrote, none left      | awaitingHead| + responseHead
///     sending    | writeFailed           | awaitingHead| + responseHead: an early answer may be there
///     sending, awaitingHead | headReceived | body      | + firstContent, bodyIdle; a request still
///                |                       |             | being sent is given up: stopWriting
///     body       | received              | body        | bodyIdle anew
///     body       | contentReceived       | body        | contentIdle anew, firstContent off
///     any of the above | messageEnded    | ended       | release or close
///     sending, awaitingHead, nothing received, reused | inputEnded, failed | idle | retry
///     any but ended | inputEnded, failed, timeReached, cancelled, rejected | ended | close, fail
///
/// Events after the end do nothing. An event that belongs to no state traps: that is the driver's
/// fault, never the peer's.
public struct ExchangeMachine: ~Copyable {
    @usableFromInline enum State {
        case idle, queued, resolving, connecting, sending, awaitingHead, body, ended
    }

    @usableFromInline var state = State.idle
    private let deadlines: Deadlines
    private let retry: RetryRule
    private var table = DeadlineTable()
    @usableFromInline var requestBytes: Int
    private var isReused = false
    @usableFromInline var canWrite = true
    public private(set) var timings = ExchangeTimings()
    public internal(set) var progress = Progress()

    /// - Parameters:
    ///   - requestBytes: head and body as they go on the wire.
    ///   - now: when the exchange begins; `total` runs from here.
    public init(deadlines: Deadlines, requestBytes: Int, retry: RetryRule, at now: Instant) {
        self.deadlines = deadlines
        self.requestBytes = requestBytes
        self.retry = retry
        timings.start = now
        table.arm(.total, at: now, for: deadlines.total)
    }

    // MARK: What to wait for

    public struct Interest: Equatable, Sendable {
        public var read: Bool
        public var write: Bool

        public init(read: Bool, write: Bool) {
            self.read = read
            self.write = write
        }
    }

    /// Reading starts with the request, not behind it: a server may refuse before it has all.
    public var interest: Interest {
        switch state {
        case .sending: Interest(read: true, write: canWrite)
        case .awaitingHead, .body: Interest(read: true, write: false)
        case .connecting: Interest(read: false, write: true)
        case .idle, .queued, .resolving, .ended: Interest(read: false, write: false)
        }
    }

    /// When to call `timeReached` at the latest.
    public var nextDeadline: Instant { table.next }

    // Inlined, because a getter of another module gets a copy of the whole machine.
    @inlinable public var isEnded: Bool { state == .ended }
    @inlinable public var isSending: Bool { state == .sending && canWrite }
    @inlinable public var unwrittenBytes: Int { requestBytes - progress.bytesWritten }

    // MARK: Before the request

    /// Every connection that the limits allow is in use.
    public mutating func beginPoolWait(at now: Instant) {
        precondition(state == .idle, "queues twice")
        state = .queued
        progress.phase = .pool
        table.arm(.poolWait, at: now, for: deadlines.poolWait)
    }

    public mutating func endPoolWait() {
        guard state == .queued else { return }
        state = .idle
        table.disarm(.poolWait)
    }

    public mutating func beginResolve(at now: Instant) {
        precondition(state == .idle, "resolves twice")
        state = .resolving
        progress.phase = .resolve
        table.arm(.resolve, at: now, for: deadlines.resolve)
    }

    public mutating func beginConnect(at now: Instant) {
        precondition(state == .idle || state == .resolving, "connects twice")
        if state == .resolving { timings.resolved = now }
        state = .connecting
        progress.phase = .connect
        table.disarm(.resolve)
        table.arm(.connect, at: now, for: deadlines.connect)
    }

    /// The connection stands.
    ///
    /// - Parameter reused: it has carried an exchange before; its peer may have left meanwhile.
    public mutating func beginRequest(reused: Bool, at now: Instant) {
        precondition(state == .connecting || reused && state == .idle, "sends without connection")
        if state == .connecting { timings.connected = now }
        isReused = reused
        state = .sending
        progress.phase = .request
        table.disarm(.connect)
        table.arm(.requestWrite, at: now, for: deadlines.requestWrite)
    }

    // MARK: The request

    public mutating func wrote(_ count: Int, at now: Instant) {
        guard state == .sending else { return }
        progress.bytesWritten += count
        if progress.bytesWritten < requestBytes {
            return table.arm(.requestWrite, at: now, for: deadlines.requestWrite)
        }
        timings.requestSent = now
        awaitHead(at: now)
    }

    /// The kernel takes no more of the request. The answer may be there already (an early refusal):
    /// it is read, then the connection closes.
    public mutating func writeFailed(at now: Instant) {
        guard state == .sending else { return }
        canWrite = false
        awaitHead(at: now)
    }

    private mutating func awaitHead(at now: Instant) {
        state = .awaitingHead
        progress.phase = .head
        table.disarm(.requestWrite)
        table.arm(.responseHead, at: now, for: deadlines.responseHead)
    }

    // MARK: The response

    /// Bytes came in.
    public mutating func received(_ count: Int, at now: Instant) {
        if progress.bytesReceived == 0 { timings.firstByte = now }
        progress.bytesReceived += count
        timings.lastByte = now
        if state == .body { table.arm(.bodyIdle, at: now, for: deadlines.bodyIdle) }
    }

    public mutating func headReceived(at now: Instant) -> ExchangeActions {
        var actions = ExchangeActions()
        if state == .sending {
            canWrite = false
            actions.append(.stopWriting)
        }
        guard state == .sending || state == .awaitingHead else { return actions }
        state = .body
        progress.phase = .firstContent
        timings.head = now
        table.disarm(.requestWrite)
        table.disarm(.responseHead)
        table.arm(.firstContent, at: now, for: deadlines.firstContent)
        table.arm(.bodyIdle, at: now, for: deadlines.bodyIdle)
        return actions
    }

    /// Records that carry something (for a plain body, pieces of it) have been decoded.
    ///
    /// - Parameter now: when their bytes came.
    public mutating func contentReceived(_ count: Int = 1, at now: Instant) {
        progress.contentCount += count
        guard state == .body else { return }
        if timings.firstContent == nil {
            timings.firstContent = now
            progress.phase = .body
            table.disarm(.firstContent)
        }
        table.arm(.contentIdle, at: now, for: deadlines.contentIdle)
    }

    /// Time that the caller spent elsewhere while nobody read is not the peer's idleness.
    public mutating func resumed(after pause: Timeout) {
        table.postpone(.firstContent, by: pause)
        table.postpone(.bodyIdle, by: pause)
        table.postpone(.contentIdle, by: pause)
    }

    /// The response is complete.
    ///
    /// - Parameter reusable: the response allows another exchange on its connection.
    public mutating func messageEnded(reusable: Bool, at now: Instant) -> ExchangeActions {
        guard state != .ended else { return ExchangeActions() }
        let sentAll = canWrite && progress.bytesWritten == requestBytes
        end(at: now)
        return ExchangeActions(reusable && sentAll ? .release : .close)
    }

    // MARK: Failures

    /// The peer closed and the response is not complete.
    ///
    /// - Parameter error: what the decoder says of a response that ends here.
    public mutating func inputEnded(_ error: HTTP1Error, at now: Instant) -> ExchangeActions {
        if mayRetry { return startAgain() }
        return fail(.http(error, settled(at: now)), at: now)
    }

    /// A system call on the connection failed with a reset or a broken pipe.
    public mutating func wasReset(at now: Instant) -> ExchangeActions {
        if mayRetry { return startAgain() }
        return fail(.reset(settled(at: now)), at: now)
    }

    /// Any other failure, made by the driver from what it saw: `make` gets the progress.
    public mutating func failed(
        at now: Instant, _ make: (Progress) -> TransportError
    ) -> ExchangeActions {
        fail(make(settled(at: now)), at: now)
    }

    public mutating func cancelled(at now: Instant) -> ExchangeActions {
        fail(.cancelled(settled(at: now)), at: now)
    }

    /// The caller leaves before the response is complete.
    public mutating func abandoned(at now: Instant) -> ExchangeActions {
        guard state != .ended else { return ExchangeActions() }
        end(at: now)
        return ExchangeActions(.close)
    }

    /// Fails the exchange if a deadline has passed; too early a call does nothing. Bytes that are
    /// already in the kernel come first: the driver reads before it calls this.
    public mutating func timeReached(_ now: Instant) -> ExchangeActions {
        guard state != .ended, let expired = table.expired(at: now) else {
            return ExchangeActions()
        }
        let progress = settled(at: now)
        return fail(.timeout(expired.deadline, waited: expired.waited, progress), at: now)
    }

    /// The progress, as a failure at `now` reports it.
    public func settled(at now: Instant) -> Progress {
        var settled = progress
        settled.elapsed = now.since(timings.start)
        settled.sinceLastByte = timings.lastByte.map { now.since($0) }
        return settled
    }

    private var mayRetry: Bool {
        (state == .sending || state == .awaitingHead)
            && retry.allows(
                reused: isReused, bytesWritten: progress.bytesWritten,
                bytesReceived: progress.bytesReceived)
    }

    /// Back to the start on a fresh connection; `total` goes on running.
    private mutating func startAgain() -> ExchangeActions {
        state = .idle
        isReused = false
        canWrite = true
        progress = Progress()
        timings.requestSent = nil
        table.disarm(.requestWrite)
        table.disarm(.responseHead)
        return ExchangeActions(.close, .retry)
    }

    private mutating func fail(_ error: TransportError, at now: Instant) -> ExchangeActions {
        guard state != .ended else { return ExchangeActions() }
        end(at: now)
        return ExchangeActions(.close, .fail(error))
    }

    private mutating func end(at now: Instant) {
        state = .ended
        timings.end = now
        table.disarmAll()
    }
}
