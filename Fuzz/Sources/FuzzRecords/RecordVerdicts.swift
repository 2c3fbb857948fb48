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
        var verdict = RecordVerdict()
        do throws(JSONError) {
            try reader.read(text.span)
        } catch {
            verdict.error = error
            return verdict
        }
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
