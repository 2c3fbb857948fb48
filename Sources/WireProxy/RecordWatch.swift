internal import WireBytes

/// Counts what a response's body carries, as it passes by. Pure.
///
/// In NDJSON a record is a line that is not blank, in an event stream a `data` line: pings, comments
/// and half records are none. In any other body every piece counts.
struct RecordWatch {
    private enum Kind { case lines, events, pieces }

    private enum Line {
        case blank
        /// An event stream's field so far: as far as it is the beginning of `data`.
        case name(Int)
        case content
        case other
    }

    private let kind: Kind
    private var line = Line.blank
    /// Of an event stream: lines of an event that is not over.
    private var isInsideEvent = false
    private(set) var count = 0

    init(contentType: String?) {
        let type = (contentType ?? "").prefix { $0 != ";" }.lowercased()
        if type.hasPrefix("application/x-ndjson") {
            kind = .lines
        } else if type.hasPrefix("text/event-stream") {
            kind = .events
        } else {
            kind = .pieces
        }
    }

    var isEventStream: Bool { kind == .events }

    /// Something may be put in here without cutting a record in two. Never in a body of one piece.
    var isBetweenRecords: Bool {
        guard case .blank = line else { return false }
        return kind != .pieces && !isInsideEvent
    }

    /// - Returns: how many records have ended in this piece.
    mutating func take(_ piece: Span<UInt8>) -> Int {
        let before = count
        if kind == .pieces {
            count += piece.isEmpty ? 0 : 1
        } else {
            for index in piece.indices { take(piece[index]) }
        }
        return count - before
    }

    private static let name = Array("data".utf8)

    private mutating func take(_ byte: UInt8) {
        if byte == ASCII.lf { return endLine() }
        if byte == ASCII.cr { return }
        switch line {
        case .blank where kind == .lines:
            if !ASCII.isBlank(byte) { line = .content }
        case .blank: line = byte == RecordWatch.name[0] ? .name(1) : .other
        case .name(let length):
            if length == RecordWatch.name.count {
                line = byte == UInt8(ascii: ":") ? .content : .other
            } else {
                line = byte == RecordWatch.name[length] ? .name(length + 1) : .other
            }
        case .content, .other: break
        }
    }

    private mutating func endLine() {
        switch line {
        case .content:
            count += 1
            isInsideEvent = kind == .events
        case .blank: isInsideEvent = false
        case .name, .other: isInsideEvent = kind == .events
        }
        line = .blank
    }
}
