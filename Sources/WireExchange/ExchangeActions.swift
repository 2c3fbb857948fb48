public import WireTime

/// What a driver has to do after an event, in order.
public enum ExchangeAction: Sendable, Equatable {
    /// Send no more of the request.
    case stopWriting
    /// The connection is clean: back to the pool.
    case release
    /// Close the connection now.
    case close
    /// Take a fresh connection and send the request once more.
    case retry
    /// The exchange ends with this error. Indirect, so that the others, of which every exchange has one,
    /// are a word.
    indirect case fail(TransportError)
}

/// At most two actions, inline.
public struct ExchangeActions: Sendable {
    private var slots: InlineArray<2, ExchangeAction?> = [nil, nil]
    public private(set) var count = 0

    public init() {}

    init(_ first: ExchangeAction, _ second: ExchangeAction? = nil) {
        append(first)
        if let second { append(second) }
    }

    mutating func append(_ action: ExchangeAction) {
        slots[count] = action
        count += 1
    }

    public var isEmpty: Bool { count == 0 }

    public subscript(index: Int) -> ExchangeAction { slots[index]! }

    public func contains(_ action: ExchangeAction) -> Bool {
        (0..<count).contains { self[$0] == action }
    }

    /// The error that the exchange ended with, if it did.
    public var error: TransportError? {
        for index in 0..<count {
            if case .fail(let error) = self[index] { return error }
        }
        return nil
    }
}

/// When things happened; nil for what did not.
public struct ExchangeTimings: Sendable, Equatable {
    public internal(set) var start = Instant(nanoseconds: 0)
    public internal(set) var resolved: Instant?
    public internal(set) var connected: Instant?
    /// The TLS handshake was done.
    public internal(set) var secured: Instant?
    public internal(set) var requestSent: Instant?
    public internal(set) var firstByte: Instant?
    public internal(set) var head: Instant?
    public internal(set) var firstContent: Instant?
    public internal(set) var lastByte: Instant?
    public internal(set) var end: Instant?

    /// Time from the start to one of the others.
    public func sinceStart(_ instant: KeyPath<ExchangeTimings, Instant?>) -> Timeout? {
        self[keyPath: instant].map { $0.since(start) }
    }
}

/// When a request whose connection died may be sent again on a fresh one (RFC 9112 9.3.1): only
/// if it died under a *reused* connection (the peer may have closed it while it was idle), nothing
/// of an answer came, and repeating is harmless. At most once, since the second is not reused.
public struct RetryRule: Sendable, Equatable {
    /// The method is idempotent, or the caller says that repeating is all right.
    public let mayRepeat: Bool

    public init(mayRepeat: Bool) { self.mayRepeat = mayRepeat }

    public func allows(reused: Bool, bytesWritten: Int, bytesReceived: Int) -> Bool {
        reused && bytesReceived == 0 && (mayRepeat || bytesWritten == 0)
    }
}

/// A request as the machine knows it: how much there is of it.
public struct RequestForm: Sendable, Equatable {
    /// Head and body as they go on the wire, as far as they are known.
    public var bytes: Int
    /// The body goes on behind them.
    public var isOpen: Bool
    /// How many of the bytes go ahead, if the rest waits for 100 (Continue).
    public var heldBehind: Int?

    public init(bytes: Int, isOpen: Bool = false, heldBehind: Int? = nil) {
        self.bytes = bytes
        self.isOpen = isOpen
        self.heldBehind = heldBehind
    }
}
