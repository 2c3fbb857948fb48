import WireBytes
import WireExchange
import WireHTTP1
import WireTime

/// The table at the head of `ExchangeMachine`, beside the machine: each event predicts what it has to
/// say and what it has to wait for. What is wrong is returned.
struct ExchangeModel: ~Copyable {
    enum Event: CaseIterable {
        case queue, leaveQueue, resolve, connect, secure, request, requestReused
        case writeSome, writeAll, writeFails, grow, growNoMore, wait, goOn
        case receive, head, content, whole, end, endDirty, inputEnds, reset, cancel, abandon, early,
            due
    }

    enum State {
        case idle, queued, resolving, connecting, securing, sending, awaitingHead, body, ended
    }

    struct World: Sendable, CustomStringConvertible {
        var form = RequestForm(bytes: 10)
        var mayRepeat = true
        var total = Timeout.never

        var description: String { "\(form), repeats \(mayRepeat), total \(total)" }
    }

    let world: World
    private let deadlines: Deadlines
    private var machine: ExchangeMachine
    private var now = at(0)
    private(set) var state = State.idle
    private var due: [Deadline: (at: Instant, since: Instant)] = [:]
    private var isReused = false
    private var total: Int
    private var isOpen: Bool
    private var held: Int?
    private var isPending = false
    private var canWrite = true
    private var wasCut = false
    private var written = 0
    private var received = 0
    private var hasContent = false
    private var phase = Phase.resolve
    private(set) var outcomes = 0
    private var restarts = 0

    init(_ world: World) {
        self.world = world
        var deadlines = Deadlines.standard
        // All different, so that each shows by its time.
        for (index, path) in [
            \Deadlines.poolWait, \.resolve, \.connect, \.tlsHandshake, \.requestWrite,
            \.responseHead, \.firstContent, \.bodyIdle, \.contentIdle, \.expectContinue, \.bodyEnd,
        ].enumerated() { deadlines[keyPath: path] = .seconds(Int64(3 + 2 * index)) }
        deadlines.total = world.total
        self.deadlines = deadlines
        machine = ExchangeMachine(
            deadlines: deadlines, request: world.form, retry: RetryRule(mayRepeat: world.mayRepeat),
            at: now)
        (total, isOpen, held) = (world.form.bytes, world.form.isOpen, world.form.heldBehind)
        arm(.total, deadlines.total)
    }

    private mutating func arm(_ deadline: Deadline, _ timeout: Timeout) {
        due[deadline] = timeout == .never ? nil : (now + timeout, now)
    }

    private var unwritten: Int { min(total, held ?? .max) - written }
    private var isExchanging: Bool { state == .sending || state == .awaitingHead || state == .body }

    // MARK: Events

    func mayHappen(_ event: Event) -> Bool {
        let isSending = state == .sending
        return switch event {
        case .queue, .requestReused: state == .idle && restarts == 0 && due[.poolWait] == nil
        case .leaveQueue: state == .queued
        case .resolve: state == .idle
        case .connect: state == .idle || state == .resolving
        case .secure: state == .connecting
        case .request: state == .connecting || state == .securing
        case .writeSome: isSending && canWrite && unwritten > 1
        case .writeAll: isSending && canWrite && unwritten > 0
        case .writeFails: isSending && canWrite
        case .grow, .growNoMore: isSending && isOpen && held == nil && written == total
        case .wait: isSending && isOpen && held == nil && written == total && !isPending
        case .goOn: isSending
        case .receive: isExchanging
        case .head: isSending || state == .awaitingHead
        case .content, .whole: state == .body
        case .end, .endDirty: state == .body || state == .ended
        case .inputEnds, .reset: isExchanging || state == .ended
        case .cancel, .abandon, .early: true
        case .due: !due.isEmpty
        }
    }

    mutating func apply(_ event: Event) -> String? {
        now = now + .seconds(1)
        let wasEnded = state == .ended
        let said: ExchangeActions
        let expected: [ExchangeAction]
        switch event {
        case .queue, .leaveQueue, .resolve, .connect, .secure, .request, .requestReused:
            beforeRequest(event)
            return broken(wasEnded)
        case .writeSome, .writeAll, .writeFails, .grow, .growNoMore, .wait, .goOn, .receive,
            .content, .whole:
            bytes(event)
            return broken(wasEnded)
        case .head:
            expected = state == .sending ? [.stopWriting] : []
            (canWrite, state, phase) = (canWrite && state != .sending, .body, .firstContent)
            disarm(.requestWrite, .expectContinue, .responseHead)
            arm(.firstContent, deadlines.firstContent)
            arm(.bodyIdle, deadlines.bodyIdle)
            said = machine.headReceived(at: now)
        case .end, .endDirty:
            let isClean = event == .end && canWrite && !isOpen && written == total
            expected = wasEnded ? [] : [isClean ? .release : .close]
            said = machine.messageEnded(reusable: event == .end, at: now)
            ends()
        case .inputEnds:
            let error = HTTP1Error(.closedEarly, at: 0, "cut")
            let isReset = wasCut
            expected = failure { isReset ? .reset($0) : .http(error, $0) }
            said = machine.inputEnded(error, at: now)
        case .reset:
            expected = failure { .reset($0) }
            said = machine.wasReset(at: now)
        case .cancel:
            expected = wasEnded ? [] : [.close, .fail(.cancelled(progress))]
            said = machine.cancelled(at: now)
            ends()
        case .abandon:
            expected = wasEnded ? [] : [.close]
            said = machine.abandoned(at: now)
            ends()
        case .early, .due:
            if event == .due { now = max(now, due.values.map(\.at).min() ?? now) }
            expected = passed()
            said = machine.timeReached(now)
        }
        let list = (0..<said.count).map { said[$0] }
        if list != expected { return "says \(list), not \(expected)" }
        return broken(wasEnded)
    }

    private mutating func beforeRequest(_ event: Event) {
        switch event {
        case .queue:
            (state, phase) = (.queued, .pool)
            arm(.poolWait, deadlines.poolWait)
            machine.beginPoolWait(at: now)
        case .leaveQueue:
            state = .idle
            disarm(.poolWait)
            machine.endPoolWait()
        case .resolve:
            (state, phase) = (.resolving, .resolve)
            arm(.resolve, deadlines.resolve)
            machine.beginResolve(at: now)
        case .connect:
            (state, phase) = (.connecting, .connect)
            disarm(.resolve)
            arm(.connect, deadlines.connect)
            machine.beginConnect(at: now)
        case .secure:
            (state, phase) = (.securing, .tls)
            disarm(.connect)
            arm(.tlsHandshake, deadlines.tlsHandshake)
            machine.beginHandshake(at: now)
        default:
            isReused = event == .requestReused
            (state, phase) = (.sending, .request)
            disarm(.connect, .tlsHandshake)
            arm(.requestWrite, deadlines.requestWrite)
            machine.beginRequest(reused: isReused, at: now)
        }
    }

    private mutating func bytes(_ event: Event) {
        switch event {
        case .writeSome, .writeAll:
            let count = event == .writeSome ? 1 : unwritten
            written += count
            goOn()
            machine.wrote(count, at: now)
        case .writeFails:
            (canWrite, wasCut) = (false, true)
            awaitHead()
            machine.writeFailed(at: now)
        case .grow:
            (total, isPending) = (total + 2, false)
            goOn()
            machine.bodyGrew(by: 2, at: now)
        case .growNoMore:
            (isOpen, isPending) = (false, false)
            goOn()
            machine.bodyEnded(at: now)
        case .wait:
            isPending = true
            disarm(.requestWrite)
            machine.bodyPending()
        case .goOn:
            if held != nil {
                held = nil
                disarm(.expectContinue)
                goOn()
            }
            machine.continueReceived(at: now)
        case .receive:
            received += 3
            if state == .body { arm(.bodyIdle, deadlines.bodyIdle) }
            machine.received(3, at: now)
        case .whole:
            if due[.bodyEnd] == nil { arm(.bodyEnd, deadlines.bodyEnd) }
            machine.answerCompleted(at: now)
        default:
            if !hasContent { disarm(.firstContent) }
            (hasContent, phase) = (true, .body)
            arm(.contentIdle, deadlines.contentIdle)
            machine.contentReceived(at: now)
        }
    }

    private mutating func goOn() {
        if written == held {
            disarm(.requestWrite)
            arm(.expectContinue, deadlines.expectContinue)
        } else if written < total || isOpen {
            arm(.requestWrite, deadlines.requestWrite)
        } else {
            awaitHead()
        }
    }

    private mutating func awaitHead() {
        (state, phase) = (.awaitingHead, .head)
        disarm(.requestWrite, .expectContinue)
        arm(.responseHead, deadlines.responseHead)
    }

    private mutating func disarm(_ deadlines: Deadline...) {
        for deadline in deadlines { due[deadline] = nil }
    }

    // MARK: Ends

    private var progress: Progress { machine.settled(at: now) }

    private mutating func ends() {
        if state != .ended { outcomes += 1 }
        state = .ended
        due = [:]
    }

    private mutating func failure(_ make: (Progress) -> TransportError) -> [ExchangeAction] {
        if state == .ended { return [] }
        if isReused, received == 0, world.mayRepeat || written == 0, state != .body {
            restarts += 1
            (state, phase, isReused, canWrite, isPending) = (.idle, .resolve, false, true, false)
            wasCut = false
            (written, total, isOpen, held) = (
                0, world.form.bytes, world.form.isOpen, world.form.heldBehind
            )
            disarm(.requestWrite, .expectContinue, .responseHead)
            return [.close, .retry]
        }
        defer { ends() }
        return [.close, .fail(make(progress))]
    }

    /// What has to come of the time that has come.
    private mutating func passed() -> [ExchangeAction] {
        var first: (deadline: Deadline, at: Instant, since: Instant)?
        for deadline in Deadline.allCases {
            if let entry = due[deadline], entry.at <= now, entry.at < first?.at ?? .distantFuture {
                first = (deadline, entry.at, entry.since)
            }
        }
        guard let first else { return [] }
        if first.deadline == .expectContinue {
            held = nil
            disarm(.expectContinue)
            goOn()
            return []
        }
        defer { ends() }
        return [.close, .fail(.timeout(first.deadline, waited: now.since(first.since), progress))]
    }

    // MARK: What always holds

    private func broken(_ wasEnded: Bool) -> String? {
        let next = due.values.map(\.at).min() ?? .distantFuture
        if machine.nextDeadline != next {
            return "waits until \(machine.nextDeadline), not \(next)"
        }
        if machine.isEnded != (state == .ended) { return "ended: \(machine.isEnded)" }
        if wasEnded, state != .ended { return "lives again" }
        if outcomes > 1 { return "\(outcomes) outcomes" }
        let progress = machine.progress
        if progress.bytesWritten != written || progress.bytesReceived != received {
            return "\(progress.bytesWritten) written, \(progress.bytesReceived) received"
        }
        if progress.phase != phase { return "in \(progress.phase), not \(phase)" }
        let writes =
            state == .sending && canWrite
            && (unwritten > 0 || isOpen && !isPending && held == nil && written == total)
        let reads = isExchanging || state == .securing
        let interest = ExchangeMachine.Interest(read: reads, write: writes || state == .connecting)
        return machine.interest == interest ? nil : "wants \(machine.interest), not \(interest)"
    }
}
