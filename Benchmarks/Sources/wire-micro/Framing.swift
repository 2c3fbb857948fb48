import CRival
import WireBytes
import WireFraming
import WireHTTP1

/// A buffer that has received the input again before each run.
final class Received {
    var buffer = ReceiveBuffer(limit: .bytes(.max))
    let input: Padded

    init(_ input: Padded) { self.input = input }

    /// Lends the buffer as a local value, so that no access to it has to be checked.
    func borrow<Result>(_ body: (inout ReceiveBuffer) -> Result) -> Result {
        var lent = ReceiveBuffer(limit: .bytes(1))
        swap(&lent, &buffer)
        let result = body(&lent)
        swap(&lent, &buffer)
        return result
    }

    func refill(asContent: Bool) {
        buffer.removeAll()
        let bytes = input.bytes
        if asContent { buffer.appendContent(bytes.span) } else { try! buffer.append(bytes.span) }
    }
}

func lines(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let received = Received(input)
    let batch = UnsafeMutableBufferPointer<ByteRange>.allocate(capacity: 64)
    batch.initialize(repeating: ByteRange(start: 0, count: 0))
    return [
        Contender("LineScanner", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                var scanner = LineScanner(limit: .mebibytes(1))
                var (units, bytes) = (0, 0)
                while let line = try! scanner.next(in: &buffer) {
                    units += 1
                    bytes += line.count
                }
                return Fixture.sum(units, bytes, 0)
            }
        },
        Contender("LineScanner, batches of 64", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                var scanner = LineScanner(limit: .mebibytes(1))
                var (units, bytes) = (0, 0)
                while true {
                    var ranges = batch.mutableSpan
                    let count = scanner.nextBatch(in: &buffer, into: &ranges)
                    if count == 0 { break }
                    for index in 0..<count { bytes += ranges[index].count }
                    units += count
                }
                return Fixture.sum(units, bytes, 0)
            }
        },
        Contender("LineFramer, bytes copied in") {
            var framer = LineFramer(limit: .mebibytes(1))
            let copy = input.bytes
            framer.append(copy.span)
            var (units, bytes) = (0, 0)
            while let line = try! framer.next() {
                units += 1
                bytes += line.bytes.count
            }
            return Fixture.sum(units, bytes, 0)
        },
    ]
}

func events(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let received = Received(input)
    return [
        Contender("SSEScanner", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                var scanner = SSEScanner(limit: .mebibytes(1))
                var (units, bytes) = (0, 0)
                while try! scanner.next(in: &buffer) == .event {
                    units += 1
                    bytes += scanner.data(in: buffer).count
                }
                return Fixture.sum(units, bytes, 0)
            }
        }
    ]
}

func chunkedLines(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let received = Received(input)
    return [
        Contender("ChunkedDecoder, LineScanner", prepare: { received.refill(asContent: false) }) {
            received.borrow { buffer in
                var decoder = ChunkedDecoder(limits: .standard)
                var scanner = LineScanner(limit: .mebibytes(1))
                var (units, bytes, offset) = (0, 0, 0)
                while case .content = try! decoder.advance(&buffer, offset: &offset) {
                    while let line = try! scanner.next(in: &buffer) {
                        units += 1
                        bytes += line.count
                    }
                }
                return Fixture.sum(units, bytes, 0)
            }
        }
    ]
}

/// As many heads in a row as the rivals read, since one is too short to be timed.
func head(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let received = Received(input)
    let refill = {
        received.buffer.removeAll()
        let bytes = input.bytes
        for _ in 0..<RIVAL_REPEATS { try! received.buffer.append(bytes.span) }
    }
    return [
        Contender("ResponseDecoder", prepare: refill) {
            received.borrow { buffer in
                var sum: UInt64 = 0
                for _ in 0..<RIVAL_REPEATS {
                    var decoder = ResponseDecoder(toHEAD: false, limits: .standard)
                    guard try! decoder.advance(&buffer) == .head, let head = decoder.head
                    else { return 0 }
                    var bytes = 0
                    for index in 0..<head.fields.count {
                        bytes += head.fields.nameBytes(at: index).count
                        bytes += head.fields.valueBytes(at: index).count
                    }
                    sum = Fixture.sum(head.fields.count, bytes, head.status == 200 ? 1 : 0)
                }
                return sum
            }
        }
    ]
}

/// Four bytes at a time: nothing may be searched twice.
func drip(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let bytes = input.bytes
    return [
        Contender("LineFramer, 4 bytes at a time") {
            var framer = LineFramer(limit: .mebibytes(1))
            var (units, count) = (0, 0)
            for start in stride(from: 0, to: bytes.count, by: 4) {
                framer.append(bytes.span.extracting(start..<start + 4))
                while let line = try! framer.next() {
                    units += 1
                    count += line.bytes.count
                }
            }
            return Fixture.sum(units, count, 0)
        }
    ]
}
