import Testing
import WireTime

/// What reads and stamps say of when records came.
@Suite struct ArrivalTests {
    private func at(_ milliseconds: Int64) -> Instant {
        Instant(nanoseconds: milliseconds * 1_000_000)
    }

    @Test func nothingIsKnownBeforeTheFirstRead() {
        #expect(ArrivalLog().arrival(endsRead: true) == nil)
    }

    @Test func aloneInReadsThatEmptiedTheSocket() {
        var log = ArrivalLog()
        for time: Int64 in [10, 20, 30] {
            log.read(stamp: at(time), emptied: true, end: at(time + 1))
            log.noteRecord()
            let arrival = log.arrival(endsRead: true)
            #expect(
                arrival == Arrival(after: at(time), by: at(time), isCoalesced: false))
        }
    }

    /// Five records that came 10 ms apart and were read late, at once: bounds, never five times.
    @Test func fiveInOneLateRead() {
        var log = ArrivalLog()
        log.read(stamp: at(10), emptied: true, end: at(12))
        log.noteRecord()
        log.read(stamp: at(60), emptied: true, end: at(90))
        for place in 1...5 {
            log.noteRecord()
            let arrival = log.arrival(endsRead: place == 5)
            #expect(arrival == Arrival(after: at(12), by: at(60), isCoalesced: true))
        }
        // And the next one is exact again.
        log.read(stamp: at(100), emptied: true, end: at(101))
        log.noteRecord()
        #expect(log.arrival(endsRead: true)?.isCoalesced == false)
    }

    @Test func aReadThatLeftSomething() {
        var log = ArrivalLog()
        log.read(stamp: at(10), emptied: true, end: at(11))
        log.read(stamp: at(20), emptied: false, end: at(25))
        log.noteRecord()
        #expect(
            log.arrival(endsRead: true) == Arrival(after: at(11), by: at(20), isCoalesced: true))
        // What follows may have been there at the time of that read.
        log.read(stamp: at(24), emptied: true, end: at(26))
        log.noteRecord()
        #expect(
            log.arrival(endsRead: true) == Arrival(after: at(11), by: at(24), isCoalesced: true))
        log.read(stamp: at(40), emptied: true, end: at(41))
        log.noteRecord()
        #expect(log.arrival(endsRead: true)?.isCoalesced == false)
    }

    @Test func moreBehindIt() {
        var log = ArrivalLog()
        log.read(stamp: at(10), emptied: true, end: at(11))
        log.noteRecord()
        #expect(log.arrival(endsRead: false)?.isCoalesced == true)
    }

    @Test func withoutAStamp() {
        var log = ArrivalLog()
        log.read(stamp: nil, emptied: true, end: at(11))
        log.noteRecord()
        #expect(log.arrival(endsRead: true) == Arrival(after: nil, by: at(11), isCoalesced: true))
    }
}
