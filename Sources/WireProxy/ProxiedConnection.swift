internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTP1
internal import WireReactor
internal import WireServer
internal import WireSockets
internal import WireTime
internal import WireTransport

/// One client and its own connection to the upstream: what closes on one side closes on the other, in
/// the same turn.
///
///     phase     | event                                   | next phase
///     ----------+-----------------------------------------+---------------------------------------
///     open      | a request                               | open (an exchange runs)
///               | a whole response, both may be kept      | open
///               | a whole response, the upstream's end, a | finishing (the upstream is closed; FIN or
///               | deadline, a request that is none        | RST once all is out)
///     finishing | the client's end, the linger time passed| over
///     any       | the client's FIN or RST                 | over (the upstream is closed first)
///
/// While the client does not take what there is for it, nothing is read from the upstream, and the other
/// way round: what is held is bounded by `heldBytes` and a read for each direction.
///
/// `@unchecked Sendable`: only its loop's thread touches it.
final class ProxiedConnection: @unchecked Sendable {
    enum Phase: Equatable {
        case open
        case finishing(byReset: Bool)
        case over
    }

    enum Upstream {
        case none
        case resolving(NameLookUp)
        case connecting(ConnectRace)
        case securing(TLSTransport)
        case connected(any ByteTransport)
    }

    /// More than so many bytes waiting to go on stop the reading on the other side.
    static let heldBytes = 64 << 10
    /// Requests that were sent ahead of their turn wait here; more wait in the kernel.
    static let aheadBytes = 256 << 10
    private static let roundsPerTurn = 16

    let id: Int
    let core: ProxyCore
    let client: StreamSocket
    private let clientWaiter: Waiter
    private let clientToken: UInt64
    /// For look-ups and attempts to connect.
    let connectWaiter: Waiter
    private(set) var phase = Phase.open

    // From the client to the upstream
    var isClientReadable = true
    var input = ReceiveBuffer(limit: .mebibytes(4))
    /// The same bytes as they came: decoding changes them.
    var rawInput = PendingBytes()
    var decoder: RequestDecoder
    /// Of the request that is being read, how much has left `rawInput`.
    var inputTaken = 0
    var requestCount = 0
    var exchange: ProxiedExchange?
    var toUpstream = PendingBytes()

    // From the upstream to the client
    var upstream = Upstream.none
    var isUpstreamReadable = false
    var isUpstreamBlocked = false
    var toClient = PendingBytes()
    private(set) var isClientBlocked = false
    /// Since when nothing is read from the upstream, because the client takes nothing.
    private(set) var pausedAt: Instant?

    /// Since when the client's turn lasts: to ask, to send on, to take.
    var clientSince: Instant

    init(id: Int, socket: StreamSocket, _ core: ProxyCore) throws(SystemError) {
        self.id = id
        self.core = core
        client = socket
        clientWaiter = Waiter(on: core.loop)
        connectWaiter = Waiter(on: core.loop)
        clientToken = try core.loop.register(socket.descriptor, for: clientWaiter)
        decoder = RequestDecoder(limits: core.options.upstream.limits)
        clientSince = MonotonicClock.now
        core.log.accepted(id, at: clientSince)
    }

    func start() { turn() }

    // MARK: Turns

    private enum Side { case client, upstream, connecting }

    /// Weak, because a loop's timers may hold it for longer than the connection lives.
    ///
    /// `@unchecked Sendable`: only the loop's thread touches it.
    private final class Callback: LoopCallback, @unchecked Sendable {
        private weak let connection: ProxiedConnection?
        private let side: Side

        init(_ connection: ProxiedConnection, _ side: Side) {
            self.connection = connection
            self.side = side
        }

        func resumed(_ ready: Readiness) {
            connection?.note(ready, of: side)
            connection?.turn()
        }
    }

    private lazy var clientCallback = Callback(self, .client)
    private lazy var upstreamCallback = Callback(self, .upstream)
    private lazy var connectCallback = Callback(self, .connecting)

    private func note(_ ready: Readiness, of side: Side) {
        switch side {
        case .client:
            if ready.read { isClientReadable = true }
            if ready.write { isClientBlocked = false }
        case .upstream:
            if ready.read { isUpstreamReadable = true }
            if ready.write { isUpstreamBlocked = false }
        case .connecting: break
        }
    }

    /// Does what can be done, then waits for more.
    private func turn() {
        for _ in 0..<ProxiedConnection.roundsPerTurn {
            if phase == .over { return }
            step(at: MonotonicClock.now)
            if phase == .over || !wait() { return }
        }
        core.loop.call(connectCallback)
    }

    private func step(at now: Instant) {
        readClient(at: now)
        if phase == .over { return }
        advanceConnecting(at: now)
        writeUpstream(at: now)
        readUpstream(at: now)
        writeClient(at: now)
        checkDeadlines(at: now)
        if case .finishing(let byReset) = phase, toClient.isEmpty {
            finishSending(byReset, at: now)
        }
    }

    /// - Returns: whether there is something to do already.
    private func wait() -> Bool {
        if isClientReadable && wantsClientInput || isUpstreamReadable && wantsUpstreamInput {
            return true
        }
        // The next request, that was sent ahead.
        if canWriteUpstream { return true }
        // A client that leaves while nothing is read from it is noticed all the same.
        clientWaiter.relay(to: wantsClientInput ? nil : connectWaiter)
        if clientHasLeft { return true }
        let limit = min(clientDeadline, upstreamDeadline)
        var isReady = false
        let interest = Readiness(read: wantsClientInput, write: isClientBlocked)
        if let ready = clientWaiter.wait(for: interest, until: limit, resuming: clientCallback) {
            note(ready, of: .client)
            isReady = true
        }
        if connectWaiter.wait(for: .none, until: connectDeadline, resuming: connectCallback) != nil
        {
            isReady = true
        }
        if let (transport, interest) = upstreamInterest,
            let ready = transport.ready(
                for: interest, until: .distantFuture, resuming: upstreamCallback)
        {
            note(ready, of: .upstream)
            isReady = true
        }
        return isReady
    }

    private var upstreamInterest: (ReactorTransport, Readiness)? {
        var interest: Readiness
        let transport: any ByteTransport
        switch upstream {
        case .none, .resolving, .connecting: return nil
        case .securing(let secured):
            (transport, interest) = (
                secured, Readiness(read: true, write: secured.hasPendingOutput)
            )
        case .connected(let connected):
            transport = connected
            let writes = isUpstreamBlocked || connected.hasPendingOutput
            interest = Readiness(read: wantsUpstreamInput, write: writes)
        }
        return (transport.waitable as? ReactorTransport).map { ($0, interest) }
    }

    private var canWriteUpstream: Bool {
        guard case .connected = upstream, !toUpstream.isEmpty, !isUpstreamBlocked else {
            return false
        }
        return exchange?.machine.isSending == true
    }

    private var wantsUpstreamInput: Bool {
        if case .connected = upstream { return toClient.isEmpty }
        return false
    }

    private var wantsClientInput: Bool {
        phase != .open
            || rawInput.count < ProxiedConnection.aheadBytes
                && toUpstream.count < ProxiedConnection.heldBytes
    }

    /// The client's end has come behind bytes that nobody reads yet.
    var clientHasLeft: Bool { !wantsClientInput && clientWaiter.isFinal }

    // MARK: The client

    private func readClient(at now: Instant) {
        if clientHasLeft { return clientLeft(.fin, at: now) }
        while phase != .over, isClientReadable, wantsClientInput {
            var room = 0
            let result = try? input.refill { output in
                room = output.freeCapacity
                return client.receive(into: &output)
            }
            switch result {
            case .bytes(let count)?:
                isClientReadable = count == room
                core.log.change(id) { $0.bytesReceived += count }
                guard phase == .open else {
                    input.removeAll()
                    continue
                }
                // A pause counts from its beginning; a head has so long in all.
                if exchange != nil || rawInput.isEmpty { clientSince = now }
                rawInput.append(
                    copying: input.raw.extracting(input.rawCount - count..<input.rawCount))
                takeRequests(at: now)
            case .wouldBlock?: isClientReadable = false
            case .end?: clientLeft(.fin, at: now)
            case .failed?: clientLeft(.reset, at: now)
            case nil: preconditionFailure("more was read ahead than is allowed")
            }
        }
    }

    func writeClient(at now: Instant) {
        while phase != .over, !toClient.isEmpty, !isClientBlocked {
            let sent = send(toClient.all, at: now)
            toClient.consume(sent)
        }
        if toClient.isEmpty {
            if let paused = pausedAt { exchange?.machine.resumed(after: now.since(paused)) }
            pausedAt = nil
        } else if pausedAt == nil {
            pausedAt = now
        }
    }

    /// Gives the client bytes of a response: at once as far as it takes them.
    func pass(_ bytes: ArraySlice<UInt8>, at now: Instant) {
        let sent = toClient.isEmpty && !isClientBlocked ? send(bytes, at: now) : 0
        if phase != .over { toClient.append(bytes.dropFirst(sent)) }
    }

    private func send(_ bytes: ArraySlice<UInt8>, at now: Instant) -> Int {
        switch client.send(bytes.span, Span()) {
        case .bytes(let count):
            clientSince = now
            core.log.sent(count, on: id, at: now)
            return count
        case .wouldBlock:
            isClientBlocked = true
            clientSince = now
        case .failed(let error):
            // EPIPE: a FIN came before the RST, and it is what the client did first.
            clientLeft(error.isBrokenPipe ? .fin : .reset, at: now)
        }
        return 0
    }

    // MARK: Ends

    /// All that the client is going to get is in `toClient`.
    func finish(byReset: Bool = false, at now: Instant) {
        closeUpstream()
        guard phase == .open else { return }
        phase = .finishing(byReset: byReset)
        clientSince = now
        input.removeAll()
        rawInput.removeAll()
    }

    private func finishSending(_ byReset: Bool, at now: Instant) {
        if byReset {
            core.log.serverClosed(id, .reset, at: now)
            try? client.setLingerZero()
            return end()
        }
        if isFinished { return }
        isFinished = true
        core.log.serverClosed(id, .finish, at: now)
        client.finishSending()
        clientSince = now
    }

    private var isFinished = false

    /// The proxy stops.
    func stop() {
        closeUpstream()
        exchange?.recorder?.drop()
        exchange = nil
        core.log.serverClosed(id, .stopped, at: MonotonicClock.now)
        end()
    }

    func end() {
        guard phase != .over else { return }
        phase = .over
        core.log.change(id) { $0.isOver = true }
        core.loop.deregister(clientToken)
        clientWaiter.retire()
        connectWaiter.retire()
        client.descriptor.close()
        core.ended(id)
    }
}
