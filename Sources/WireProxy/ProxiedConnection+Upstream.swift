internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTP1
internal import WireHTTPClient
internal import WireReactor
internal import WireSecurity
internal import WireServer
internal import WireSockets
internal import WireTime
internal import WireTLS
internal import WireTransport

/// The upstream's side: a connection, the request on it, the response off it.
extension ProxiedConnection {
    // MARK: Connecting

    func startUpstream(at now: Instant) {
        guard let exchange else { return }
        if case .connected = upstream {
            exchange.machine.beginRequest(reused: true, at: now)
            return
        }
        if core.upstream.scheme == .https {
            // Before anything is sent to anybody.
            do throws(TLSError) { _ = try core.connecting.tls.context() } catch {
                return failed(.tls(error, exchange.machine.settled(at: now)), at: now)
            }
        }
        exchange.machine.beginResolve(at: now)
        let (host, port) = (core.upstream.host, core.upstream.port)
        if let socket = core.connecting.unixSocket {
            connect([socket], at: now)
        } else if let known = core.system.knownAddresses(of: host, port: port) {
            connect(known, at: now)
        } else {
            let waiter = connectWaiter
            upstream = .resolving(NameLookUps.shared.start(host, port: port) { waiter.wake() })
        }
    }

    func advanceConnecting(at now: Instant) {
        switch upstream {
        case .none, .connected: break
        case .resolving(let lookUp):
            switch lookUp.answer {
            case nil: break
            case .success(let addresses)?: connect(addresses, at: now)
            case .failure(let failure)?:
                guard let exchange else { return }
                let progress = exchange.machine.settled(at: now)
                failed(
                    .resolve(host: failure.host, message: failure.message, progress), at: now)
            }
        case .connecting(let race): settle(race, race.advance(isReady: true, at: now), at: now)
        case .securing(let transport): advanceHandshake(transport, at: now)
        }
    }

    private func connect(_ addresses: [SocketAddress], at now: Instant) {
        exchange?.machine.beginConnect(at: now)
        let race = ConnectRace(addresses, core.connecting, core.system, nil)
        upstream = .connecting(race)
        settle(race, race.begin(at: now), at: now)
    }

    private func settle(_ race: ConnectRace, _ outcome: ConnectRace.Outcome, at now: Instant) {
        guard let exchange else { return }
        exchange.machine.addressesFailed(race.failures)
        switch outcome {
        case .waits:
            for case let transport as ReactorTransport in race.transportsUnderWay {
                transport.relay(to: connectWaiter)
            }
        case .failed:
            failed(.connect(race.failures, exchange.machine.settled(at: now)), at: now)
        case .connected(let transport):
            (transport as? ReactorTransport)?.relay(to: nil)
            guard core.upstream.scheme == .https else { return connected(transport, at: now) }
            secure(transport, at: now)
        }
    }

    private func secure(_ transport: any ByteTransport, at now: Instant) {
        guard let exchange else { return transport.close() }
        let host = core.upstream.host
        do throws(TLSError) {
            let secured = try TLSTransport(
                over: transport, core.connecting.tls.context(), server: host,
                sessionKey: "\(host):\(core.upstream.port)")
            exchange.machine.beginHandshake(at: now)
            upstream = .securing(secured)
            advanceHandshake(secured, at: now)
        } catch {
            transport.close()
            failed(.tls(error, exchange.machine.settled(at: now)), at: now)
        }
    }

    private func advanceHandshake(_ transport: TLSTransport, at now: Instant) {
        guard let exchange else { return }
        switch transport.handshake() {
        case .waits: break
        case .done: connected(transport, at: now)
        case .broken(let error):
            failed(
                .system(
                    call: error.call, errorNumber: error.number, message: error.message,
                    exchange.machine.settled(at: now)), at: now)
        case .failed(let error): failed(.tls(error, exchange.machine.settled(at: now)), at: now)
        }
    }

    private func connected(_ transport: any ByteTransport, at now: Instant) {
        upstream = .connected(transport)
        isUpstreamReadable = transport.waitable !== transport
        isUpstreamBlocked = false
        exchange?.machine.beginRequest(reused: false, at: now)
    }

    func closeUpstream() {
        switch upstream {
        case .none: break
        case .resolving(let lookUp): lookUp.giveUp()
        case .connecting(let race): race.close()
        case .securing(let transport): transport.close()
        case .connected(let transport): transport.close()
        }
        upstream = .none
        (isUpstreamReadable, isUpstreamBlocked) = (false, false)
        toUpstream.removeAll()
    }

    // MARK: The request

    func writeUpstream(at now: Instant) {
        guard case .connected(let transport) = upstream else { return }
        if transport.hasPendingOutput { _ = transport.flush() }
        guard let exchange else { return }
        while exchange.machine.isSending, !toUpstream.isEmpty, !isUpstreamBlocked {
            switch transport.send(toUpstream.all.span, Span()) {
            case .bytes(let count):
                toUpstream.consume(count)
                exchange.sentAt = MonotonicClock.now
                exchange.machine.wrote(count, at: now)
            case .wouldBlock: isUpstreamBlocked = true
            case .failed:
                // An early answer may be there.
                exchange.machine.writeFailed(at: now)
                isUpstreamReadable = true
            }
        }
        if !exchange.machine.isSending { toUpstream.removeAll() }
        if toUpstream.isEmpty, !exchange.isRequestComplete, exchange.machine.isSending {
            // It is the client's turn.
            exchange.machine.bodyPending()
        }
    }

    // MARK: The response

    func readUpstream(at now: Instant) {
        while isUpstreamReadable, toClient.isEmpty, case .connected(let transport) = upstream {
            guard let exchange else { return readIdle(transport, at: now) }
            var room = 0
            let result = try? exchange.received.refill { output in
                room = output.freeCapacity
                return transport.receive(into: &output)
            }
            switch result {
            case .bytes(let count)?:
                isUpstreamReadable = count == room || transport.hasReachedEnd
                take(count, of: exchange, at: now)
            case .wouldBlock?: isUpstreamReadable = false
            case .end?: upstreamEnded(byReset: false, at: now)
            case .failed?: upstreamEnded(byReset: true, at: now)
            case nil: preconditionFailure("a decoder left more than its limits")
            }
        }
    }

    /// A server that closes a connection between two exchanges, or says what nobody asked for.
    private func readIdle(_ transport: any ByteTransport, at now: Instant) {
        isUpstreamReadable = false
        if transport.isReadable() { finish(at: now) }
    }

    private func take(_ count: Int, of exchange: ProxiedExchange, at now: Instant) {
        let end = exchange.received.rawCount
        core.scratch.removeAll(keepingCapacity: true)
        core.scratch.append(copying: exchange.received.raw.extracting(end - count..<end))
        exchange.machine.received(count, at: now)
        let step = exchange.decode(at: now)
        let passed = core.scratch.prefix(count - exchange.received.rawCountLeft(of: step))
        exchange.passedBytes += passed.count
        pass(passed, at: now)
        if let recorder = exchange.recorder {
            recorder.appendResponse(passed, at: now.since(exchange.sentAt))
            if let length = exchange.headLength { recorder.endHead(length: length) }
        }
        // The client may have turned out to have left.
        guard phase == .open else { return }
        switch step {
        case .needsBytes: break
        case .complete: complete(exchange, at: now)
        case .enough:
            report(.left, at: now)
            cut(exchange, .enough, at: now)
        }
    }

    private func complete(_ exchange: ProxiedExchange, at now: Instant) {
        let reuses = exchange.allowsReuse
        let actions = exchange.machine.messageEnded(reusable: reuses, at: now)
        exchange.recorder?.finish()
        report(.complete, at: now)
        self.exchange = nil
        guard reuses, actions.contains(.release) else { return finish(at: now) }
        clientSince = now
        takeRequests(at: now)
    }

    private func upstreamEnded(byReset: Bool, at now: Instant) {
        guard let exchange else { return finish(byReset: byReset, at: now) }
        let isComplete = !byReset && exchange.endOfInput()
        // What the server did is whole, even if the response is not; what the client did has to be, too.
        if exchange.isRequestComplete || exchange.passedBytes > 0 {
            exchange.recorder?.finish()
        } else {
            exchange.recorder?.drop()
        }
        report(isComplete ? .complete : byReset ? .upstreamReset : .upstreamClosed, at: now)
        self.exchange = nil
        finish(byReset: byReset, at: now)
    }
}

extension ReceiveBuffer {
    /// Bytes that are none of the response: what a decoder that has reached its end leaves.
    fileprivate func rawCountLeft(of step: ProxiedExchange.Step) -> Int {
        if case .needsBytes = step { return 0 }
        return rawCount
    }
}
