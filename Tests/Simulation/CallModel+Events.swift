import WireBytes
import WireDriver
import WireExchange
import WireSockets
import WireTime
import WireTransport

/// What the client's primitives brought, as they return.
extension CallModel {
    func begins() {
        (begunAt, start, lastReturn, waitsSince) = (now, now, now, now)
        arm(.total, at: now)
    }

    // MARK: A connection

    private func leavesQueue() {
        if stage == .queued, !isGranted { violate("leaves the queue without a connection") }
        if stage == .queued { world.poolLeaves(self) }
        due[.poolWait] = nil
        isGranted = false
        if case .pausing(let until) = stage, now < until { violate("does not keep its pause") }
        stage = .idle
    }

    func wasGranted() {
        isGranted = true
        // Nobody gets anything any more.
        isRefused = world.isShutDown
        world.lastReleased?.isGranted = true
        world.lastReleased = nil
        for earlier in world.queue {
            if earlier === self { break }
            if earlier.plan.host == plan.host, earlier.plan.client == plan.client,
                !earlier.isGranted
            {
                violate("is served before \(earlier)")
            }
        }
    }

    func resolves() {
        leavesQueue()
        (stage, phase) = (.resolving, .resolve)
        wantsFresh = false
        arm(.resolve, at: now)
    }

    func resolved(_ addresses: [SocketAddress]) {
        (stage, phase) = (.connecting, .connect)
        due[.resolve] = nil
        arm(.connect, at: now)
        race = RaceModel(addresses)
        if addresses.isEmpty { fails(.connectFailed, at: now) }
    }

    func opened(_ address: SocketAddress, as transport: SimTransport) {
        if let fault = race.opens(address, transport, at: now) { violate(fault) }
    }

    func opened(_ address: SocketAddress, failing error: SystemError) {
        if let fault = race.opens(address, nil, at: now) { violate(fault) }
        race.fails(nil, error)
        raceMayHaveFailed()
    }

    private func raceMayHaveFailed() {
        if race.hasFailed { fails(race.refusals > 0 ? .connectRefused : .connectFailed, at: now) }
    }

    func askedConnecting(_ transport: SimTransport, _ result: ConnectResult) {
        switch result {
        case .pending: break
        // Of two that stand, the first that was asked wins.
        case .connected: if winner == nil { winner = transport }
        case .failed(let error): failedNow.append((transport, error))
        }
    }

    /// Failures count when they are acted upon: a winner beside them makes them void.
    func closed(_ transport: SimTransport) {
        guard stage == .connecting, winner == nil,
            let failure = failedNow.first(where: { $0.transport === transport })
        else { return }
        race.fails(transport, failure.error)
        raceMayHaveFailed()
    }

    private func beginsRequest(on transport: SimTransport) {
        connection = transport
        isWritable = true
        (stage, phase) = (.sending, .request)
        due[.connect] = nil
        arm(.requestWrite, at: now)
    }

    func peeked(_ transport: SimTransport, isReadable: Bool) {
        leavesQueue()
        if transport.client != plan.client || transport.host != plan.host {
            violate("gets \(transport), which leads elsewhere")
        }
        // A new one takes its place.
        if isReadable || wantsFresh { return }
        isReused = true
        lastReadWasShort = true
        beginsRequest(on: transport)
    }

    // MARK: Bytes

    func sent(_ result: SendResult, on transport: SimTransport) {
        settleConnection(transport)
        switch result {
        case .bytes(let count):
            written += count
            lastReturn = now
            if written < requestBytes.count { return arm(.requestWrite, at: now) }
            awaitsHead()
        case .wouldBlock: isWritable = false
        case .failed:
            cannotWrite = true
            if cancellation.isCancelled { return fails(.cancelled, at: now) }
            awaitsHead()
        }
    }

    private func awaitsHead() {
        guard stage == .sending else { return }
        (stage, phase) = (.awaitingHead, .head)
        due[.requestWrite] = nil
        arm(.responseHead, at: now)
    }

    private func settleConnection(_ transport: SimTransport) {
        settleRaceBefore(transport)
        if connection !== transport { violate("uses \(transport) instead of \(connection as Any)") }
    }

    /// The winner is used in the step in which it was found.
    private func settleRaceBefore(_ transport: SimTransport) {
        guard stage == .connecting, let winner, winner === transport else { return }
        for loser in race.wins(winner) where loser.isOpen {
            violate("\(loser) has lost and is open")
        }
        (self.winner, failedNow) = (nil, [])
        beginsRequest(on: winner)
    }

    func received(_ result: ReceiveResult, room: Int, on transport: SimTransport) {
        if transport === leftBehind { return }
        settleConnection(transport)
        if !isWaking { needsBytes() }
        isWaking = false
        lastReturn = now
        switch result {
        case .bytes(let count):
            receivedBytes += count
            lastReadWasShort = count < room
            if stage == .body { arm(.bodyIdle, at: now) }
            seeHead()
        case .wouldBlock:
            lastReadWasShort = true
            expectTimeout(at: now)
        case .end:
            if cancellation.isCancelled { return fails(.cancelled, at: now) }
            hasEnded = true
            if stage == .sending || stage == .awaitingHead, answer == nil || !isHeadThere {
                fails(cannotWrite ? .reset : .closedEarly, at: now)
            }
        case .failed:
            fails(cancellation.isCancelled ? .cancelled : .reset, at: now)
        }
    }

    private var isHeadThere: Bool { answer.map { receivedBytes >= $0.headEnd } ?? false }

    private func seeHead() {
        guard stage == .sending || stage == .awaitingHead, isHeadThere else { return }
        if isAskedAgain(connection?.server.plan(for: self)?.status ?? 0) { return }
        (stage, phase) = (.body, .firstContent)
        for deadline in [Deadline.requestWrite, .responseHead] { due[deadline] = nil }
        arm(.firstContent, at: now)
        arm(.bodyIdle, at: now)
    }

    /// The client has nothing left to give of what it has received.
    func needsBytes() {
        guard stage == .body || stage == .sending || stage == .awaitingHead else { return }
        countContent()
        if let first = earliest, first.at <= lastReturn, lastReadWasShort {
            return expectTimeout(at: lastReturn)
        }
        // The caller's own time is not the peer's.
        let since = max(waitsSince, lastReturn)
        waitsSince = since
        if stage == .body {
            for deadline in [Deadline.firstContent, .bodyIdle, .contentIdle] {
                guard let entry = due[deadline], callerHasContent || deadline == .bodyIdle
                else { continue }
                let pause = now.since(since)
                due[deadline] = (entry.at + pause, entry.since + pause)
            }
            waitsSince = now
            callerHasContent = false
        }
    }

    /// A failure reports what had been taken.
    func countContentAtEnd() { countContent() }

    private func countContent() {
        if contentSinceRead == 0 { return }
        contentCount += contentSinceRead
        contentSinceRead = 0
        if !hasContent {
            (hasContent, phase) = (true, .body)
            due[.firstContent] = nil
        }
        arm(.contentIdle, at: lastReturn)
    }

    // MARK: The caller

    func sawHead(_ status: Int) {
        if stage != .body { return violate("gets a head in stage \(stage)") }
        let plan = connection?.server.plan(for: self)
        if plan?.status != status { violate("gets status \(status)") }
    }

    func took(_ record: [UInt8], unit: AnswerPlan.Unit) {
        guard let answer, stage == .body else { return violate("gets a record in stage \(stage)") }
        if unit == .piece {
            bodyTaken += record
            if bodyTaken.count > answer.body.count
                || bodyTaken[...] != answer.body[..<bodyTaken.count]
            {
                violate("gets other bytes than were sent")
            }
            if receivedBytes < answer.headEnd + bodyTaken.count {
                violate("gets more than has come")
            }
        } else {
            guard recordsTaken < answer.records.count else {
                return violate("gets a record too many")
            }
            let next = answer.records[recordsTaken]
            if record != next.content { violate("gets record \(recordsTaken) changed") }
            if !answer.hasRecord(recordsTaken, in: receivedBytes, atEnd: hasEnded) {
                violate("gets record \(recordsTaken) before it has come")
            }
            recordsTaken += 1
        }
        if unit == .event || !record.isEmpty {
            contentSinceRead += 1
            callerHasContent = true
            if !hasContent { countContent() }
        }
    }

    /// Everything that can be had of the body without another byte has been taken.
    func isDrained(_ unit: AnswerPlan.Unit) -> Bool {
        guard let answer else { return true }
        if unit == .piece {
            return bodyTaken.count >= answer.bodyBytes(in: receivedBytes)
        }
        guard recordsTaken < answer.records.count else { return true }
        return !answer.hasRecord(recordsTaken, in: receivedBytes, atEnd: hasEnded)
    }

    var isAnswerWhole: Bool {
        guard let answer, stage == .body || stage == .complete else { return false }
        return answer.end.map { receivedBytes >= $0 } ?? hasEnded
    }
}
