import TestSupport
import Testing
import WireBytes

/// Heads and sections at one go, by each width, against a table put together line by line.
@Suite(.serialized) struct FieldTableTests {
    private static let names = [
        "Connection", "keep-alive", "CONTENT-TYPE", "Content-Length", "content-encoding",
        "Transfer-Encoding", "Date", "X", "connectioN", "Content-Typo", "x!#$%&'*+.^_`|~9",
        "X-" + String(repeating: "long", count: 20),
    ]

    private struct Line {
        let name, value: String
        var wire: String { name + ":" + value + "\r\n" }
    }

    private static func line(_ random: inout SeededGenerator) -> Line {
        let value = String(repeating: "v \t", count: random.below(random.pick([2, 6, 60])))
        return Line(name: random.pick(names), value: random.pick(["", " ", "\t  "]) + value)
    }

    private static func built(_ lines: [Line]) -> FieldTable {
        var builder = FieldTableBuilder()
        for line in lines {
            let bytes = Array(line.wire.utf8.dropLast(2))
            let value = ASCII.trimmed(
                bytes.span.extracting(droppingFirst: line.name.utf8.count + 1))
            let start = line.name.utf8.count + 1
            builder.append(
                bytes.span, nameCount: line.name.utf8.count,
                value: start + value.lowerBound..<start + value.upperBound)
        }
        return builder.finish()
    }

    private static func texts(_ table: FieldTable) -> [[String]] {
        (0..<table.count).map { index in
            let (name, value) = table.places(index)
            return [name, value].map { String(decoding: table.memory[$0], as: UTF8.self) }
        }
    }

    private static func check(_ table: FieldTable, _ lines: [Line]) throws {
        let expected = built(lines)
        try #require(texts(table) == texts(expected))
        try #require(texts(table).map { $0[0] } == lines.map(\.name))
        let names = lines.map { $0.name.lowercased() }
        let known: [(KnownField, String)] = [
            (.connection, "connection"), (.keepAlive, "keep-alive"),
            (.contentType, "content-type"), (.contentLength, "content-length"),
            (.contentEncoding, "content-encoding"), (.transferEncoding, "transfer-encoding"),
        ]
        try #require(known.count == KnownField.allCases.count)
        for (name, text) in known {
            for found in [table.first(name), expected.first(name)] {
                try #require(found?.index == names.firstIndex(of: text))
                if let found {
                    let isOnly = names.count { $0 == text } == 1
                    try #require(found.isOnly == isOnly || !found.isOnly && found.index >= 126)
                }
            }
            for index in names.indices {
                try #require(table.isNamed(name, index) == (names[index] == text))
            }
        }
        for count in 0...100 where names.contains(where: { $0.utf8.count == count }) {
            try #require(table.hasName(ofLength: count) && expected.hasName(ofLength: count))
        }
    }

    @Test(arguments: KernelWidth.available)
    func sections(_ width: KernelWidth) throws {
        width.use()
        for seed in 0..<200 as Range<UInt64> {
            var random = SeededGenerator(seed: seed)
            let lines = (0..<random.below(30)).map { _ in Self.line(&random) }
            let wire = Array((lines.map(\.wire).joined() + "\r\n").utf8)
            var guarded = GuardedBytes(capacity: wire.count + 80)
            for surplus in [0, random.below(80)] {
                let bytes = guarded.place((wire + [UInt8](repeating: 0x61, count: surplus)).span)
                var table = FieldTable()
                try #require(table.takeSection(bytes, limit: (30, .max)) == wire.count)
                try Self.check(table, lines)
                var none = FieldTable()
                try #require(none.takeSection(bytes, limit: (30, wire.count - 1)) == nil)
                if lines.count > 0 {
                    try #require(none.takeSection(bytes, limit: (lines.count - 1, .max)) == nil)
                }
            }
            for count in 0..<wire.count {
                var table = FieldTable()
                let bytes = guarded.place(wire.span.extracting(0..<count))
                try #require(table.takeSection(bytes, limit: (30, .max)) == nil)
            }
        }
    }

    /// Any byte in the place of any other: what is taken is what the rules allow.
    @Test(arguments: KernelWidth.available)
    func faults(_ width: KernelWidth) throws {
        width.use()
        let head = Array(
            "HTTP/1.1 200 OK\r\nDate: a b\r\nX-Long-Name-Of-A-Field-That-Is:c\r\n\r\n".utf8)
        var guarded = GuardedBytes(capacity: head.count)
        for place in head.indices {
            for byte in UInt8.min...UInt8.max {
                var changed = head
                changed[place] = byte
                var table = FieldTable()
                let found = table.takeHead(
                    guarded.place(changed.span), limit: (100, .max, .max))
                try #require(
                    (found?.end == head.count) == Self.isPlain(changed), "\(place) \(byte)")
            }
        }
    }

    /// The rules by the letter.
    private static func isPlain(_ head: [UInt8]) -> Bool {
        func isValue(_ byte: UInt8) -> Bool { byte == 0x09 || byte >= 0x20 && byte != 0x7F }
        let crlf: [UInt8] = [0x0D, 0x0A]
        var lines: [[UInt8]] = [[]]
        var index = 0
        while index < head.count {
            if index + 1 < head.count, head[index] == 0x0D, head[index + 1] == 0x0A {
                lines.append([])
                index += 2
            } else {
                lines[lines.count - 1].append(head[index])
                index += 1
            }
        }
        // The empty line ends the head: it has to be the last.
        guard let empty = lines.firstIndex(of: []), empty == lines.count - 2 else { return false }
        let status = lines[0]
        guard status.count >= 12, status.starts(with: Array("HTTP/1.".utf8)),
            ASCII.isDigit(status[7]), status[8] == 0x20, status[9...11].allSatisfy(ASCII.isDigit),
            status[9] != 0x30, status.count == 12 || status[12] == 0x20,
            status.allSatisfy(isValue), crlf.count == 2
        else { return false }
        return lines[1..<empty].allSatisfy { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return ASCII.isToken(line.span.extracting(0..<colon)) && line.allSatisfy(isValue)
        }
    }

    @Test func manyLines() throws {
        let lines = (0..<300).map { Line(name: $0 == 200 ? "connection" : "x", value: "\($0)") }
        let table = Self.built(lines)
        try Self.check(table, lines)
        var whole = FieldTable()
        let wire = Array((lines.map(\.wire).joined() + "\r\n").utf8)
        #expect(whole.takeSection(wire.span, limit: (1000, .max)) == nil)
    }
}
