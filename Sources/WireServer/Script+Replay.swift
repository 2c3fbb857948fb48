internal import WireTime

/// How fast a recording is played.
public enum Pace: Sendable, Equatable {
    /// With the recorded times.
    case recorded
    /// With the recorded times multiplied: 0.5 is twice as fast.
    case factor(Double)
    /// Without any times, in one piece.
    case full
}

extension Script {
    /// The recorded response, byte for byte, and the close if there was one.
    ///
    /// - Parameter skipping: leave out so many bytes at the front (1xx responses sent before).
    public static func replaying(
        _ exchange: RecordedExchange, pace: Pace, skipping: Int = 0
    ) -> Script {
        let script = playing(exchange.pieces, pace: pace, skipping: skipping)
        return exchange.closesConnection ? script.then(.finish) : script
    }

    /// All that came on the recorded connection, whatever the requests, and then the close: for
    /// recordings whose requests are not HTTP/1.1.
    public static func replaying(_ recording: Recording, pace: Pace) -> Script {
        playing(recording.pieces, pace: pace, skipping: 0).then(.finish)
    }

    private static func playing(
        _ pieces: [RecordedExchange.Piece], pace: Pace, skipping: Int
    ) -> Script {
        var skip = skipping
        var script = Script([])
        var clock = Timeout.zero
        for piece in pieces {
            let bytes = piece.bytes.dropFirst(skip)
            skip -= piece.bytes.count - bytes.count
            if bytes.isEmpty { continue }
            let time = pace.applied(to: piece.at)
            if time > clock {
                let pause = Timeout(nanoseconds: time.nanoseconds - clock.nanoseconds)
                script.steps.append(.wait(pause))
                clock = time
            }
            script.steps.append(.send(bytes))
        }
        return pace == .full ? .bytes(script.sentBytes) : script
    }
}

extension Pace {
    /// A recorded time as it is played; `.never` when it is out of range.
    func applied(to time: Timeout) -> Timeout {
        switch self {
        case .recorded: return time
        case .full: return .zero
        case .factor(let factor):
            let scaled = (Double(time.nanoseconds) * factor).rounded()
            return scaled > 0 ? Timeout(nanoseconds: Int64(exactly: scaled) ?? .max) : .zero
        }
    }
}
