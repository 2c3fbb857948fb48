import WireDriver
import WireExchange
import WireHTTPClient
import WireSockets
import WireTime
import WireTransport

/// Waits, and ends: where the client is held to what it has to do.
extension CallModel {
    /// A step begins.
    func wakes(_ outcome: ExchangeDriver.Outcome) {
        stageAtWake = stage
        if isCallerPausing { return }
        let isExchanging = stage == .sending || stage == .awaitingHead || stage == .body
        var ready = Readiness.none
        if case .ready(let brought) = outcome { ready = brought }
        if isExchanging, isTurn {
            isWaking = hasTurnToWrite
            if hasTurnToWrite { lastReturn = now }
            if cancellation.isCancelled, hasTurnToWrite { fails(.cancelled, at: now) }
            return
        }
        if cancellation.isCancelled { fails(.cancelled, at: now) }
        if !isExchanging {
            lastReturn = now
        } else {
            if ready.write { (lastReturn, isWritable) = (now, true) }
            isWaking = ready != Readiness(read: false, write: true)
        }
        if case .resolved(let result) = outcome, stage == .resolving {
            switch result {
            case .success(let addresses): resolved(addresses)
            case .failure: fails(.resolveFailed, at: now)
            }
        }
    }

    private var hasTurnToWrite: Bool {
        isWritable && stage == .sending && !cannotWrite && written < requestBytes.count
    }

    /// What time has decided where nothing else has.
    private func settleTime() {
        switch stage {
        case .connecting: expectTimeout(at: now)
        case .queued where !isGranted && stageAtWake == .queued,
            .resolving where stageAtWake == .resolving, .pausing where stageAtWake == stage:
            expectTimeout(at: now)
        default: break
        }
    }

    func waits(_ wait: ExchangeWait) {
        if isCallerPausing { return }
        world.note("\(self) waits in \(stage)")
        isWaking = false
        isTurn = false
        switch wait {
        case .connection(_, let deadline, _): queues(until: deadline)
        case .addresses(_, _, let deadline, _):
            settleTime()
            check(deadline, in: .resolving)
        case .anyOf(let transports, let deadline):
            settleTime()
            if transports.count != race.underWay.count { violate("waits for \(transports.count)") }
            checkRace(deadline)
        case .transport(_, let interest, let deadline) where stage == .connecting:
            settleTime()
            if interest != Readiness(read: false, write: true) { violate("connects by reading") }
            checkRace(deadline)
        case .transport(let transport, let interest, let deadline):
            needsBytes()
            checkExchange(transport as? SimTransport, interest, deadline)
        case .pause(let deadline, _):
            settleTime()
            guard case .pausing(let until) = stage else { return violate("pauses in \(stage)") }
            check(deadline, in: stage, orAt: until)
        case .turn:
            needsBytes()
            isTurn = true
            isWritable = hasTurnToWrite
        case .body: violate("waits for a body")
        }
        if let expected { violate("waits instead of failing: \(expected)") }
    }

    private func queues(until deadline: Instant) {
        settleTime()
        if stage != .queued {
            stage = .queued
            phase = .pool
            arm(.poolWait, at: now)
            world.queue.append(self)
        }
        check(deadline, in: .queued)
    }

    private func check(_ deadline: Instant, in stage: Stage, orAt other: Instant = .distantFuture) {
        if self.stage != stage { violate("waits in \(stage), being \(self.stage)") }
        let wanted = min(earliest?.at ?? .distantFuture, other)
        if deadline != wanted, expected == nil {
            let named = earliest.map { "\($0.deadline)" } ?? "nothing"
            violate("waits until \(text(deadline)), not \(text(wanted)) (\(named))")
        }
    }

    private func text(_ instant: Instant) -> String {
        instant == .distantFuture ? "for ever" : instant.since(SimWorld.start).description
    }

    private func checkRace(_ deadline: Instant) {
        guard let next = race.nextAt else { return violate("does not try the next address") }
        if next <= now { violate("does not try the next address in time") }
        check(deadline, in: .connecting, orAt: next)
    }

    private func checkExchange(
        _ transport: SimTransport?, _ interest: Readiness, _ deadline: Instant
    ) {
        if transport !== connection { violate("waits for \(transport as Any)") }
        check(deadline, in: stage)
        let writes = stage == .sending && !cannotWrite && written < requestBytes.count
        if interest != Readiness(read: true, write: writes) { violate("waits for \(interest)") }
        if stage == .body, expected == nil {
            if !isDrained(plan.unit) { violate("waits although a record has come") }
            if isAnswerWhole { violate("waits although all has come") }
            if hasEnded { violate("waits although the peer has ended") }
            if let broken = answer?.broken, receivedBytes >= broken.by {
                violate("waits behind what is broken")
            }
        }
        if stage == .sending || stage == .awaitingHead, let answer, receivedBytes >= answer.headEnd
        {
            violate("waits although the head has come")
        }
    }

    /// The caller waits for nobody.
    func callerPauses() { isCallerPausing = true }

    // MARK: Ends

    func released(_ transport: SimTransport) {
        // What was left of an answer that is asked for again had come already.
        if case .pausing = stage { return }
        if transport !== connection { violate("gives \(transport) back") }
        if wasReleased { violate("gives its connection back twice") }
        wasReleased = true
        if !mayBeKept { violate("keeps \(transport), which is not clean") }
    }

    /// Nothing is left on the connection, as far as the client can know.
    private var mayBeKept: Bool {
        guard let answer, let end = answer.end else { return false }
        return answer.allowsReuse && receivedBytes == end && written == requestBytes.count
            && !cannotWrite && !hasEnded
    }

    func completes() {
        outcome = "complete"
        if let expected { violate("is complete instead of failing: \(expected)") }
        if !isAnswerWhole { violate("is complete, and its answer is not") }
        if !isDrained(plan.unit) { violate("is complete before all has been taken") }
        if let answer,
            plan.unit == .piece ? bodyTaken != answer.body : recordsTaken != answer.records.count
        {
            violate("is complete without all records")
        }
        if mayBeKept, !wasReleased { violate("does not keep a clean connection") }
        end()
    }

    func leaves() {
        outcome = "left"
        end()
    }

    func ended(_ error: TransportError) {
        outcome = "\(error.kind.rawValue), \(error.phase.rawValue)"
        world.note("\(self) ends: \(error)")
        settleTime()
        if expected == nil, stage == .body, hasEnded, !isAnswerWhole, isDrained(plan.unit) {
            countContentAtEnd()
            fails(cannotWrite ? .reset : .closedEarly, at: now)
        }
        if expected == nil, let broken = answer?.broken, receivedBytes >= broken.from,
            stage == .body,
            isDrained(plan.unit)
        {
            countContentAtEnd()
            fails(.badChunk, at: now)
        }
        if expected == nil { needsBytes() }
        let wasCancelled = error.kind == .cancelled && cancellation.isCancelled
        if expected == nil, wasCancelled { fails(.cancelled, at: now) }
        if world.isShutDown, error.kind == .invalidRequest, connection == nil { return end() }
        guard let expected else {
            return violate("fails without a cause, in \(stage): \(error)")
        }
        compare(error, expected)
        end()
    }

    private func compare(_ error: TransportError, _ expected: Expected) {
        var said = Expected(
            kind: error.kind, phase: error.phase, elapsed: error.progress.elapsed)
        if case .timeout(let deadline, let waited, _) = error {
            (said.deadline, said.waited) = (deadline, waited)
        }
        if said != expected { violate("says \(said), not \(expected)") }
        let progress = error.progress
        if progress.bytesWritten != written {
            violate("says \(progress.bytesWritten) written, not \(written)")
        }
        if progress.bytesReceived != receivedBytes {
            violate("says \(progress.bytesReceived) received, not \(receivedBytes)")
        }
        if progress.contentCount != contentCount + contentSinceRead, plan.unit != .piece {
            violate("says \(progress.contentCount) records, not \(contentCount)")
        }
    }

    func end() {
        world.poolLeaves(self)
        stage = .over
    }

    func stepEnded() {
        if let leftBehind, leftBehind.isOpen, !leftBehind.isIdle {
            violate("has left an answer, and \(leftBehind) is open")
        }
        leftBehind = nil
        guard stage == .over else { return }
        if let connection, connection.isOpen, !wasReleased {
            violate("is over, and \(connection) is open")
        }
        for transport in race.underWay where transport.isOpen {
            violate("is over, and \(transport) is open")
        }
        if waiter != nil { violate("is over, and waits") }
    }
}

extension SimWorld {
    func poolLeaves(_ call: CallModel) { queue.removeAll { $0 === call } }

    /// Limits, counts, and that nobody waits for what there is.
    func checkPools() {
        for (index, client) in clients.enumerated() {
            let own = calls.filter { $0.plan.client == index && $0.holdsLease }
            let idle = transports.filter { $0.client == index && $0.isIdle && !$0.isGranted }
            let counts = client.connections
            let waiting = queue.filter { $0.plan.client == index && !$0.isGranted }
            if counts.leased != own.count || counts.idle != idle.count
                || counts.waiting != waiting.count
            {
                violate(
                    "client \(index) counts \(counts), not \(own.count) leased, \(idle.count) idle, "
                        + "\(waiting.count) waiting")
            }
            let all = own.count + idle.count
            if all > scenario.total { violate("client \(index) has \(all) connections") }
            if idle.count > scenario.idle { violate("client \(index) keeps \(idle.count)") }
            for host in scenario.hosts.indices {
                let open = own.count { $0.plan.host == host } + idle.count { $0.host == host }
                if open > scenario.perOrigin {
                    violate("client \(index) has \(open) to host \(host)")
                }
                for call in waiting where call.plan.host == host {
                    if idle.contains(where: { $0.host == host }) {
                        violate("\(call) waits beside an idle one")
                    }
                    if open < scenario.perOrigin, all < scenario.total || !idle.isEmpty {
                        violate("\(call) waits for nothing")
                    }
                }
            }
        }
    }
}

extension CallModel {
    fileprivate var holdsLease: Bool {
        switch stage {
        case .resolving, .connecting, .sending, .awaitingHead, .body: !wasReleased
        case .queued: isGranted && !isRefused
        case .idle, .pausing, .complete, .over: false
        }
    }
}
