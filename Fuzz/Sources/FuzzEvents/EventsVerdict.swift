internal import WireBytes
internal import WireFraming

/// All that an event framer says about one input.
struct EventsVerdict: Equatable {
    struct Event: Equatable {
        let type: [UInt8]
        let data: [UInt8]
        let lastEventID: [UInt8]
    }

    var error: FramingError?
    var events: [Event] = []
    var reconnectionMilliseconds: Int?

    init(_ input: [UInt8], in pieces: [Range<Int>], limit: Int) {
        var framer = SSEFramer(limit: .bytes(limit))
        do throws(FramingError) {
            for piece in pieces {
                framer.append(input.span.extracting(piece))
                while let event = try framer.next() {
                    events.append(
                        Event(
                            type: [UInt8](copying: event.type), data: [UInt8](copying: event.data),
                            lastEventID: [UInt8](copying: event.lastEventID)))
                }
            }
        } catch { self.error = error }
        reconnectionMilliseconds = framer.reconnectionMilliseconds
        for event in events {
            precondition(!event.type.contains(0x0A) && !event.lastEventID.contains(0), "\(event)")
        }
    }
}

extension EventsVerdict {
    /// Stops the fuzzer unless the oracle has found the same events.
    func requireSame(as oracle: [SSEOracle.Found]) {
        func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
        let found = events.map { event in
            SSEOracle.Found.event(
                name: event.type.isEmpty ? "message" : text(event.type), data: text(event.data),
                id: text(event.lastEventID))
        }
        let expected = oracle.filter { if case .event = $0 { true } else { false } }
        precondition(found == expected, "\(found), not \(expected)")
    }
}
