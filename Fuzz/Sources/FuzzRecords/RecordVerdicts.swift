internal import WireBytes
internal import WireJSON

/// All that a reader by a plan says of a record.
struct RecordVerdict: Equatable {
    var error: JSONError?
    var strings: [JSONString?] = []
    var done: Bool?
    var count: JSONNumber?
    var calls: ByteRange?
}

struct RecordVerdicts: ~Copyable {
    private var plan = FieldPlan()
    private let content, finish, time: FieldPlan.StringField
    private let done: FieldPlan.BoolField
    private let count: FieldPlan.NumberField
    private let calls: FieldPlan.ValueField
    private var reader: FieldReader

    /// - Parameter byCursor: with more places than the tree takes.
    init(byCursor: Bool = false) {
        for index in 0..<(byCursor ? 10 : 0) {
            _ = plan.bool(
                .key("nowhere \(index)"), "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11",
                "12", "13", "14", "15", "16", "17", "18", "19", "20", "21", "22", "23", "24", "25")
        }
        content = plan.string("message", "content")
        finish = plan.string("choices", 0, "finish_reason")
        time = plan.string("created_at")
        done = plan.bool("done")
        count = plan.number("count")
        calls = plan.value("message", "tool_calls")
        reader = FieldReader(plan)
    }

    mutating func verdict(_ text: [UInt8]) -> RecordVerdict {
        do throws(JSONError) {
            try reader.read(text.span)
        } catch {
            return RecordVerdict(error: error)
        }
        return said(of: text)
    }

    /// The verdict on the line that `rest` begins with, if it is known for a record by itself.
    mutating func verdict(
        startOf rest: Span<UInt8>, _ line: [UInt8], _ run: inout RecordRun
    ) -> RecordVerdict {
        let count = reader.readExpected(startOf: rest, &run)
        if count > 0 {
            precondition(count == line.count, "another line")
            return said(of: line)
        }
        run = RecordRun()
        return verdict(line)
    }

    private func said(of text: [UInt8]) -> RecordVerdict {
        var verdict = RecordVerdict()
        verdict.strings = [reader[content], reader[finish], reader[time]]
        verdict.done = reader[done]
        verdict.count = reader.number(count, in: text.span)
        verdict.calls = reader[calls]
        for string in verdict.strings {
            precondition((string?.range.end ?? 0) <= text.count, "a string behind the end")
        }
        return verdict
    }
}
