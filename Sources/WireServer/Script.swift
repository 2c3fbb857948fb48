public import WireTime

/// What a connection does in answer to one request, as data. Replays and misbehaviours alike are
/// scripts; the server performs them and stops at once when the client leaves.
///
/// A script that runs out leaves the connection open for the next request.
public struct Script: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        case send(ArraySlice<UInt8>)
        /// Nothing for so long, counted from when the last wait was due, not from when its bytes
        /// got out: delays do not add up, and a script that was held up catches up.
        case wait(Timeout)
        /// FIN behind what was sent; then what comes in is dropped until the client closes too, so
        /// that no reset can discard the last bytes (RFC 9112 9.6).
        case finish
        /// `close(2)` at once: whatever the client sends from now on is answered by RST.
        case close
        /// RST; what has not reached the client yet is lost.
        case reset
        /// Nothing more, until the client leaves.
        case stall
        /// On with the step at that index, for ever.
        case goTo(Int)
    }

    public var steps: [Step]

    public init(_ steps: [Step]) { self.steps = steps }

    /// Sends bytes in one piece.
    public static func bytes(_ bytes: some Sequence<UInt8>) -> Script {
        Script([.send(ArraySlice(bytes))])
    }

    /// Sends text in one piece.
    public static func text(_ text: String) -> Script { .bytes(text.utf8) }

    /// One script after the other.
    public static func + (first: Script, second: Script) -> Script {
        let moved = second.steps.map { step in
            if case .goTo(let index) = step { Step.goTo(index + first.steps.count) } else { step }
        }
        return Script(first.steps + moved)
    }

    /// The script and one more step.
    public func then(_ step: Step) -> Script { self + Script([step]) }

    /// The same bytes, cut into pieces of at most `count` bytes, each handed to the kernel by
    /// itself, with a pause between them. (Without one, the receiver may well find pieces joined.)
    public func split(every count: Int, pause: Timeout = .zero) -> Script {
        precondition(count > 0, "pieces of no bytes")
        var split: [Step] = []
        var places: [Int] = []
        for step in steps {
            places.append(split.count)
            guard case .send(var rest) = step else {
                split.append(step)
                continue
            }
            while !rest.isEmpty {
                split.append(.send(rest.prefix(count)))
                rest = rest.dropFirst(count)
                if pause > .zero, !rest.isEmpty { split.append(.wait(pause)) }
            }
        }
        places.append(split.count)
        return Script(
            split.map { step in
                if case .goTo(let index) = step { Step.goTo(places[index]) } else { step }
            })
    }

    /// Every byte that the script sends, up to its first loop.
    public var sentBytes: [UInt8] {
        var all: [UInt8] = []
        for step in steps {
            switch step {
            case .send(let bytes): all += bytes
            case .goTo: return all
            default: break
            }
        }
        return all
    }
}
