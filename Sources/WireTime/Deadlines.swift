/// The part of an exchange that a failure belongs to.
public enum Phase: String, Sendable, CaseIterable {
    case resolve, connect, tls, request, head
    case firstContent = "first-content"
    case body, content, total, pool
}

/// The named deadlines of an exchange. When several pass at one instant, the first in this order
/// is the one reported.
public enum Deadline: UInt8, CaseIterable, Sendable {
    /// Turning the host's name into addresses.
    case resolve
    /// Until a connection stands, over all addresses tried.
    case connect
    case tlsHandshake
    /// Since the peer last accepted a byte of the request.
    case requestWrite
    /// From the request's last byte to the end of the response head. Ollama sends the head only
    /// with the first token: this covers its queue, the model's loading and the prompt's reading.
    case responseHead
    /// From the head to the first content, for servers that send the head early.
    case firstContent
    /// Since any byte of the body, or since the head.
    case bodyIdle
    /// Since the last record that carried something. Pings, blank lines and half records do not
    /// count, so a dripping peer cannot hold a caller.
    case contentIdle
    /// From the record that makes an answer whole to the body's end, which only the connection's next
    /// exchange needs. Armed by layers that know such a record.
    case bodyEnd
    /// The whole exchange, from its start.
    case total
    /// How long an idle connection is kept for another exchange.
    case keepAliveIdle
    /// Waiting for a connection while the pool is at its limits.
    case poolWait
    /// How long a body waits for 100 (Continue) until it is sent all the same: not a failure.
    case expectContinue

    public var phase: Phase {
        switch self {
        case .resolve: .resolve
        case .connect: .connect
        case .tlsHandshake: .tls
        case .requestWrite, .expectContinue: .request
        case .responseHead: .head
        case .firstContent: .firstContent
        case .bodyIdle, .bodyEnd: .body
        case .contentIdle: .content
        case .total: .total
        case .keepAliveIdle, .poolWait: .pool
        }
    }
}

/// How long each phase may take. Every value is finite by default except `total`.
public struct Deadlines: Sendable, Equatable {
    public var resolve = Timeout.seconds(10)
    public var connect = Timeout.seconds(10)
    public var tlsHandshake = Timeout.seconds(10)
    public var requestWrite = Timeout.seconds(30)
    /// Longer than the five minutes after which Ollama itself gives a loading model up.
    public var responseHead = Timeout.seconds(330)
    public var firstContent = Timeout.seconds(330)
    /// As long as `firstContent`, which it would else cut short; once content flows,
    /// `contentIdle` is the tighter one.
    public var bodyIdle = Timeout.seconds(330)
    public var contentIdle = Timeout.seconds(120)
    /// An answer that is whole ends well when it passes; only its connection is not kept.
    public var bodyEnd = Timeout.seconds(2)
    /// `.never`: a stream may be as long as its content keeps coming.
    public var total = Timeout.never
    public var keepAliveIdle = Timeout.seconds(30)
    public var poolWait = Timeout.seconds(60)
    public var expectContinue = Timeout.seconds(1)

    public init() {}

    public static let standard = Deadlines()

    /// A copy with one deadline changed: `.standard.with(\.bodyIdle, .seconds(3))`.
    public func with(_ field: WritableKeyPath<Deadlines, Timeout>, _ value: Timeout) -> Deadlines {
        var copy = self
        copy[keyPath: field] = value
        return copy
    }
}
