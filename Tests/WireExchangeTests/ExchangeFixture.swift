import Testing
import WireExchange
import WireHTTP1
import WireTime

/// A machine's clock: seconds since an arbitrary beginning.
func at(_ seconds: Int64, _ milliseconds: Int64 = 0) -> Instant {
    Instant(nanoseconds: 77) + .seconds(1_000) + .seconds(seconds) + .milliseconds(milliseconds)
}

/// Every deadline different, so that each shows by its time.
let distinctDeadlines = Deadlines.standard
    .with(\.resolve, .seconds(1)).with(\.connect, .seconds(2)).with(\.requestWrite, .seconds(3))
    .with(\.responseHead, .seconds(4)).with(\.firstContent, .seconds(5))
    .with(\.bodyIdle, .seconds(6)).with(\.contentIdle, .seconds(7)).with(\.total, .seconds(100))

let earlyClose = HTTP1Error(.closedEarly, at: 0, "closed without a response")

/// The places in an exchange's life from which the table is tried. All begin at second 0 and are
/// reached at second 10, with a request of 100 bytes.
enum Situation: String, CaseIterable {
    case idle, resolving, connecting
    case sending, sendingPart, sendingReused, sendingPartReused
    case awaiting, awaitingReused, awaitingCut, awaitingWithBytes
    case headSeen, headSeenEarly, content, ended

    func machine(
        _ deadlines: Deadlines = distinctDeadlines, mayRepeat: Bool = true
    ) -> ExchangeMachine {
        var machine = ExchangeMachine(
            deadlines: deadlines, request: RequestForm(bytes: 100),
            retry: RetryRule(mayRepeat: mayRepeat),
            at: at(0))
        let now = at(10)
        if self == .idle { return machine }
        if isReused {
            machine.beginRequest(reused: true, at: now)
        } else {
            machine.beginResolve(at: now)
            if self == .resolving { return machine }
            machine.beginConnect(at: now)
            if self == .connecting { return machine }
            machine.beginRequest(reused: false, at: now)
        }
        switch self {
        case .idle, .resolving, .connecting, .sending, .sendingReused: break
        case .sendingPart, .sendingPartReused: machine.wrote(40, at: now)
        case .awaiting, .awaitingReused: machine.wrote(100, at: now)
        case .awaitingCut:
            machine.wrote(40, at: now)
            machine.writeFailed(at: now)
        case .awaitingWithBytes:
            machine.wrote(100, at: now)
            machine.received(5, at: now)
        case .headSeen, .content, .ended:
            machine.wrote(100, at: now)
            machine.received(50, at: now)
            _ = machine.headReceived(at: now)
            if self == .content { machine.contentReceived(at: now) }
            if self == .ended { _ = machine.messageEnded(reusable: true, at: now) }
        case .headSeenEarly:
            machine.wrote(40, at: now)
            machine.received(50, at: now)
            _ = machine.headReceived(at: now)
        }
        return machine
    }

    var isReused: Bool {
        [.sendingReused, .sendingPartReused, .awaitingReused].contains(self)
    }
}

/// One letter for each action: S(top writing), R(elease), C(lose), (re)T(ry), F(ail).
func letters(_ actions: ExchangeActions) -> String {
    (0..<actions.count).map { index in
        switch actions[index] {
        case .stopWriting: "S"
        case .release: "R"
        case .close: "C"
        case .retry: "T"
        case .fail: "F"
        }
    }.joined()
}

/// What can be seen of a machine's state.
func view(_ machine: borrowing ExchangeMachine) -> String {
    if machine.isEnded { return "end" }
    let interest = machine.interest
    switch (interest.read, interest.write) {
    case (false, false): return "wait"
    case (false, true): return "conn"
    case (true, true): return "send"
    case (true, false): break
    }
    switch machine.progress.phase {
    case .head: return "head"
    case .firstContent: return "first"
    case .body: return "body"
    default: return "?"
    }
}

/// `Issue.record` for a `guard`.
func fail(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) {
    Issue.record(Comment(rawValue: text), sourceLocation: sourceLocation)
}
