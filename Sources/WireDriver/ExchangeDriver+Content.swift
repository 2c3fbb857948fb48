internal import WireExchange
internal import WireTime

/// What the caller says of that which was decoded.
extension ExchangeDriver {
    /// What was just decoded carried something. All records of one read came at one time, so the
    /// machine hears of them when the next read begins; of the first of all, at once.
    @usableFromInline
    package mutating func noteContent() {
        contentSinceRead += 1
        callerHasContent = true
        if isStamped { arrivals.noteRecord() }
        if machine.timings.firstContent == nil { countContent() }
    }

    /// What was just decoded makes the answer whole. The caller may take its time over it.
    package mutating func noteAnswerIsWhole() {
        countContent()
        callerHasContent = true
        machine.answerCompleted(at: lastReturn)
    }

    mutating func countContent() {
        if contentSinceRead == 0 { return }
        machine.contentReceived(contentSinceRead, at: lastReturn)
        contentSinceRead = 0
    }
}
