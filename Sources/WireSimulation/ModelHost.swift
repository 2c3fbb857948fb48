internal import WireServer
internal import WireTime

/// A request's claim on a model: waits for a slot, and for the model.
final class Ticket {
    let prompt: [UInt32]
    private let waker: any ConnectionWaker
    fileprivate(set) var slot: Int?
    /// When the model is there and a slot is free; nil while that is not known.
    fileprivate(set) var startsAt: Instant?
    /// Tokens at the prompt's beginning that need not be read again.
    fileprivate(set) var cachedCount = 0
    /// From the end of its use; nil: the model's own.
    var keepAlive: Timeout?

    init(prompt: [UInt32], waker: any ConnectionWaker) {
        self.prompt = prompt
        self.waker = waker
    }

    fileprivate func wake() { waker.wake() }
}

/// One model: whether it is loaded, who uses it, who waits. Reads no clock.
///
///     state    | event                          | next
///     ---------+--------------------------------+-------------------------------
///     unloaded | a request                      | loading
///     loading  | its time has passed            | loaded
///              | the last request leaves        | unloaded
///     loaded   | the last one ends, keep_alive  | loaded, until that has passed
///              | that is 0                      | unloaded
final class ModelHost {
    let profile: SimulatedModel
    private var slots: [Slot]
    private(set) var waiting: [Ticket] = []
    /// Nil: unloaded.
    private var loadedAt: Instant?
    private(set) var expiresAt = Instant.distantFuture

    private struct Slot {
        var ticket: Ticket?
        var cache: [UInt32] = []
    }

    init(_ profile: SimulatedModel) {
        self.profile = profile
        slots = Array(repeating: Slot(), count: max(1, profile.slots))
    }

    var isUnused: Bool { activeCount == 0 && waiting.isEmpty }
    private(set) var activeCount = 0

    func isLoaded(at now: Instant) -> Bool {
        forgetExpired(at: now)
        return loadedAt.map { $0 <= now } ?? false
    }

    func enter(_ ticket: Ticket, at now: Instant) {
        forgetExpired(at: now)
        if loadedAt == nil {
            loadedAt = now + profile.loadTime
            for index in slots.indices { slots[index].cache = [] }
        }
        if !assign(ticket, at: now) { waiting.append(ticket) }
    }

    /// Whether one more request would have to wait.
    var isFull: Bool { activeCount == slots.count }

    /// The request has ended, or its client has left.
    ///
    /// - Parameter tokens: what the slot's cache holds now; nil: what it held.
    func leave(_ ticket: Ticket, tokens: [UInt32]? = nil, at now: Instant) {
        guard let index = ticket.slot else {
            waiting.removeAll { $0 === ticket }
            return
        }
        ticket.slot = nil
        slots[index].ticket = nil
        activeCount -= 1
        if let tokens, profile.cachesPrompts {
            slots[index].cache = Array(tokens.prefix(profile.contextLength))
        }
        if let next = waiting.first, assign(next, at: now) {
            waiting.removeFirst()
            next.wake()
        }
        guard activeCount == 0, waiting.isEmpty else { return }
        if loadedAt.map({ $0 > now }) ?? false {
            loadedAt = nil
        } else {
            keep(for: ticket.keepAlive ?? profile.keepAlive, at: now)
        }
    }

    /// Sets how long the model stays when nobody uses it.
    func keep(for time: Timeout, at now: Instant) {
        if time <= .zero {
            loadedAt = activeCount == 0 ? nil : loadedAt
        } else {
            expiresAt = now + time
        }
    }

    private func forgetExpired(at now: Instant) {
        if activeCount == 0, waiting.isEmpty, expiresAt <= now { loadedAt = nil }
    }

    /// Gives the free slot whose cache fits best.
    private func assign(_ ticket: Ticket, at now: Instant) -> Bool {
        var best: (index: Int, common: Int)?
        for index in slots.indices where slots[index].ticket == nil {
            let common = zip(slots[index].cache, ticket.prompt).prefix { $0 == $1 }.count
            if common > best?.common ?? -1 { best = (index, common) }
            // Nothing to compare: any other one is as good.
            if slots[index].cache.isEmpty { break }
        }
        guard let best else { return false }
        slots[best.index].ticket = ticket
        activeCount += 1
        ticket.slot = best.index
        // The last token is always read: its result is what comes next.
        ticket.cachedCount = min(best.common, max(0, ticket.prompt.count - 1))
        ticket.startsAt = max(now, loadedAt ?? now)
        return true
    }
}
