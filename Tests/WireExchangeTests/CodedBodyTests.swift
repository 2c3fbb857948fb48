import TestSupport
import Testing
import WireBytes
import WireExchange
import WireFraming
import WireGzip
import WireHTTP1

private let wide = ContentLimits(output: .mebibytes(64), ratio: 2_000)

/// What a reader makes of a response that comes in pieces of `pieceBytes`.
private struct Reading: Equatable {
    var body: [UInt8] = []
    var lines: [String] = []
    var failure: MessageReader.Failure?
    var allowsReuse = false
    /// The most that came out at once.
    var largest = 0
}

private enum Unit { case piece, line, event }

private func read(
    _ response: [UInt8], in unit: Unit = .piece, pieceBytes: Int = .max,
    limits: ContentLimits? = wide, toHEAD: Bool = false, closes: Bool = false
) -> Reading {
    var reader = MessageReader(
        toHEAD: toHEAD, limits: .standard, recordLimit: .mebibytes(1), contentLimits: limits)
    var reading = Reading()
    var rest = response[...]
    var hasHead = false
    do throws(MessageReader.Failure) {
        while true {
            var step = MessageReader.RecordStep.decoded
            if !hasHead {
                hasHead = try reader.readHead() == .head
                if !hasHead { step = .needsBytes }
            } else {
                switch unit {
                case .piece: step = try reader.nextPiece()
                case .line: step = try reader.nextLine()
                case .event: step = try reader.nextEvent()
                }
            }
            switch step {
            case .record(let range):
                if unit == .event {
                    reading.lines.append(String(decoding: reader.eventData))
                } else {
                    reading.body.append(copying: reader[range])
                    reading.lines.append(String(decoding: reader[range]))
                    reading.largest = max(reading.largest, range.count)
                }
            case .decoded: continue
            case .end:
                reading.allowsReuse = reader.allowsReuse
                return reading
            case .needsBytes:
                if rest.isEmpty, !closes { return reading }
                if rest.isEmpty { reader.inputEnded() }
                var part = rest.prefix(pieceBytes)
                rest = rest.dropFirst(part.count)
                while !part.isEmpty {
                    part = try reader.refill { output in
                        while output.freeCapacity > 0, let byte = part.popFirst() {
                            output.append(byte)
                        }
                        return part
                    }
                }
            }
        }
    } catch { reading.failure = error }
    return reading
}

private func response(
    _ body: [UInt8], coding: String? = "gzip", status: Int = 200, more: String = ""
) -> [UInt8] {
    let field = coding.map { "Content-Encoding: \($0)\r\n" } ?? ""
    return [UInt8](
        "HTTP/1.1 \(status) OK\r\n\(field)\(more)Content-Length: \(body.count)\r\n\r\n".utf8) + body
}

private func chunked(_ body: [UInt8], size: Int, coding: String = "gzip") -> [UInt8] {
    var all = [UInt8](
        "HTTP/1.1 200 OK\r\ncontent-encoding: \(coding)\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
    var rest = body[...]
    while !rest.isEmpty {
        let piece = rest.prefix(size)
        rest = rest.dropFirst(piece.count)
        all += [UInt8]("\(String(piece.count, radix: 16))\r\n".utf8) + piece + [13, 10]
    }
    return all + [UInt8]("0\r\n\r\n".utf8)
}

/// Content codings behind the decoder of HTTP, in front of records (RFC 9110 8.4.1).
@Suite struct CodedBodyTests {
    private static let text = EncodedBody.text(3_000)
    private static let gzip = EncodedBody.gzip(text)

    @Test(arguments: ["gzip", "x-gzip", "GZIP", "identity, gzip", "gzip,", " gzip\t"])
    func names(_ coding: String) {
        let reading = read(response(CodedBodyTests.gzip, coding: coding))
        #expect(reading.body == CodedBodyTests.text)
        #expect(reading.allowsReuse)
    }

    /// However the bytes come, and whatever frames them.
    @Test(arguments: [1, 2, 3, 7, 64, 1_000, Int.max])
    func everyCut(pieceBytes: Int) {
        let bodies: [(coding: String, body: [UInt8])] = [
            ("gzip", CodedBodyTests.gzip), ("deflate", EncodedBody.zlib(CodedBodyTests.text)),
            ("deflate", EncodedBody.bare(CodedBodyTests.text)),
            (
                "gzip",
                EncodedBody.gzip(Array(CodedBodyTests.text[..<1_000]))
                    + EncodedBody.gzip(Array(CodedBodyTests.text[1_000...]))
            ),
            ("deflate, gzip", EncodedBody.gzip(EncodedBody.zlib(CodedBodyTests.text))),
            (
                "gzip, deflate, gzip",
                EncodedBody.gzip(EncodedBody.zlib(EncodedBody.gzip(CodedBodyTests.text)))
            ),
        ]
        for (coding, body) in bodies {
            for message in [
                response(body, coding: coding), chunked(body, size: 1, coding: coding),
                chunked(body, size: 100, coding: coding),
            ] {
                let reading = read(message, pieceBytes: pieceBytes)
                #expect(reading.failure == nil, "\(coding)")
                #expect(reading.body == CodedBodyTests.text, "\(coding)")
                #expect(reading.allowsReuse)
            }
        }
    }

    @Test func atEveryTwoWaySplit() {
        let message = chunked(CodedBodyTests.gzip, size: 50)
        for split in 1..<message.count {
            var reader = MessageReader(
                toHEAD: false, limits: .standard, recordLimit: .mebibytes(1), contentLimits: wide)
            var body: [UInt8] = []
            var parts = [message[..<split], message[split...]]
            while true {
                guard let head = try? reader.readHead() else { return fail("head at \(split)") }
                if head == .head { break }
                feed(&reader, parts.removeFirst())
            }
            reading: while true {
                switch try? reader.nextPiece() {
                case .record(let range): body.append(copying: reader[range])
                case .decoded: continue
                case .needsBytes where !parts.isEmpty: feed(&reader, parts.removeFirst())
                default: break reading
                }
            }
            #expect(body == CodedBodyTests.text, "split at \(split)")
            let allowsReuse = reader.allowsReuse
            #expect(allowsReuse, "split at \(split)")
        }
    }

    private func feed(_ reader: inout MessageReader, _ bytes: ArraySlice<UInt8>) {
        var rest = bytes
        while !rest.isEmpty {
            let before = rest
            let after = try? reader.refill { output in
                var part = before
                while output.freeCapacity > 0, let byte = part.popFirst() { output.append(byte) }
                return part
            }
            guard let after else { return fail("refill") }
            rest = after
        }
    }

    private func fail(_ text: String) { Issue.record(Comment(rawValue: text)) }

    @Test(arguments: [1, 5, Int.max])
    func linesAndEvents(pieceBytes: Int) {
        let lines = "{\"a\":1}\n\n{\"b\":2}\r\nlast"
        let coded = EncodedBody.gzip([UInt8](lines.utf8))
        #expect(
            read(chunked(coded, size: 9), in: .line, pieceBytes: pieceBytes).lines
                == ["{\"a\":1}", "", "{\"b\":2}", "last"])
        let events = EncodedBody.gzip(
            [UInt8](": ping\n\ndata: a\ndata: b\n\ndata: c\n\ndata: d".utf8))
        #expect(
            read(chunked(events, size: 9), in: .event, pieceBytes: pieceBytes).lines
                == ["a\nb", "c"])
    }

    /// A record comes out when its bytes have come: nothing waits for the body's end.
    @Test func flushedRecordsComeOutAtOnce() {
        // Stored blocks, each complete, and no end.
        var coded: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3]
        for line in ["one\n", "two\n"] { coded += [0, 4, 0, 0xFB, 0xFF] + [UInt8](line.utf8) }
        let head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 999\r\n\r\n"
        let reading = read([UInt8](head.utf8) + coded, in: .line)
        #expect(reading.lines == ["one", "two"])
        #expect(reading.failure == nil)
    }

    /// Cut short in any place: what was there comes out, and then an error.
    @Test func truncatedAtEveryByte() {
        for count in 1..<CodedBodyTests.gzip.count {
            let reading = read(response(Array(CodedBodyTests.gzip[..<count])))
            #expect(reading.failure == .content(.truncated), "\(count) bytes")
            #expect(CodedBodyTests.text.starts(with: reading.body))
        }
        let close = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        let cut = [UInt8](close.utf8) + CodedBodyTests.gzip.dropLast(1)
        #expect(read(cut, closes: true).failure == .content(.truncated))
        let whole = [UInt8](close.utf8) + CodedBodyTests.gzip
        #expect(read(whole, closes: true).body == CodedBodyTests.text)
    }

    @Test func checkSumLengthAndGarbage() {
        var wrong = CodedBodyTests.gzip
        wrong[wrong.count - 5] ^= 1
        var reading = read(response(wrong))
        guard case .content(.corrupt) = reading.failure else {
            return fail("\(String(describing: reading.failure))")
        }
        #expect(reading.body == CodedBodyTests.text, "what came out before the error is delivered")
        reading = read(response(CodedBodyTests.gzip + [1, 2, 3]))
        #expect(reading.failure == .content(.trailingBytes))
        reading = read(response(CodedBodyTests.gzip + [0, 0, 0]))
        #expect(reading.failure == nil && reading.body == CodedBodyTests.text)
        #expect(read(response([])).failure == nil, "an empty body is empty")
    }

    /// Only what was asked for is decoded; what was not is an error, not a body that looks decoded.
    @Test func codingsThatWereNotOffered() {
        for coding in ["br", "zstd", "gzip, br", "br, gzip", "gzip;q=1"] {
            guard
                case .content(.unsupportedCoding) = read(
                    response(CodedBodyTests.gzip, coding: coding)
                ).failure
            else { return fail(coding) }
        }
        let asItIs = read(response(CodedBodyTests.gzip, coding: "br"), limits: nil)
        #expect(asItIs.failure == nil && asItIs.body == CodedBodyTests.gzip)
        #expect(read(response(CodedBodyTests.gzip), limits: nil).body == CodedBodyTests.gzip)
    }

    /// The limit is for all fields together (CVE-2023-23916).
    @Test func chainsAreShort() {
        let fields = String(repeating: "Content-Encoding: gzip\r\n", count: 3)
        let error = MessageReader.Failure.content(.tooManyCodings(most: 3))
        #expect(read(response([1], more: fields)).failure == error)
        #expect(read(response([1], coding: "gzip, gzip, gzip, gzip")).failure == error)
    }

    @Test func responsesWithoutBodies() {
        #expect(read(response(CodedBodyTests.gzip), toHEAD: true).failure == nil)
        for status in [204, 304] {
            let head = "HTTP/1.1 \(status) No\r\nContent-Encoding: br\r\n\r\n"
            let reading = read([UInt8](head.utf8))
            #expect(reading.failure == nil && reading.allowsReuse)
        }
    }

    @Test func bombs() {
        let zeros = [UInt8](repeating: 0, count: 20 << 20)
        let bomb = EncodedBody.gzip(zeros)
        var reading = read(
            response(bomb), limits: ContentLimits(output: .mebibytes(64), ratio: 100))
        #expect(reading.failure == .content(.ratioLimit(100)))
        #expect(reading.body.count <= 5 << 20)
        reading = read(
            response(bomb), limits: ContentLimits(output: .bytes(1_000_000), ratio: 2_000))
        #expect(reading.failure == .content(.outputLimit(.bytes(1_000_000))))
        #expect(reading.body.count == 1_000_000)
        reading = read(response(bomb))
        #expect(reading.body.count == zeros.count)
        #expect(reading.largest <= 512 << 10, "it comes in pieces of bounded size")
        reading = read(response(EncodedBody.gzip(bomb), coding: "gzip, gzip"), limits: .standard)
        #expect(reading.failure == .content(.ratioLimit(200)))
    }

    /// Bytes behind the message forbid another one on the connection, coded or not.
    @Test func surplusBytesForbidReuse() {
        #expect(!read(response(CodedBodyTests.gzip) + [0x48]).allowsReuse)
    }
}
