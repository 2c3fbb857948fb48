// expect: 'events' used after consume
import WireFraming

func framerTwice() throws {
    var events = SSEFramer(limit: .mebibytes(1))
    var other = events
    _ = try other.next()
    _ = try events.next()
}
