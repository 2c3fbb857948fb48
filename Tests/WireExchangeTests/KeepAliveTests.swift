import TestSupport
import Testing
import WireBytes
import WireHTTP1
import WireTime

@testable import WireExchange

/// Rule (2): an idle limit below the server's, by what it says in `Keep-Alive: timeout`.
@Suite struct KeepAliveTests {
    private func reader(_ fields: String) throws -> MessageReader {
        var reader = MessageReader(
            toHEAD: false, limits: .standard, recordLimit: .kibibytes(64))
        let bytes = Array("HTTP/1.1 204 No\r\n\(fields)\r\n".utf8)
        try reader.refill { output in
            for byte in bytes { output.append(byte) }
        }
        #expect(try reader.readHead() == .head)
        return reader
    }

    @Test(
        arguments: [
            ("", nil), ("Connection: keep-alive\r\n", nil), ("Keep-Alive: 5\r\n", nil),
            ("Keep-Alive: max=100\r\n", nil), ("Keep-Alive: timeout\r\n", nil),
            ("Keep-Alive: timeout=\r\n", nil), ("Keep-Alive: timeout=-5\r\n", nil),
            ("Keep-Alive: timeout=5s\r\n", nil), ("Keep-Alive: xtimeout=5\r\n", nil),
            ("Keep-Alive: timeout=5\r\n", 5), ("keep-alive: TimeOut = 5 \r\n", 5),
            ("Keep-Alive: timeout=5, max=100\r\n", 5), ("Keep-Alive: max=100,timeout=72\r\n", 72),
            ("Keep-Alive: timeout=\"5\"\r\n", 5), ("Keep-Alive: timeout=0\r\n", 0),
            ("Keep-Alive: timeout=9, timeout=7\r\n", 7),
            ("Keep-Alive: timeout=x\r\nKeep-Alive: timeout=7\r\nKeep-Alive: timeout=8\r\n", 7),
            ("Keep-Alive: timeout=99999999999999999999999999\r\n", 3_155_760_000),
        ] as [(String, Int?)])
    func whatTheServerSays(_ fields: String, _ seconds: Int?) throws {
        let reader = try reader(fields)
        #expect(reader.head?.keepAliveSeconds == seconds)
        if seconds == nil { #expect(reader.idleLimit == .never) }
    }

    /// A second of margin, of short limits half.
    @Test(arguments: [(0, 0), (1, 500), (2, 1_000), (5, 4_000), (75, 74_000)] as [(Int, Int64)])
    func theMargin(_ seconds: Int, _ limit: Int64) throws {
        #expect(
            try reader("Keep-Alive: timeout=\(seconds)\r\n").idleLimit == .milliseconds(limit))
    }

    @Test func theHeapIsSorted() {
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var heap = ExpiryHeap<Int>()
            var model: [(due: Int, stamp: Int)] = []
            for stamp in 0..<200 {
                if random.below(3) == 0, let first = heap.first {
                    let least = model.indices.min {
                        (model[$0].due, model[$0].stamp) < (model[$1].due, model[$1].stamp)
                    }!
                    let expected = model.remove(at: least)
                    let isRight = (first.element, first.stamp) == (expected.stamp, expected.stamp)
                    if !isRight { return fail("seed \(seed), step \(stamp)") }
                    heap.removeFirst()
                } else {
                    let due = random.below(20)
                    heap.insert(stamp, due: Instant(nanoseconds: Int64(due)), stamp: stamp)
                    model.append((due, stamp))
                }
                if random.below(50) == 0 {
                    heap.prune { $0 % 2 == 0 }
                    model.removeAll { $0.stamp % 2 != 0 }
                }
                if heap.count != model.count { return fail("seed \(seed), step \(stamp): count") }
            }
        }
    }
}
