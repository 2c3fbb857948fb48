public import WireBytes

/// What a framer refuses: only size, since every byte sequence is lines or events of some kind.
public enum FramingError: Error, Equatable, Sendable {
    /// A line (or its unfinished part) is longer than `limit`. `offset` is where it starts.
    case lineTooLong(limit: ByteLimit, offset: Int)
    /// The lines of one event are longer than `limit` together. `offset` is where it starts.
    case eventTooLong(limit: ByteLimit, offset: Int)
    /// A body that is one record is longer than `limit`.
    case bodyTooLong(limit: ByteLimit)
}

extension FramingError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .lineTooLong(let limit, let offset):
            "the line at byte \(offset) is longer than the limit of \(limit.bytes) bytes"
        case .eventTooLong(let limit, let offset):
            "the event at byte \(offset) is longer than the limit of \(limit.bytes) bytes"
        case .bodyTooLong(let limit): "the body is longer than the limit of \(limit.bytes) bytes"
        }
    }
}
