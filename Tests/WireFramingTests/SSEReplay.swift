import TestSupport
import WireBytes
import WireFraming

/// What comes out of an event stream, in order.
enum ReplayedEvent: Equatable, Sendable {
    case event(type: [UInt8], data: [UInt8], id: [UInt8])
    case retry(Int)
    case error(FramingError)
}

/// Brings the pieces to an `SSEFramer`, each from the edge of a guard page. Retry values are not
/// events of a framer, so they are missing.
func frameEvents(_ input: [UInt8], _ cut: Segmentation, limit: ByteLimit) -> [ReplayedEvent] {
    var found: [ReplayedEvent] = []
    var framer = SSEFramer(limit: limit)
    var guarded = GuardedBytes(capacity: input.count)
    do throws(FramingError) {
        for piece in cut.pieces(of: input.count) {
            framer.append(guarded.place(input.span.extracting(piece)))
            while let event = try framer.next() {
                found.append(
                    .event(
                        type: [UInt8](copying: event.type), data: [UInt8](copying: event.data),
                        id: [UInt8](copying: event.lastEventID)))
            }
        }
    } catch { found.append(.error(error)) }
    return found
}

/// Brings the pieces as a socket does to a buffer, and looks at it with an `SSEScanner`.
///
/// - Parameter exposed: how many bytes are released at a time, as a transfer decoder does.
func scanEvents(
    _ input: [UInt8], _ cut: Segmentation, limit: ByteLimit, exposed: Int
) -> [ReplayedEvent] {
    var found: [ReplayedEvent] = []
    var buffer = ReceiveBuffer(limit: .mebibytes(4))
    var scanner = SSEScanner(limit: limit)
    do throws(FramingError) {
        for piece in cut.pieces(of: input.count) {
            do throws(ByteLimitExceeded) {
                try buffer.receive(input.span.extracting(piece))
            } catch { fatalError("\(error)") }
            while buffer.rawCount > 0 {
                buffer.expose(min(exposed, buffer.rawCount))
                try takeAll(&scanner, &buffer, &found)
            }
        }
    } catch {
        found.append(.error(error))
        do throws(FramingError) {
            try takeAll(&scanner, &buffer, &found)
            fatalError("no error after \(error)")
        } catch let again { precondition(again == error, "\(again) after \(error)") }
    }
    return found
}

private func takeAll(
    _ scanner: inout SSEScanner, _ buffer: inout ReceiveBuffer, _ found: inout [ReplayedEvent]
) throws(FramingError) {
    while true {
        switch try scanner.next(in: &buffer) {
        case .needsBytes: return
        case .retry(let milliseconds): found.append(.retry(milliseconds))
        case .event:
            found.append(
                .event(
                    type: [UInt8](copying: scanner.eventType),
                    data: [UInt8](copying: scanner.data(in: buffer)),
                    id: [UInt8](copying: scanner.lastEventID)))
        }
    }
}

extension [ReplayedEvent] {
    var withoutRetries: [ReplayedEvent] {
        filter { if case .retry = $0 { false } else { true } }
    }
}

extension SSEOracle.Found {
    /// What a scanner found, its bytes as text.
    init?(_ replayed: ReplayedEvent) {
        switch replayed {
        case .event(let type, let data, let id):
            let name = type.isEmpty ? "message" : String(decoding: type, as: UTF8.self)
            self = .event(
                name: name, data: String(decoding: data, as: UTF8.self),
                id: String(decoding: id, as: UTF8.self))
        case .retry(let milliseconds): self = .retry(milliseconds)
        case .error: return nil
        }
    }
}
