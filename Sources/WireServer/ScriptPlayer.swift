package import WireTime

/// Where a script stands. Pure: `now` comes in, what to do comes out; the caller reports how much
/// of a piece was taken.
package struct ScriptPlayer {
    package typealias Action = ResponseAction

    private let steps: [Script.Step]
    private var index = 0
    /// Of the piece at `index`: how much has been sent.
    private var sentCount = 0
    /// When the last wait was due.
    private var due: Instant

    package init(_ script: Script, from start: Instant) {
        steps = script.steps
        due = start
    }

    /// What to do now; the same until `sent` or until time has passed.
    package mutating func next(at now: Instant) -> Action {
        // More steps than there are without anything to do: a loop that does nothing.
        for _ in 0...steps.count {
            guard index < steps.count else { return .done }
            switch steps[index] {
            case .send(let bytes):
                let rest = bytes.dropFirst(sentCount)
                if !rest.isEmpty { return .send(rest) }
                moveOn()
            case .wait(let time):
                let end = due + time
                if end > now || end == .distantFuture { return .wait(until: end) }
                due = end
                moveOn()
            case .goTo(let target): index = max(0, target)
            case .finish: return .finish
            case .close: return .close
            case .reset: return .reset
            case .stall: return .stall
            }
        }
        return .stall
    }

    /// `count` bytes of what `next` returned have been taken.
    package mutating func sent(_ count: Int) { sentCount += count }

    private mutating func moveOn() {
        index += 1
        sentCount = 0
    }
}
