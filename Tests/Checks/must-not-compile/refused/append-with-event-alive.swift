// expect: overlapping accesses to 'events'
import WireFraming

func appendWithEventAlive(_ events: inout SSEFramer, _ bytes: [UInt8]) throws {
    guard let event = try events.next() else { return }
    events.append(bytes.span)
    print(event.data.count)
}
