internal import TestSupport

/// Where heads, content and records lie in a recorded answer, found by the plainest means there are:
/// nothing of the client's is used.
struct RecordedShape {
    enum Framing { case none, length, chunked, untilClose }

    let framing: Framing
    /// Behind the final head.
    let headEnd: Int
    /// Behind the message; nil where the connection's end is its end.
    let end: Int?
    /// Where each byte of the content stands.
    private let places: [Int]
    private let content: [UInt8]
    /// What of the content has to be there for each record, and whether it carries anything.
    private let records: [(end: Int, isEmpty: Bool)]
    let unit: CertificateUnit

    /// - Returns: nil for what is no good answer.
    init?(_ bytes: [UInt8], _ response: ManifestRecording.Response) {
        guard response.verdict == "ok" else { return nil }
        var start = 0
        for _ in 0...response.informational.count {
            guard let end = RecordedShape.headEnd(bytes, from: start) else { return nil }
            start = end
        }
        headEnd = start
        var places: [Int] = []
        if response.framing == "none" {
            (framing, end) = (.none, start)
        } else if response.framing.contains("chunked") {
            framing = .chunked
            var next = start
            while let lineEnd = RecordedShape.lineEnd(bytes, from: next) {
                let digits = bytes[next..<lineEnd].prefix { $0 != 0x0D && $0 != 0x3B && $0 != 0x20 }
                guard let size = Int(String(decoding: digits, as: UTF8.self), radix: 16) else {
                    return nil
                }
                next = lineEnd + 1
                if size == 0 { break }
                places += next..<next + size
                next += size + 2
            }
            end = bytes.count
        } else if response.framing.contains("length") {
            (framing, end) = (.length, bytes.count)
            places = Array(start..<bytes.count)
        } else {
            (framing, end) = (.untilClose, nil)
            places = Array(start..<bytes.count)
        }
        guard places.count == response.bodyCount else { return nil }
        self.places = places
        content = places.map { bytes[$0] }
        unit = response.lines != nil ? .lines : response.events != nil ? .events : .pieces
        records = RecordedShape.records(of: content, unit)
    }

    private static func lineEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        bytes[start...].firstIndex(of: 0x0A)
    }

    private static func headEnd(_ bytes: [UInt8], from start: Int) -> Int? {
        let last = bytes.count - 4
        if start > last { return nil }
        for index in start...last where bytes[index..<index + 4] == [0x0D, 0x0A, 0x0D, 0x0A] {
            return index + 4
        }
        return nil
    }

    private static func records(
        of content: [UInt8], _ unit: CertificateUnit
    ) -> [(end: Int, isEmpty: Bool)] {
        var list: [(end: Int, isEmpty: Bool)] = []
        var start = 0
        var hasData = false
        for index in content.indices where content[index] == 0x0A {
            let line =
                content[start..<index].last == 0x0D
                ? content[start..<index - 1] : content[start..<index]
            start = index + 1
            switch unit {
            case .lines: list.append((index + 1, line.isEmpty))
            case .events:
                if line.starts(with: [UInt8]("data".utf8)) { hasData = true }
                if line.isEmpty, hasData {
                    list.append((index + 1, false))
                    hasData = false
                }
            case .pieces: break
            }
        }
        return list
    }

    /// What a client can know from so many bytes of the answer.
    struct Part {
        /// Bytes of the body.
        var content: Int
        var records: Int
        /// Records that carry something; of pieces, whether there is any.
        var carrying: Int
    }

    /// - Parameter atEnd: the message is over: what is left of the last line is one.
    func part(_ count: Int, atEnd: Bool) -> Part {
        // Places rise.
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if places[middle] < count { low = middle + 1 } else { high = middle }
        }
        if unit == .pieces { return Part(content: low, records: 0, carrying: low > 0 ? 1 : 0) }
        let whole = records.prefix { $0.end <= low }
        var part = Part(
            content: low, records: whole.count, carrying: whole.count { !$0.isEmpty })
        if atEnd, unit == .lines, (whole.last?.end ?? 0) < low {
            part.records += 1
            part.carrying += 1
        }
        return part
    }
}

package enum CertificateUnit: String, Sendable { case lines, events, pieces }
