internal import WireDriver
internal import WireExchange
internal import WireHTTP1
internal import WireServer
internal import WireSockets
internal import WireTime

/// What goes wrong, on either side, and what the other side sees of it.
extension ProxiedConnection {
    /// FIN or RST. A client that ends its sending alone counts as gone, as it does for a Go server.
    func clientLeft(_ kind: ConnectionRecord.ClientClose.Kind, at now: Instant) {
        guard phase != .over else { return }
        // First of all: whatever the upstream computes from here on is for nobody.
        closeUpstream()
        core.log.clientClosed(id, kind, at: now)
        report(.clientLeft, at: now)
        exchange?.recorder?.drop()
        exchange = nil
        end()
    }

    /// The upstream has no answer for the client, or no more of it.
    func failed(_ error: TransportError, at now: Instant) {
        guard let exchange else { return }
        report(.failed(error), at: now)
        let message = "\(core.upstream.authority): \(error)"
        if exchange.passedBytes > 0 { return cut(exchange, .failure(message), at: now) }
        exchange.recorder?.drop()
        self.exchange = nil
        answer(message, status: error.kind == .timeout ? 504 : 502, at: now)
    }

    /// Ends a response that has begun, by a record that says why if there is a place for one; else so
    /// that nobody takes it for whole.
    func cut(_ exchange: ProxiedExchange, _ reason: StreamEnding.Reason, at now: Instant) {
        // Before the client's stream is ended: it may be done for good with the next byte.
        closeUpstream()
        exchange.recorder?.drop()
        self.exchange = nil
        let ending = exchange.endingPlace.flatMap { place in
            StreamEnding.bytes(
                for: reason, target: exchange.request.target,
                isEventStream: exchange.watch.isEventStream, at: place)
        }
        if let ending { pass(ending[...], at: now) }
        finish(byReset: ending == nil && exchange.endsByClose, at: now)
    }

    // MARK: Deadlines

    /// When the client has to have done something.
    var clientDeadline: Instant { clientSince + clientLimit }

    private var clientLimit: Timeout {
        let options = core.options
        if !toClient.isEmpty { return options.clientStall }
        switch phase {
        case .over: return .never
        case .finishing: return options.linger
        case .open:
            guard let exchange else {
                return rawInput.isEmpty ? options.idle : options.requestHead
            }
            let isAwaited = !exchange.isRequestComplete && toUpstream.isEmpty
            return isAwaited && exchange.machine.isSending ? options.requestIdle : .never
        }
    }

    /// When the upstream has to have done something. It owes nothing while nobody reads from it.
    var upstreamDeadline: Instant {
        guard let exchange, pausedAt == nil else { return .distantFuture }
        return exchange.machine.nextDeadline
    }

    /// When the next address is to be tried.
    var connectDeadline: Instant {
        if case .connecting(let race) = upstream { return race.nextAttempt }
        return .distantFuture
    }

    func checkDeadlines(at now: Instant) {
        if phase != .over, clientDeadline <= now { clientIsLate(at: now) }
        guard phase == .open, upstreamDeadline <= now, let exchange else { return }
        if case .connecting(let race) = upstream {
            exchange.machine.addressesFailed(race.failures + race.unanswered)
        }
        if let error = exchange.machine.timeReached(now).error { failed(error, at: now) }
    }

    private func clientIsLate(at now: Instant) {
        if !toClient.isEmpty || phase != .open {
            core.log.serverClosed(id, phase == .open ? .reset : .close, at: now)
            if !toClient.isEmpty { try? client.setLingerZero() }
            report(.refused(status: 408, "the client does not read"), at: now)
            closeUpstream()
            exchange?.recorder?.drop()
            exchange = nil
            return end()
        }
        if exchange == nil, rawInput.isEmpty { return finish(at: now) }
        refuse("the request did not come in time", status: 408, at: now)
    }
}
