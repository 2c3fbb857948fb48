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
///     connecting | beginHandshake       | securing    | + tlsHandshake
///     connecting, securing, idle (reused) | beginRequest | sending | + requestWrite
///     sending    | wrote, some left      | sending     | requestWrite anew
///     sending    | wrote, none left      | awaitingHead| + responseHead
///     sending    | wrote, the head of a body that waits for 100 | sending | expectContinue; writes no more
///     sending    | continueReceived, expectContinue passed | sending | requestWrite; writes on
///     sending    | bodyGrew, bodyEnded   | sending, awaitingHead | requestWrite anew, or as above
///     sending    | bodyPending           | sending     | requestWrite off: it is not the peer's turn
///     sending    | writeFailed           | awaitingHead| + responseHead: an early answer may be there
///     sending, awaitingHead | headReceived | body      | + firstContent, bodyIdle; a request still
///                |                       |             | being sent is given up: stopWriting
///     body       | received              | body        | bodyIdle anew
///     body       | contentReceived       | body        | contentIdle anew, firstContent off
///     body       | decoded               | body        |
///     any of the above | messageEnded    | ended       | release or close
///     sending, awaitingHead, nothing received, reused | inputEnded, failed | idle | retry
///     any but ended | inputEnded, failed, timeReached, decoded too late, cancelled, rejected | ended | close, fail
///
/// Events after the end do nothing. An event that belongs to no state traps: that is the driver's
/// fault, never the peer's.
public struct ExchangeMachine: ~Copyable {
    @usableFromInline enum State {
        case idle, queued, resolving, connecting, securing, sending, awaitingHead, body, ended
    }

    @usableFromInline var state = State.idle
    private let deadlines: Deadlines
    private let retry: RetryRule
    @usableFromInline var table = DeadlineTable()
    /// Those of the request that are known; more may come while `isOpen`.
    @usableFromInline var requestBytes: Int
    @usableFromInline var isOpen: Bool
    /// Behind so many bytes the request waits for 100 (Continue).
    @usableFromInline var heldBehind: Int?
    private let form: RequestForm
    /// Its body's source has nothing yet.
    @usableFromInline var isPending = false
    private var isReused = false
    @usableFromInline var canWrite = true
    private var wasCut = false
    public private(set) var timings = ExchangeTimings()
    public internal(set) var progress = Progress()

    /// - Parameters:
    ///   - request: as it goes on the wire.
    ///   - now: when the exchange begins.
    ///   - start: since when `total` runs, where that was before.
    public init(
        deadlines: Deadlines, request: RequestForm, retry: RetryRule, at now: Instant,
        since start: Instant? = nil
    ) {
        self.deadlines = deadlines
        form = request
        requestBytes = request.bytes
        isOpen = request.isOpen
        heldBehind = request.heldBehind
        self.retry = retry
        timings.start = now
        table.arm(.total, at: start ?? now, for: deadlines.total)
    }

    // MARK: What to wait for

    public struct Interest: Equatable, Sendable {
        public var read: Bool
        public var write: Bool

        @inlinable public init(read: Bool, write: Bool) {
            self.read = read
            self.write = write
        }
    }

    /// Reading starts with the request, not behind it: a server may refuse before it has all.
    @inlinable public var interest: Interest {
        @inline(__always) get {
            switch state {
            case .sending:
                Interest(read: true, write: isSending && (unwrittenBytes > 0 || wantsBody))
            case .securing, .awaitingHead, .body: Interest(read: true, write: false)
            case .connecting: Interest(read: false, write: true)
            case .idle, .queued, .resolving, .ended: Interest(read: false, write: false)
            }
        }
    }

    // Inlined, because a getter of another module gets a copy of the whole machine.

    /// When to call `timeReached` at the latest.
    @inlinable public var nextDeadline: Instant { @inline(__always) get { table.next } }
    @inlinable public var isEnded: Bool { @inline(__always) get { state == .ended } }
    @inlinable public var isSending: Bool {
        @inline(__always) get { state == .sending && canWrite }
    }
    /// What may be written now.
    @inlinable public var unwrittenBytes: Int {
        @inline(__always) get { min(requestBytes, heldBehind ?? .max) - progress.bytesWritten }
    }
    /// What is known of the request has been written, and more is to be had.
    @inlinable public var wantsBody: Bool {
        @inline(__always) get {
            isOpen && !isPending && heldBehind == nil && progress.bytesWritten == requestBytes
        }
    }

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

    /// Addresses that have failed so far, or did not answer.
    public mutating func addressesFailed(_ attempts: [ConnectAttempt]) {
        progress.attempts = attempts
    }

    /// The connection stands, and is to be secured.
    public mutating func beginHandshake(at now: Instant) {
        precondition(state == .connecting, "secures without connection")
        timings.connected = now
        state = .securing
        progress.phase = .tls
        table.disarm(.connect)
        table.arm(.tlsHandshake, at: now, for: deadlines.tlsHandshake)
    }

    /// The connection stands, secured if it has to be.
    ///
    /// - Parameter reused: it has carried an exchange before; its peer may have left meanwhile.
    public mutating func beginRequest(reused: Bool, at now: Instant) {
        precondition(
            state == .connecting || state == .securing || reused && state == .idle,
            "sends without connection")
        if state == .connecting { timings.connected = now }
        if state == .securing { timings.secured = now }
        isReused = reused
        state = .sending
        progress.phase = .request
        table.disarm(.connect)
        table.disarm(.tlsHandshake)
        table.arm(.requestWrite, at: now, for: deadlines.requestWrite)
    }

    // MARK: The request

    public mutating func wrote(_ count: Int, at now: Instant) {
        guard state == .sending else { return }
        progress.bytesWritten += count
        goOn(at: now)
    }

    /// The body has so many bytes more, framing included.
    public mutating func bodyGrew(by count: Int, at now: Instant) {
        requestBytes += count
        isPending = false
        if state == .sending { goOn(at: now) }
    }

    /// Nothing follows what is known of the body.
    public mutating func bodyEnded(at now: Instant) {
        isOpen = false
        isPending = false
        if state == .sending { goOn(at: now) }
    }

    /// The body goes on, but its source has nothing yet.
    public mutating func bodyPending() {
        isPending = true
        table.disarm(.requestWrite)
    }

    /// The peer wants the body.
    public mutating func continueReceived(at now: Instant) {
        guard state == .sending, heldBehind != nil else { return }
        heldBehind = nil
        table.disarm(.expectContinue)
        goOn(at: now)
    }

    private mutating func goOn(at now: Instant) {
        if progress.bytesWritten == heldBehind {
            table.disarm(.requestWrite)
            table.arm(.expectContinue, at: now, for: deadlines.expectContinue)
        } else if progress.bytesWritten < requestBytes || isOpen {
            table.arm(.requestWrite, at: now, for: deadlines.requestWrite)
        } else {
            timings.requestSent = now
            awaitHead(at: now)
        }
    }

    /// The kernel takes no more of the request. The answer may be there already (an early refusal):
    /// it is read, then the connection closes.
    public mutating func writeFailed(at now: Instant) {
        guard state == .sending else { return }
        canWrite = false
        wasCut = true
        awaitHead(at: now)
    }

    private mutating func awaitHead(at now: Instant) {
        state = .awaitingHead
        progress.phase = .head
        table.disarm(.requestWrite)
        table.disarm(.expectContinue)
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
        table.disarm(.expectContinue)
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

    /// A record has come behind which the answer's reader wants nothing but the body's end.
    ///
    /// - Parameter now: when its bytes came.
    public mutating func answerCompleted(at now: Instant) {
        guard state == .body, !table.isArmed(.bodyEnd) else { return }
        table.arm(.bodyEnd, at: now, for: deadlines.bodyEnd)
    }

    /// Time that the caller spent elsewhere while nobody read is not the peer's idleness.
    ///
    /// - Parameter hadContent: the caller had something to spend it on, the head or content. Without,
    ///   it was spent on passing over what is none: a peer that sends nothing else, faster than that
    ///   goes, must not gain time by it.
    public mutating func resumed(after pause: Timeout, hadContent: Bool = true) {
        table.postpone(.bodyIdle, by: pause)
        if !hadContent { return }
        table.postpone(.firstContent, by: pause)
        table.postpone(.contentIdle, by: pause)
        table.postpone(.bodyEnd, by: pause)
    }

    /// The response is complete.
    ///
    /// - Parameter reusable: the response allows another exchange on its connection.
    public mutating func messageEnded(reusable: Bool, at now: Instant) -> ExchangeActions {
        guard state != .ended else { return ExchangeActions() }
        let sentAll = canWrite && !isOpen && progress.bytesWritten == requestBytes
        end(at: now)
        return ExchangeActions(reusable && sentAll ? .release : .close)
    }

    // MARK: Failures

    /// The peer closed and the response is not complete.
    ///
    /// - Parameter error: what the decoder says of a response that ends here.
    public mutating func inputEnded(_ error: HTTP1Error, at now: Instant) -> ExchangeActions {
        // The kernel tells of a reset once: the write heard of it, and the read only of an end.
        if wasCut { return wasReset(at: now) }
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
        if expired.deadline == .expectContinue {
            // Silence is no refusal (RFC 9110 10.1.1).
            continueReceived(at: now)
            return ExchangeActions()
        }
        let progress = settled(at: now)
        return fail(.timeout(expired.deadline, waited: expired.waited, progress), at: now)
    }

    /// More of a coded body has been decoded. That takes no bytes of the peer's, so only `total` can
    /// have passed by it.
    public mutating func decoded(at now: Instant) -> ExchangeActions {
        guard state != .ended, let expired = table.expired(.total, at: now) else {
            return ExchangeActions()
        }
        return fail(.timeout(.total, waited: expired.waited, settled(at: now)), at: now)
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
        wasCut = false
        progress = Progress()
        requestBytes = form.bytes
        isOpen = form.isOpen
        heldBehind = form.heldBehind
        isPending = false
        timings.requestSent = nil
        table.disarm(.requestWrite)
        table.disarm(.expectContinue)
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
