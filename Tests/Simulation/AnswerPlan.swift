package import WireTime

/// What a simulated server does with one request. A value, so that a failing world can be made smaller.
package struct AnswerPlan: Sendable {
    package enum Framing: String, Sendable, CaseIterable { case length, chunked, untilClose, none }

    package enum Stop: String, Sendable, CaseIterable {
        /// Nothing more comes, and nobody says so.
        case stall
        /// The server closes; what it is sent from then on is answered by a reset.
        case fin
        /// It closes its own direction only, and goes on reading.
        case halfClose
        case reset
        /// A reset that takes along what had not been read yet.
        case resetDiscarding
    }

    package enum Unit: String, Sendable, CaseIterable { case line, event, piece }

    package var status = 200
    package var framing = Framing.length
    package var unit = Unit.line
    /// Sizes of the records' payloads.
    package var records: [Int] = [5]
    /// The last line ends with the body.
    package var isLastOpen = false
    /// Sizes of chunks, in turn.
    package var chunks: [Int] = [16]
    package var informational = 0
    package var saysClose = false
    /// Bytes behind the response that belong to nothing.
    package var surplus = 0
    /// The size of this chunk (from 0) is written wrong.
    package var brokenChunk: Int?
    /// Before the first byte of the answer.
    package var delay = Timeout.zero
    /// Sizes of segments and the time before each, in turn.
    package var segments: [(bytes: Int, delay: Timeout)] = [(bytes: 100_000, delay: .zero)]
    /// The answer begins when so many bytes of the request have come; nil: with its end.
    package var answersEarlyAfter: Int?
    /// The server stops behind so many bytes of the answer (at most all of them).
    package var stop: (after: Int, how: Stop)?
    /// The server reads no more behind so many bytes of the request.
    package var requestStop: (after: Int, how: Stop)?
    /// What the server reads at a time, and how long it waits before.
    package var reads: (bytes: Int, delay: Timeout) = (100_000, .zero)
    /// What becomes of the connection when the answer is out.
    package var idle: (after: Timeout, how: Stop)?

    package init() {}
}

/// An answer's bytes, and what they mean, known from how they were put together.
struct RenderedAnswer {
    var bytes: [UInt8] = []
    /// Behind the final head.
    var headEnd = 0
    /// What has been received of the answer when the record is complete, and the record.
    var records: [(end: Int, content: [UInt8])] = []
    var body: [UInt8] = []
    /// Where the message ends; nil: with the connection.
    var end: Int?
    /// The answer may be refused from here on, and has to be when all of the line is there.
    var broken: (from: Int, by: Int)?
    let saysReuse: Bool

    var allowsReuse: Bool { saysReuse && broken == nil }
    /// Where each byte of the body stands in the answer.
    private var places: [Int] = []

    /// How much of the body is in so many bytes of the answer.
    func bodyBytes(in count: Int) -> Int {
        let most = min(count, broken?.from ?? .max)
        // Bodies are short, and places rise.
        return places.firstIndex { $0 >= most } ?? places.count
    }

    /// What a body that ends with its connection holds when that ends early: of lines, also what there
    /// is of the next; an event that is not complete is none.
    func recordsAtEnd(in count: Int, _ unit: AnswerPlan.Unit) -> [(end: Int, content: [UInt8])] {
        var whole = records.filter { $0.end <= count }
        let used = whole.last.flatMap { last in places.firstIndex { $0 + 1 == last.end } }
        let rest = body[(used.map { $0 + 1 } ?? 0)..<bodyBytes(in: count)]
        if unit == .line, !rest.isEmpty { whole.append((.max, [UInt8](rest))) }
        return whole
    }

    /// The record has come, in so many bytes.
    func hasRecord(_ index: Int, in count: Int, atEnd: Bool) -> Bool {
        let end = records[index].end
        if end == .max { return atEnd }
        return end <= count && end <= broken?.from ?? .max
    }

    init(_ plan: AnswerPlan, toHEAD: Bool) {
        let framing = toHEAD || plan.status == 204 ? .none : plan.framing
        saysReuse = !plan.saysClose && framing != .untilClose
        var payload: [UInt8] = []
        var ends: [(end: Int, content: [UInt8])] = []
        for (index, size) in plan.records.enumerated() {
            let content = (0..<size).map { UInt8(ascii: "a") + UInt8((index * 7 + $0) % 26) }
            let isOpen = plan.isLastOpen && index == plan.records.count - 1
            switch plan.unit {
            case .line, .piece: payload += content + (isOpen ? [] : [0x0A])
            case .event: payload += [UInt8]("data: ".utf8) + content + [0x0A, 0x0A]
            }
            // An open line of nothing is no line.
            if isOpen, size == 0, plan.unit != .event { continue }
            ends.append((isOpen && plan.unit != .event ? .max : payload.count, content))
        }
        for _ in 0..<plan.informational {
            bytes += [UInt8]("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n".utf8)
        }
        var head = "HTTP/1.1 \(plan.status) Simulated\r\n"
        if plan.saysClose { head += "Connection: close\r\n" }
        if framing == .length { head += "Content-Length: \(payload.count)\r\n" }
        if toHEAD, plan.framing == .length { head += "Content-Length: \(payload.count)\r\n" }
        if framing == .chunked { head += "Transfer-Encoding: chunked\r\n" }
        bytes += [UInt8]((head + "\r\n").utf8)
        headEnd = bytes.count
        if framing == .none {
            end = bytes.count
        } else {
            body = payload
            frame(payload, framing, plan, &ends)
        }
        bytes += [UInt8](
            repeating: UInt8(ascii: "!"), count: framing == .untilClose ? 0 : plan.surplus)
    }

    /// Puts the body behind the head, and finds where each record is complete.
    private mutating func frame(
        _ payload: [UInt8], _ framing: AnswerPlan.Framing, _ plan: AnswerPlan,
        _ ends: inout [(end: Int, content: [UInt8])]
    ) {
        if framing == .chunked {
            var start = 0
            var index = 0
            while start < payload.count {
                let size = min(
                    max(1, plan.chunks[index % plan.chunks.count]), payload.count - start)
                let isBroken = plan.brokenChunk == index && broken == nil
                let from = bytes.count + 1
                if isBroken { bytes.append(UInt8(ascii: "z")) }
                bytes += [UInt8]((String(size, radix: 16) + "\r\n").utf8)
                if isBroken { broken = (from, bytes.count) }
                for byte in payload[start..<start + size] {
                    places.append(bytes.count)
                    bytes.append(byte)
                }
                bytes += [0x0D, 0x0A]
                start += size
                index += 1
            }
            bytes += [UInt8]("0\r\n\r\n".utf8)
            end = bytes.count
        } else {
            places = Array(bytes.count..<bytes.count + payload.count)
            bytes += payload
            if framing == .length { end = bytes.count }
        }
        for record in ends {
            // What no line end ends is a line when the body ends.
            let last = record.end == .max ? (end ?? .max) : places[record.end - 1] + 1
            records.append((last, record.content))
        }
    }
}
