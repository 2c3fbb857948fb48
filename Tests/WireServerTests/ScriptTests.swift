import Testing
import WireServer
import WireTime

private let start = Instant(nanoseconds: 1_000_000)

/// Performs a script in virtual time, in which nothing takes any: what is sent when, and the end.
private func play(
    _ script: Script, taking most: Int = .max, actions: Int = 1_000
) -> (sent: [(at: Timeout, bytes: [UInt8])], last: ScriptPlayer.Action) {
    var player = ScriptPlayer(script, from: start)
    var now = start
    var sent: [(Timeout, [UInt8])] = []
    for _ in 0..<actions {
        switch player.next(at: now) {
        case .send(let bytes):
            sent.append((now.since(start), Array(bytes.prefix(most))))
            player.sent(min(most, bytes.count))
        case .wait(let due):
            #expect(due > now)
            if due == .distantFuture { return (sent, .wait(until: due)) }
            now = due
        case let end: return (sent, end)
        }
    }
    return (sent, player.next(at: now))
}

@Suite struct ScriptTests {
    @Test func stepsHappenInOrderAndAtTheirTimes() {
        let script = Script([
            .send([1, 2]), .wait(.milliseconds(5)), .send([3]), .send([]), .wait(.milliseconds(2)),
            .wait(.milliseconds(1)), .send([4]), .finish,
        ])
        let (sent, last) = play(script)
        #expect(sent.map(\.bytes) == [[1, 2], [3], [4]])
        #expect(sent.map(\.at) == [.zero, .milliseconds(5), .milliseconds(8)])
        #expect(last == .finish)
    }

    @Test func aPieceIsSentInAsManyPartsAsItTakes() {
        let (sent, last) = play(Script([.send([1, 2, 3, 4, 5]), .send([6])]), taking: 2)
        #expect(sent.map(\.bytes) == [[1, 2], [3, 4], [5], [6]])
        #expect(last == .done)
    }

    @Test func delaysDoNotAddUp() {
        var player = ScriptPlayer(
            Script([.wait(.milliseconds(10)), .send([1]), .wait(.milliseconds(10)), .send([2])]),
            from: start)
        #expect(player.next(at: start) == .wait(until: start + .milliseconds(10)))
        // Ten milliseconds late: the second piece is still due when it was.
        let late = start + .milliseconds(19)
        #expect(player.next(at: late) == .send([1]))
        player.sent(1)
        #expect(player.next(at: late) == .wait(until: start + .milliseconds(20)))
        // Held up for longer: it catches up at once.
        #expect(player.next(at: start + .seconds(1)) == .send([2]))
    }

    @Test func askingAgainChangesNothing() {
        var player = ScriptPlayer(Script([.wait(.milliseconds(1)), .send([1, 2])]), from: start)
        for _ in 0..<3 {
            #expect(player.next(at: start) == .wait(until: start + .milliseconds(1)))
        }
        for _ in 0..<3 { #expect(player.next(at: start + .seconds(1)) == .send([1, 2])) }
        player.sent(2)
        for _ in 0..<3 { #expect(player.next(at: start + .seconds(1)) == .done) }
    }

    @Test func loopsGoOn() {
        let (sent, _) = play(.endless([9], repeating: [1], every: .milliseconds(3)), actions: 9)
        #expect(sent.map(\.bytes) == [[9], [1], [1], [1], [1]])
        #expect(sent.map(\.at) == [0, 3, 6, 9, 12].map { Timeout.milliseconds($0) })
    }

    @Test func aLoopThatDoesNothingStalls() {
        #expect(play(Script([.goTo(0)])).last == .stall)
        #expect(play(Script([.send([]), .goTo(0)])).last == .stall)
        #expect(play(Script([.goTo(7)])).last == .done)
        #expect(play(Script([.goTo(-1)])).last == .stall)
    }

    @Test func waitingForEverIsStalling() {
        #expect(play(Script([.wait(.never), .send([1])])).last == .wait(until: .distantFuture))
    }

    @Test func splittingKeepsBytesAndLoops() {
        let script = Script([.send([1, 2, 3, 4, 5]), .wait(.seconds(1)), .send([6]), .goTo(2)])
        let split = script.split(every: 2, pause: .milliseconds(1))
        #expect(
            split.steps == [
                .send([1, 2]), .wait(.milliseconds(1)), .send([3, 4]), .wait(.milliseconds(1)),
                .send([5]), .wait(.seconds(1)), .send([6]), .goTo(6),
            ])
        #expect(split.sentBytes == script.sentBytes)
        #expect(Script([.goTo(1)]).split(every: 1) == Script([.goTo(1)]))
    }

    @Test func joiningMovesLoops() {
        let joined = Script.bytes([1, 2]).then(.stall) + .endless([3], repeating: [4])
        #expect(joined.steps.last == .goTo(3))
        #expect(joined.sentBytes == [1, 2, 3, 4])
    }

    @Test func misbehavioursAreWhatTheySay() {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(play(.silent).sent.isEmpty)
        #expect(play(.silent).last == .stall)
        #expect(play(.stalling(after: 2, of: bytes)).sent.map(\.bytes) == [[1, 2]])
        #expect(play(.stalling(after: 2, of: bytes)).last == .stall)
        #expect(play(.cut(after: 1, of: bytes)).last == .finish)
        #expect(play(.cut(after: 9, of: bytes, byReset: true)).last == .reset)
        let drip = play(.dripping(bytes, every: .milliseconds(4)))
        #expect(drip.sent.map(\.bytes) == [[1], [2], [3]])
        #expect(drip.sent.map(\.at) == [0, 4, 8].map { Timeout.milliseconds($0) })
    }

    @Test func responsesAreFramed() {
        let plain = Script.response(fields: [("X", "y")], body: [65])
        #expect(
            String(decoding: plain.sentBytes, as: UTF8.self)
                == "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 1\r\n\r\nA")
        let error = String(
            decoding: Script.error("a \"b\"", status: 404).sentBytes, as: UTF8.self)
        #expect(error.hasPrefix("HTTP/1.1 404 Not Found\r\n"))
        #expect(error.hasSuffix("Content-Length: 19\r\n\r\n{\"error\":\"a \\\"b\\\"\"}"))
        let head = Script.error("x", status: 404, toHEAD: true).sentBytes
        #expect(String(decoding: head, as: UTF8.self).hasSuffix("Content-Length: 13\r\n\r\n"))
        let stream = Script.ndjson(["{}", "[]"], every: .milliseconds(1))
        #expect(
            String(decoding: stream.sentBytes, as: UTF8.self).hasSuffix(
                "chunked\r\n\r\n3\r\n{}\n\r\n3\r\n[]\n\r\n0\r\n\r\n"))
        #expect(play(stream).sent.map(\.at) == [0, 1, 2, 2].map { Timeout.milliseconds($0) })
    }
}
