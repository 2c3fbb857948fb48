import Testing
import WireBytes
import WireExchange
import WireFraming
import WireHTTP1

/// A reader, and what a driver does around it.
private struct Peer: ~Copyable {
    var reader: MessageReader

    init(toHEAD: Bool = false, recordLimit: ByteLimit = .kibibytes(64)) {
        reader = MessageReader(toHEAD: toHEAD, limits: .standard, recordLimit: recordLimit)
    }

    mutating func feed(_ text: String) throws(MessageReader.Failure) {
        var rest = [UInt8](text.utf8)[...]
        while !rest.isEmpty {
            rest = try reader.refill { output in
                while output.freeCapacity > 0, let byte = rest.popFirst() { output.append(byte) }
                return rest
            }
        }
    }

    /// Lines as text until something else comes; the last element says what.
    mutating func lines() throws(MessageReader.Failure) -> [String] {
        var list: [String] = []
        while true {
            switch try reader.nextLine() {
            case .record(let range):
                list.append("\(reader.lineOffset):" + String(decoding: reader[range]))
            case .end: return list + ["end"]
            case .needsBytes: return list + ["more"]
            case .decoded: continue
            }
        }
    }

    mutating func pieces() throws(MessageReader.Failure) -> [String] {
        var list: [String] = []
        while true {
            switch try reader.nextPiece() {
            case .record(let range): list.append(String(decoding: reader[range]))
            case .end: return list + ["end"]
            case .needsBytes: return list + ["more"]
            case .decoded: continue
            }
        }
    }

    mutating func events() throws(MessageReader.Failure) -> [String] {
        var list: [String] = []
        while true {
            switch try reader.nextEvent() {
            case .record:
                let type = String(decoding: reader.eventType)
                list.append("\(type)=" + String(decoding: reader.eventData))
            case .end: return list + ["end"]
            case .needsBytes: return list + ["more"]
            case .decoded: continue
            }
        }
    }
}

private let chunkedHead = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

private func chunks(_ pieces: String...) -> String {
    pieces.map { String($0.utf8.count, radix: 16) + "\r\n" + $0 + "\r\n" }.joined()
}

@Suite struct MessageReaderTests {
    @Test func headStepByStep() throws {
        var peer = Peer()
        #expect(try peer.reader.readHead() == .needsBytes)
        try peer.feed(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nA: b\r\n\r\nHTTP/1.")
        #expect(try peer.reader.readHead() == .informational(100))
        #expect(try peer.reader.readHead() == .informational(103))
        #expect(try peer.reader.readHead() == .needsBytes)
        #expect(peer.reader.head == nil)
        try peer.feed("1 204 No Content\r\n\r\n")
        #expect(try peer.reader.readHead() == .head)
        #expect(peer.reader.head?.status == 204)
        #expect(peer.reader.framing == BodyFraming.none)
        #expect(try peer.lines() == ["end"])
        #expect(peer.reader.allowsReuse == true)
    }

    @Test func linesAcrossChunks() throws {
        var peer = Peer()
        try peer.feed(chunkedHead + chunks("one\ntw", "o\r\n\n"))
        #expect(try peer.reader.readHead() == .head)
        #expect(try peer.lines() == ["0:one", "4:two", "9:", "more"])
        try peer.feed(chunks("last"))
        #expect(try peer.lines() == ["more"])
        try peer.feed("0\r\nT: 1\r\n\r\n")
        #expect(try peer.lines() == ["10:last", "end"])
        #expect(try peer.lines() == ["end"])
        #expect(peer.reader.trailers["t"] == "1")
        #expect(peer.reader.allowsReuse == true)
    }

    @Test func piecesComeAsTheyAreCut() throws {
        var peer = Peer()
        try peer.feed(chunkedHead + chunks("ab", "cde"))
        #expect(try peer.reader.readHead() == .head)
        #expect(try peer.pieces() == ["ab", "cde", "more"])
        try peer.feed("0\r\n\r\n")
        #expect(try peer.pieces() == ["end"])
    }

    @Test func events() throws {
        var peer = Peer()
        try peer.feed(
            chunkedHead + chunks(": ping\n\ndata: a\ndata: b\n", "\nretry: 12\nevent: x\n"))
        #expect(try peer.reader.readHead() == .head)
        #expect(try peer.events() == ["=a\nb", "more"])
        try peer.feed(chunks("data:c\n\ndata: unfinished\n") + "0\r\n\r\n")
        #expect(try peer.events() == ["x=c", "end"], "what has no blank line is no event")
    }

    @Test func whatWasReceivedComesBeforeTheError() throws {
        var peer = Peer()
        try peer.feed("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\none\ntwo")
        #expect(try peer.reader.readHead() == .head)
        peer.reader.inputEnded()
        #expect(try peer.reader.nextLine() != .needsBytes)
        let failure = try #require(throws: MessageReader.Failure.self) {
            _ = try peer.reader.nextLine()
        }
        guard case .http(let error) = failure else { return fail("\(failure)") }
        #expect(error.kind == .closedEarly)
        #expect(error.offset == 46)
        #expect(peer.reader.allowsReuse == false)
    }

    @Test func untilCloseEndsWithTheClose() throws {
        var peer = Peer()
        try peer.feed("HTTP/1.1 200 OK\r\n\r\none\ntwo")
        #expect(try peer.reader.readHead() == .head)
        #expect(try peer.lines() == ["0:one", "more"])
        peer.reader.inputEnded()
        #expect(try peer.lines() == ["4:two", "end"])
        #expect(peer.reader.allowsReuse == false)
    }

    @Test func surplusForbidsReuse() throws {
        var peer = Peer()
        try peer.feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1")
        #expect(try peer.reader.readHead() == .head)
        #expect(try peer.lines() == ["0:x", "end"])
        #expect(peer.reader.allowsReuse == false)
    }

    @Test func aLineTooLongIsAnErrorForGood() throws {
        var peer = Peer(recordLimit: .bytes(4))
        try peer.feed(chunkedHead + chunks("1234\r\n123456"))
        #expect(try peer.reader.readHead() == .head)
        for _ in 0..<2 {
            let failure = try #require(throws: MessageReader.Failure.self) { _ = try peer.lines() }
            #expect(failure == .framing(.lineTooLong(limit: .bytes(4), offset: 6)))
        }
    }

    /// A caller may read the first line as a line and the rest as it comes, or the other way round.
    @Test func linesAndPiecesMayBeMixed() throws {
        var peer = Peer()
        try peer.feed(chunkedHead + chunks("one\ntwo\nthr", "ee\nfour"))
        #expect(try peer.reader.readHead() == .head)
        guard case .record(let first) = try peer.reader.nextLine() else {
            return fail("no line")
        }
        #expect(String(decoding: peer.reader[first]) == "one")
        #expect(try peer.pieces() == ["two\nthr", "ee\nfour", "more"])
        try peer.feed(chunks("\nfive\nsi"))
        #expect(try peer.lines().suffix(2).first?.hasSuffix(":five") == true)
        #expect(try peer.pieces() == ["si", "more"])
        try peer.feed(chunks("x\n") + "0\r\n\r\n")
        #expect(try peer.lines().map { $0.split(separator: ":").last! } == ["x", "end"])
    }

    @Test func completesWithoutReadingOnlyWhenNothingIsLeft() throws {
        for (rest, expected) in [
            ("0\r\n\r\n", true), ("0\r\n", false), ("", false), (chunks("x") + "0\r\n\r\n", false),
        ] {
            var peer = Peer()
            try peer.feed(chunkedHead + chunks("one\n") + rest)
            #expect(try peer.reader.readHead() == .head)
            #expect(try peer.reader.nextLine() != .needsBytes)
            #expect(peer.reader.completesWithoutReading() == expected, "\(rest)")
        }
    }
}
