import TestSupport
import Testing
import WireBytes
import WireJSON

/// Records that a reader knows by their lines, one by one or many at once, hold what `read` says of them.
@Suite struct FieldLinesTests {
    private struct Fields: Equatable {
        var length: Int
        var content, role: String?
        var done: Bool?
        var count: Int64?
    }

    private struct Reading: ~Copyable {
        var plan = FieldPlan()
        let content, role: FieldPlan.StringField
        let done: FieldPlan.BoolField
        let count: FieldPlan.NumberField
        var reader: FieldReader

        init() {
            content = plan.string("message", "content")
            role = plan.string("message", "role")
            done = plan.bool("done")
            count = plan.number("count")
            reader = FieldReader(plan)
        }

        func fields(_ line: Span<UInt8>) -> Fields {
            func text(_ string: JSONString?) -> String? {
                string.map { JSONCursor(line).text(of: $0) }
            }
            return Fields(
                length: line.count, content: text(reader[content]), role: text(reader[role]),
                done: reader[done], count: reader.number(count, in: line)?.int64)
        }

        /// - Returns: nil when the line is refused.
        mutating func read(_ line: Span<UInt8>) -> Fields? {
            do throws(JSONError) { try reader.read(line) } catch { return nil }
            return fields(line)
        }

        /// Of one of the records of a batch, what there is of it.
        func fields(_ index: Int, in text: Span<UInt8>) -> Fields {
            func string(_ field: FieldPlan.StringField) -> String? {
                reader[field, index].map { JSONCursor(text).text(of: $0) }
            }
            return Fields(
                length: reader.record(index).count, content: string(content), role: string(role),
                done: reader[done])
        }
    }

    /// Lines of a few forms, each many times in a row, and some that are none.
    private static func stream(_ random: inout SeededGenerator) -> [UInt8] {
        var text: [UInt8] = []
        let alternates = random.chance(1, in: 4)
        for _ in 0..<8 {
            let form = random.below(4)
            for _ in 0..<random.below(120) {
                text += line(alternates ? random.below(4) : form, &random).utf8
                text.append(ASCII.lf)
            }
            if random.chance(1, in: 3) { text += "{\"message\":\n".utf8 }
        }
        return text
    }

    private static func line(_ form: Int, _ random: inout SeededGenerator) -> String {
        let content = random.pick([
            "", " a", " token", "\\n", " \\u00e9", "日本", "x", String(repeating: " long", count: 12),
        ])
        let time = String(repeating: "1", count: 3 + random.below(8))
        return switch form {
        case 0: #"{"t":"\#(time)","message":{"role":"a","content":"\#(content)"},"done":false}"#
        case 1: #"{"count":\#(random.below(2000)),"message":{"content":"\#(content)"}}"#
        case 2: #"{"done":true}"#
        default: #"{"message":{"content":"\#(content)","role":"\#(time)"},"count":17,"done":null}"#
        }
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func asReadOneByOne(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let text = Self.stream(&random)
        var plain = Reading()
        var knowing = Reading()
        var batched = Reading()
        // Some lines are not asked for, and others come from elsewhere: what was known is void then.
        let disturbed = random.chance(1, in: 3)
        var run = RecordRun()
        var (start, batchEnd, known, inBatches) = (0, 0, 0, 0)
        while start < text.count, let end = text[start...].firstIndex(of: ASCII.lf) {
            let line = text.span.extracting(start..<end)
            let expected = plain.read(line)
            if disturbed, random.chance(1, in: 10) {
                run = RecordRun()
                if random.chance(1, in: 3) { _ = knowing.read(Array("{}".utf8).span) }
            }
            let length = knowing.reader.readExpected(
                startOf: text.span.extracting(start..<text.count), &run)
            let found: Fields?
            if length > 0 {
                try #require(length == line.count, "at \(start)")
                found = knowing.fields(line)
                known += 1
            } else {
                run = RecordRun()
                found = knowing.read(line)
            }
            try #require(found == expected, "at \(start)")
            if start == batchEnd {
                let (next, count) = try batch(&batched, &plain, text, start)
                batchEnd = next
                inBatches += count
            }
            start = end + 1
        }
        #expect(known > 0 && inBatches > 0)
    }

    /// Reads a batch from there on, or a line.
    ///
    /// - Returns: where it ends, and how many records it had.
    private func batch(
        _ batched: inout Reading, _ plain: inout Reading, _ text: [UInt8], _ start: Int
    ) throws -> (end: Int, count: Int) {
        let rest = text.span.extracting(start..<text.count)
        let count = batched.reader.readExpectedBatch(startOf: rest, limit: 200)
        guard count > 0 else {
            let end = text[start...].firstIndex(of: ASCII.lf)!
            let line = text.span.extracting(start..<end)
            let (found, expected) = (batched.read(line), plain.read(line))
            try #require(found == expected, "at \(start)")
            return (end + 1, 0)
        }
        var place = 0
        for index in 0..<batched.reader.batchCount {
            let record = batched.reader.record(index)
            try #require(record.start == place && rest[record.end] == ASCII.lf)
            var expected = plain.read(rest.extracting(record.start..<record.end))
            expected?.count = nil
            let found = batched.fields(index, in: rest)
            try #require(found == expected, "at \(start), record \(index)")
            place = record.end + 1
        }
        try #require(place == count)
        return (start + count, batched.reader.batchCount)
    }

    /// Longer records than the limit are left to who reads line by line.
    @Test func limit() throws {
        var reading = Reading()
        let line = #"{"message":{"content":"some text"}}"#
        let text = Array(String(repeating: line + "\n", count: 6).utf8)
        _ = reading.read(Array(line.utf8).span)
        _ = reading.read(Array(line.utf8).span)
        let none = reading.reader.readExpectedBatch(startOf: text.span, limit: line.utf8.count - 1)
        _ = reading.read(Array(line.utf8).span)
        let some = reading.reader.readExpectedBatch(startOf: text.span, limit: line.utf8.count)
        #expect(none == 0 && some > 0 && some % (line.utf8.count + 1) == 0)
    }
}
