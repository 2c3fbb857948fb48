public import WireBytes

/// Server-sent events out of bytes that the caller brings.
///
///     var events = SSEFramer(limit: .mebibytes(4))
///     events.append(bytes)
///     while let event = try events.next() { handle(event.name, event.data) }
public struct SSEFramer: ~Copyable {
    private var buffer = ReceiveBuffer(limit: .bytes(.max))
    private var scanner: SSEScanner
    /// The last `retry` field accepted, in milliseconds.
    public private(set) var reconnectionMilliseconds: Int?

    /// An event, borrowed from whoever found it until that one's next call.
    public struct Event: ~Escapable {
        /// Empty stands for `message`.
        public let type: Span<UInt8>
        public let data: Span<UInt8>
        /// The last event id in force.
        public let lastEventID: Span<UInt8>

        /// The event's name as the standard's `type` attribute has it.
        public var name: String { type.isEmpty ? "message" : String(decoding: type) }

        @_lifetime(copy type, copy data, copy lastEventID)
        package init(type: Span<UInt8>, data: Span<UInt8>, lastEventID: Span<UInt8>) {
            self.type = type
            self.data = data
            self.lastEventID = lastEventID
        }
    }

    /// - Parameter limit: the most bytes that the lines of one event may have together.
    public init(limit: ByteLimit) { scanner = SSEScanner(limit: limit) }

    /// Adds input. Take the events out before adding more: all that is added is kept until then.
    public mutating func append(_ bytes: Span<UInt8>) { buffer.appendContent(bytes) }

    /// The next event, or nil when more input is needed. There is no `finish`: an event that the
    /// input leaves unfinished is discarded (WHATWG HTML 9.2.6).
    @_lifetime(&self)
    public mutating func next() throws(FramingError) -> Event? {
        while true {
            switch try scanner.next(in: &buffer) {
            case .retry(let milliseconds): reconnectionMilliseconds = milliseconds
            case .needsBytes: return nil
            case .event:
                return Event(
                    type: scanner.eventType, data: scanner.data(in: buffer),
                    lastEventID: scanner.lastEventID)
            }
        }
    }
}
