public import WireTime

/// What a connection does next.
public enum ResponseAction: Sendable, Equatable {
    /// Send these bytes, or as many as go, and call `sent`.
    case send(ArraySlice<UInt8>)
    /// Nothing before that; `.distantFuture` waits for `ConnectionWaker.wake`.
    case wait(until: Instant)
    /// FIN behind what was sent. See `Script.Step`, also for the next three.
    case finish
    case close
    case reset
    case stall
    /// Nothing is left: the connection is free for the next request.
    case done
}

/// What a connection sends in answer to one request, decided as it goes: a script, or something that
/// looks at the clock and at other connections. All calls come on the server's thread; none may block.
public protocol ResponseSource: AnyObject {
    /// What to do at `now`. Asked again after every `sent`, when a wait has ended and when woken; until
    /// something of that has changed, the answer is the same.
    func next(at now: Instant) -> ResponseAction
    /// The kernel has taken so many of the bytes that `next` returned, in a call that began at `now`.
    func sent(_ count: Int, at now: Instant)
    /// The connection is done with it: it has run out, or the connection has ended in whatever way.
    /// Called once, after everything else.
    func ended(at now: Instant)
}

/// Gives a connection its turn, so that it asks its source again. On the server's thread.
public protocol ConnectionWaker: AnyObject {
    func wake()
}

/// A script as a source.
final class ScriptSource: ResponseSource {
    private var player: ScriptPlayer

    init(_ script: Script, from start: Instant) { player = ScriptPlayer(script, from: start) }

    func next(at now: Instant) -> ResponseAction { player.next(at: now) }
    func sent(_ count: Int, at now: Instant) { player.sent(count) }
    func ended(at now: Instant) {}
}
