import Testing
import WireBytes

@testable import WireProxy

@Suite struct RecordWatchTests {
    private func count(
        _ text: String, _ type: String, everyBytes size: Int
    ) -> (records: Int, isBetween: Bool) {
        var watch = RecordWatch(contentType: type)
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let piece = rest.prefix(size)
            _ = watch.take(piece.span)
            rest = rest.dropFirst(size)
        }
        return (watch.count, watch.isBetweenRecords)
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func linesThatCarrySomethingAreRecords(size: Int) {
        let type = "application/x-ndjson"
        #expect(count("{}\n{}\r\n", type, everyBytes: size) == (2, true))
        #expect(count("\n \r\n\t\n", type, everyBytes: size) == (0, true))
        #expect(count("{}\n{", type, everyBytes: size) == (1, false))
    }

    @Test(arguments: [1, 2, 3, 7, 1000])
    func dataLinesAreRecordsAndPingsAreNot(size: Int) {
        let type = "text/event-stream; charset=utf-8"
        #expect(count("data: 1\n\ndata:2\n\n", type, everyBytes: size) == (2, true))
        #expect(count(": ping\n\n: ping\n\n", type, everyBytes: size) == (0, true))
        #expect(count("event: x\nid: 1\n\n", type, everyBytes: size) == (0, true))
        #expect(count("event: x\ndata: 1\n", type, everyBytes: size) == (1, false))
        #expect(count("dat", type, everyBytes: size) == (0, false))
        #expect(count("database: 1\ndata\n\n", type, everyBytes: size) == (0, true))
    }

    @Test func ofOtherBodiesEveryPieceCountsAndNoneIsAPlaceToEnd() {
        #expect(count("abcdef", "application/json", everyBytes: 2) == (3, false))
        #expect(count("", "application/json", everyBytes: 2) == (0, false))
    }
}
