public import WireTime

/// How a client picks among a name's addresses.
public struct ConnectOptions: Sendable, Equatable {
    /// How long an attempt has the field to itself before the next begins beside it (RFC 8305 5; from
    /// 100 ms to 2 s there, at least 10 ms here). `.never` tries one after another.
    public var attemptDelay = Timeout.milliseconds(250)
    /// Attempts under way at once, at least 1. At the limit the next begins when one of them fails.
    public var attemptLimit = 8

    public init() {}
}

/// The race for a connection to one of several addresses: Happy Eyeballs (RFC 8305 4 and 5). Pure: it
/// says which address to open and whom to close. Addresses are known by their place in the list that
/// was given; no address is tried twice.
///
///     state   | event                                | next    | action
///     --------+--------------------------------------+---------+------------------------------------
///     idle    | begin, no address                    | over    | failed
///     idle    | begin                                | racing  | open the first; delay runs
///     racing  | timeReached, delay over              | racing  | open the next; delay runs anew
///     racing  | timeReached, too early, or none left,| racing  | none
///             | or at the limit                      |         |
///     racing  | failed, some left                    | racing  | open the next at once; delay anew
///     racing  | failed, none left, others under way  | racing  | none
///     racing  | failed, none left, none under way    | over    | failed
///     racing  | connected                            | over    | (the others are returned: close them)
///     any     | abandon                              | over    | (all are returned: close them)
///
/// A failure that lies with this machine (no descriptor left) ends the opening: none are left then.
/// The delay does not run while no address is left or the limit is reached. The deadline of the whole
/// is the exchange's.
public struct ConnectMachine: Sendable {
    public enum Family: Sendable { case ipv4, ipv6, unix }

    public enum Action: Equatable, Sendable {
        case none
        /// Begin to connect; tell at once if that failed already.
        case open(Int)
        case failed
    }

    private enum State { case idle, racing, over }

    private let options: ConnectOptions
    private var state = State.idle
    /// In the order of their turn; those before `next` have been opened.
    private let order: [Int]
    private var next = 0
    /// In the order of opening.
    public private(set) var underWay: [Int] = []
    /// When to call `timeReached`; `.distantFuture` while nothing would come of it.
    public private(set) var nextAttempt = Instant.distantFuture

    /// - Parameter families: of the addresses, in the order of preference.
    public init(_ families: [Family], _ options: ConnectOptions) {
        var options = options
        options.attemptDelay = max(options.attemptDelay, .milliseconds(10))
        options.attemptLimit = max(options.attemptLimit, 1)
        self.options = options
        order = ConnectMachine.interleaved(families)
    }

    /// The families in turn, beginning with the first one's; within a family the order stays.
    static func interleaved(_ families: [Family]) -> [Int] {
        guard families.count > 1, let first = families.first else {
            return Array(families.indices)
        }
        let same = families.indices.filter { families[$0] == first }
        let others = families.indices.filter { families[$0] != first }
        var order: [Int] = []
        for turn in 0..<max(same.count, others.count) {
            if turn < same.count { order.append(same[turn]) }
            if turn < others.count { order.append(others[turn]) }
        }
        return order
    }

    public var isOver: Bool { state == .over }

    public mutating func begin(at now: Instant) -> Action {
        precondition(state == .idle, "begins twice")
        state = .racing
        return openNext(at: now)
    }

    /// - Parameter isLocal: no other address would do better.
    public mutating func failed(_ address: Int, isLocal: Bool, at now: Instant) -> Action {
        remove(address)
        if isLocal { next = order.count }
        return openNext(at: now)
    }

    public mutating func timeReached(_ now: Instant) -> Action {
        guard state == .racing, nextAttempt <= now else { return .none }
        return openNext(at: now)
    }

    /// - Returns: the attempts that have lost.
    public mutating func connected(_ address: Int) -> [Int] {
        remove(address)
        return abandon()
    }

    /// - Returns: the attempts under way.
    public mutating func abandon() -> [Int] {
        defer { underWay = [] }
        state = .over
        nextAttempt = .distantFuture
        return underWay
    }

    private mutating func remove(_ address: Int) {
        guard state == .racing, let index = underWay.firstIndex(of: address) else {
            preconditionFailure("an event of an attempt that is not under way")
        }
        underWay.remove(at: index)
    }

    private mutating func openNext(at now: Instant) -> Action {
        guard next < order.count else {
            nextAttempt = .distantFuture
            if !underWay.isEmpty { return .none }
            state = .over
            return .failed
        }
        let address = order[next]
        next += 1
        underWay.append(address)
        let isDelayRunning = next < order.count && underWay.count < options.attemptLimit
        nextAttempt = isDelayRunning ? now + options.attemptDelay : .distantFuture
        return .open(address)
    }
}
