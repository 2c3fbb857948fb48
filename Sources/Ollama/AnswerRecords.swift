public import OllamaProtocol
internal import WireDriver
public import WireExchange
internal import WireHTTPClient
public import WireTime

/// The records of a chat or a generation, borrowed as they come. It owns its connection: dropped before
/// its end it closes that before the next statement runs, and the server stops generating.
///
/// A call returns without suspending while there is a record in the receive buffer. See `Answer`.
public struct AnswerRecords: ~Copyable {
    private var exchange: AnswerExchange
    private let system: any AsyncNetworkSystem
    private let isWatched: Bool

    /// - Parameter isWatched: a handler around the records' life cancels them with the task.
    init(_ call: AnswerCall, isWatched: Bool = false) {
        self.isWatched = isWatched
        exchange = call.begin()
        system = call.http.system
    }

    /// The next record, borrowed until the following call; nil behind the last.
    @_lifetime(&self)
    public mutating func next() async throws(StreamError) -> AnswerRecord? {
        guard try await advance() else { return nil }
        return exchange.record()
    }

    /// The next piece of text that is not empty, or nil behind the last. Thinking and tool calls are
    /// passed over.
    public mutating func nextText() async throws(StreamError) -> String? {
        while try await advance() {
            if exchange.answer.hasText { return exchange.text }
        }
        return nil
    }

    /// The whole answer. Once its terminal record has come, it is given although the connection fails
    /// behind that.
    public consuming func collect() async throws(StreamError) -> Reply {
        try await collectAll()
    }

    @inline(never)
    mutating func collectAll() async throws(StreamError) -> Reply {
        var collector = ReplyCollector(limit: exchange.replyLimit)
        do throws(StreamError) {
            while try await advance() { try exchange.add(to: &collector) }
        } catch { return try exchange.reply(of: collector, endedBy: error) }
        return try exchange.reply(of: collector)
    }

    /// Closes the connection now; the server stops generating. Dropping the answer does the same.
    public mutating func cancel() { exchange.abandon() }

    /// What the terminal record says; nil before it.
    public var summary: Summary? { exchange.answer.summary }
    /// When what of the exchange happened; what has not happened yet is nil.
    public var timings: ExchangeTimings { exchange.exchange.timings }
    /// How far the exchange has come.
    public var progress: Progress { exchange.exchange.progress }
    /// When the record returned last came, by the kernel's stamp; nil unless
    /// `options.http.socket.receiveTimestamps` is on.
    public var arrival: Arrival? { exchange.exchange.arrival }
    /// The connection had carried an exchange before.
    public var isReusedConnection: Bool { exchange.exchange.isReused }

    private mutating func advance() async throws(StreamError) -> Bool {
        while true {
            switch try exchange.step() {
            case .record: return true
            case .end: return false
            case .blocked:
                let outcome = await perform(exchange.nextWait(), system, isWatched: isWatched)
                try exchange.woke(outcome)
            }
        }
    }
}
