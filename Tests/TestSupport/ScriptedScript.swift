public import WireSockets
public import WireTime

/// What becomes of one scripted connection: how it opens, what comes in, what it takes. Times are
/// virtual; "since the start" means since the `ScriptedSystem` was made.
public struct ConnectionScript: Sendable {
    public enum Opening: Sendable {
        case established(after: Timeout)
        /// The attempt fails once the driver asks how it went.
        case fails(SystemError, after: Timeout)
        /// `open` itself fails.
        case failsAtOnce(SystemError)
        case never
    }

    public enum Input: Sendable {
        /// One read brings these, or as many as it has room for; the rest stays for the next.
        case bytes([UInt8])
        /// The same piece again and again, each its own read.
        case repeated([UInt8], count: Int)
        /// What follows comes so much later than what was before.
        case pause(Timeout)
        /// What follows comes no earlier than this, since the start.
        case at(Timeout)
        /// What follows comes once the client has sent one more request to its end.
        case request
        /// What follows comes once the client has sent so many bytes in all.
        case sent(Int)
        case end
        case reset
        case fail(SystemError)
        /// A wait says that there is something to read, and there is not.
        case spuriousWake
        /// A wait ends before anything has come, as it does after a signal.
        case interruptedWait
        /// Something that another thread does at this moment.
        case perform(@Sendable (ScriptedSystem) -> Void)
    }

    /// Each step is for one `send`; behind the last one every `send` takes all.
    public enum Output: Sendable {
        /// Takes at most so many bytes.
        case accept(Int)
        /// EAGAIN, and nothing is taken for so long.
        case block(Timeout)
        case blockForEver
        case fail(SystemError)
    }

    public var opening = Opening.established(after: .zero)
    public var input: [Input]
    public var output: [Output]

    public init(
        _ input: [Input] = [], output: [Output] = [],
        opening: Opening = .established(after: .zero)
    ) {
        self.input = input
        self.output = output
        self.opening = opening
    }

    /// Answers one request after another, then stays open.
    public static func responses(_ responses: String...) -> ConnectionScript {
        ConnectionScript(responses.flatMap { [.request, .bytes([UInt8]($0.utf8))] })
    }
}

extension ConnectionScript.Input {
    public static func text(_ text: String) -> Self { .bytes([UInt8](text.utf8)) }
}

/// A call that a driver made.
public enum ScriptedCall: Equatable, Sendable {
    case resolve(String)
    case open(String)
    /// 115 (EINPROGRESS) while it is pending.
    case finishConnecting(errorNumber: Int32)
    case waitForAny([Int], until: Timeout)
    case wait(read: Bool, write: Bool, until: Timeout)
    case send(Int)
    case sendBlocked
    case sendFailed(Int32)
    case receive(Int)
    case receiveBlocked
    case receiveEnd
    case receiveFailed(Int32)
    case peek(Bool)
    case lowWatermark(Int)
    case close
}

/// A call, when it returned, and on which connection (from 1 in the order of opening; 0: none).
public struct ScriptedEvent: Equatable, Sendable {
    public let at: Timeout
    public let connection: Int
    public let call: ScriptedCall
}

extension ScriptedEvent: CustomStringConvertible {
    public var description: String { "\(at) #\(connection) \(call)" }
}
