import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSockets
import WireTime

/// Peers that speak no HTTP, or too much of it: a typed error each time, soon, in little memory.
@Suite(.eachDriver) struct RubbishTests {
    private func outcome(_ input: [ConnectionScript.Input]) -> String {
        let system = ScriptedSystem(ConnectionScript([.request] + input + [.end]))
        system.recordsCalls = false
        system.callLimit = 100_000
        var client = makeClient(system)
        let error = client.error(of: get())
        if !system.problems.isEmpty { return system.problems.joined(separator: "; ") }
        if error != nil, !system.connections[0].isClosed { return "left open" }
        return error.map { "\($0.kind) at \($0.offset ?? -1)" } ?? "ok"
    }

    private func expectSame(_ bytes: [UInt8], _ seed: UInt64) {
        let whole = outcome([.bytes(bytes)])
        let cut = outcome(bytes.map { .bytes([$0]) })
        if whole != cut { fail("seed \(seed): whole \(whole), cut \(cut)") }
    }

    @Test func randomBytes() {
        for seed in UInt64(0)..<1_000 {
            var random = SeededGenerator(seed: seed)
            expectSame(random.bytes(1 + random.below(60)), seed)
        }
    }

    @Test func damagedResponses() {
        let good = [
            okResponse, chunkedHead + chunk("one\n") + chunk("two\n") + "0\r\nA: b\r\n\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n" + okResponse, "HTTP/1.0 200 OK\r\n\r\nrest\n",
        ]
        let bytes = [UInt8]("\r\n :;,0123456789abcdefx\u{0}\u{7F}\u{80}HTP/1.".utf8)
        for seed in UInt64(0)..<4_000 {
            var random = SeededGenerator(seed: seed)
            var text = [UInt8](random.pick(good).utf8)
            for _ in 0...random.below(3) {
                let index = random.below(text.count)
                switch random.below(3) {
                case 0: text[index] = random.pick(bytes)
                case 1: text.insert(random.pick(bytes), at: index)
                default: text.remove(at: index)
                }
            }
            expectSame(text, seed)
        }
    }

    /// What each of these has in common: it never ends, and the client stops reading it.
    struct Endless: CustomStringConvertible, Sendable {
        let description: String
        let head: String
        let piece: String
        let kind: TransportError.Kind
        /// How much of it may be read.
        let most: Int
    }

    static let endless = [
        Endless(
            description: "a header line of a gibibyte", head: "HTTP/1.1 200 OK\r\nA: ",
            piece: String(repeating: "a", count: 64 << 10), kind: .tooLarge, most: 256 << 10),
        Endless(
            description: "a status line of a gibibyte", head: "HTTP/1.1 200 ",
            piece: String(repeating: "a", count: 64 << 10), kind: .tooLarge, most: 256 << 10),
        Endless(
            description: "a million fields", head: "HTTP/1.1 200 OK\r\n", piece: "A: b\r\n",
            kind: .tooLarge, most: 8 << 10),
        Endless(
            description: "a folded field", head: "HTTP/1.1 200 OK\r\nA: b\r\n",
            piece: " more\r\n", kind: .tooLarge, most: 512 << 10),
        Endless(
            description: "informational responses", head: "",
            piece: "HTTP/1.1 102 Processing\r\nA: b\r\n\r\n", kind: .tooLarge, most: 8 << 10),
        Endless(
            description: "a chunk extension", head: chunkedHead + "1;",
            piece: String(repeating: "x", count: 1_000), kind: .tooLarge, most: 64 << 10),
        Endless(
            description: "chunk extensions", head: chunkedHead,
            piece: "1;" + String(repeating: "x", count: 200) + "\r\n\n\r\n", kind: .tooLarge,
            most: 64 << 10),
        Endless(
            description: "blanks in a chunk's line", head: chunkedHead + "1",
            piece: String(repeating: " ", count: 1_000), kind: .tooLarge, most: 64 << 10),
        Endless(
            description: "trailers", head: chunkedHead + "0\r\n", piece: "A: b\r\n",
            kind: .tooLarge, most: 64 << 10),
        Endless(
            description: "a chunk's size", head: chunkedHead, piece: "0", kind: .badChunk,
            most: 1 << 10),
        Endless(
            description: "nothing but line ends", head: "", piece: "\r\n", kind: .badStatusLine,
            most: 1 << 10),
    ]

    @Test(arguments: endless) func stopsReading(_ peer: Endless) throws {
        let head: [ConnectionScript.Input] = peer.head.isEmpty ? [] : [.text(peer.head)]
        let piece = ConnectionScript.Input.repeated([UInt8](peer.piece.utf8), count: 1 << 30)
        let system = ScriptedSystem(ConnectionScript([.request] + head + [piece]))
        system.recordsCalls = false
        system.callLimit = 100_000
        var client = makeClient(system)
        var error: TransportError?
        let count = AllocationCount.during { error = client.error(of: get()) }
        #expect(error?.kind == peer.kind)
        #expect(error.map { $0.progress.bytesReceived <= peer.most } == true)
        // All allocations together, those that were freed too.
        #expect(count.bytes < 16 << 20)
        #expect(system.connections[0].isClosed)
        #expect(system.problems == [])
    }

    /// Sizes that are only announced cost nothing.
    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nabc",
        chunkedHead + "7fffffffffffffff\r\nabc",
    ]) func announcedOnly(_ text: String) {
        let system = ScriptedSystem(ConnectionScript([.request, .text(text), .end]))
        system.recordsCalls = false
        var client = makeClient(system)
        var error: TransportError?
        let count = AllocationCount.during { error = client.error(of: get()) }
        #expect(error?.kind == .closedEarly)
        #expect(count.bytes < 1 << 20)
    }

    @Test(arguments: [
        "220 smtp.example.org ESMTP\r\n", "SSH-2.0-OpenSSH_9.6\r\n", "\u{15}\u{3}\u{1}\u{0}\u{2}",
        "<html>", "HTTP/2 200\r\n\r\n", "HTTP/0.9 200 OK\r\n\r\n", "ICY 200 OK\r\n",
    ]) func otherProtocolsAreFoundOutAtOnce(_ greeting: String) {
        let system = ScriptedSystem(ConnectionScript([.request, .text(greeting)]))
        var client = makeClient(system)
        #expect(client.error(of: get())?.kind == .badStatusLine)
        #expect(system.elapsed == .zero, "no deadline was needed")
    }
}
