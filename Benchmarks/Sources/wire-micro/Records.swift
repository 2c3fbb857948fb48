import Foundation
import WireBytes
import WireFraming
import WireJSON

/// Reads each line of the input, framed by ours.
private func eachLine(
    _ name: String, _ input: Padded, _ read: @escaping (Span<UInt8>, inout Totals) -> Void
) -> Contender {
    let received = Received(input)
    return Contender(name, prepare: { received.refill(asContent: true) }) {
        received.borrow { buffer in
            var scanner = LineScanner(limit: .mebibytes(1))
            var totals = Totals()
            while let line = try! scanner.next(in: &buffer) {
                read(buffer.bytes(in: line), &totals)
                totals.units += 1
            }
            return totals.sum
        }
    }
}

struct Totals {
    var units = 0
    var bytes = 0
    var marks = 0

    var sum: UInt64 { Fixture.sum(units, bytes, marks) }
}

/// What is wanted of the records of a task.
private protocol Wanted {
    init()
    var plan: FieldPlan { get }
    func take(_ reader: borrowing FieldReader, _ totals: inout Totals)
    func takeBatch(_ reader: borrowing FieldReader, _ totals: inout Totals)
}

private struct ChatFields: Wanted {
    var plan = FieldPlan()
    let content: FieldPlan.StringField
    let done: FieldPlan.BoolField

    init() {
        content = plan.string("message", "content")
        done = plan.bool("done")
    }

    @inline(__always)
    func take(_ reader: borrowing FieldReader, _ totals: inout Totals) {
        totals.bytes += reader[content]?.range.count ?? 0
        totals.marks += reader[done] == true ? 1 : 0
    }

    @inline(__always)
    func takeBatch(_ reader: borrowing FieldReader, _ totals: inout Totals) {
        for index in 0..<reader.batchCount {
            totals.bytes += reader[content, index]?.range.count ?? 0
        }
        totals.marks += reader[done] == true ? reader.batchCount : 0
    }
}

private struct ChunkFields: Wanted {
    var plan = FieldPlan()
    let content: FieldPlan.StringField
    let finish: FieldPlan.StringField

    init() {
        content = plan.string("choices", 0, "delta", "content")
        finish = plan.string("choices", 0, "finish_reason")
    }

    @inline(__always)
    func take(_ reader: borrowing FieldReader, _ totals: inout Totals) {
        totals.bytes += reader[content]?.range.count ?? 0
        totals.marks += reader[finish] == nil ? 0 : 1
    }

    @inline(__always)
    func takeBatch(_ reader: borrowing FieldReader, _ totals: inout Totals) {
        for index in 0..<reader.batchCount {
            totals.bytes += reader[content, index]?.range.count ?? 0
            totals.marks += reader[finish, index] == nil ? 0 : 1
        }
    }
}

func chat(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    byPlan(ChatFields.self, input) + [
        eachLine("JSONCursor", input) { line, totals in
            var cursor = JSONCursor(line)
            try! cursor.beginObject()
            while let key = try! cursor.nextKey() {
                if cursor.matches(key, "message") {
                    try! cursor.beginObject()
                    while let key = try! cursor.nextKey() {
                        if cursor.matches(key, "content") {
                            totals.bytes += try! cursor.string().range.count
                        } else {
                            try! cursor.skipValue()
                        }
                    }
                } else if cursor.matches(key, "done") {
                    totals.marks += try! cursor.bool() ? 1 : 0
                } else {
                    try! cursor.skipValue()
                }
            }
            try! cursor.finish()
        }
    ]
}

func chunks(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    byPlan(ChunkFields.self, input)
}

/// By a plan.
private func byPlan<Fields: Wanted>(_ type: Fields.Type, _ input: Padded) -> [Contender] {
    let received = Received(input)
    return [
        Contender("FieldReader", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                let wanted = Fields()
                var reader = FieldReader(wanted.plan)
                var scanner = LineScanner(limit: .mebibytes(1))
                var totals = Totals()
                while let line = try! scanner.next(in: &buffer) {
                    try! reader.read(buffer.bytes(in: line))
                    wanted.take(reader, &totals)
                    totals.units += 1
                }
                return totals.sum
            }
        },
        Contender("FieldReader, lines it knows", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                let wanted = Fields()
                var reader = FieldReader(wanted.plan)
                var scanner = LineScanner(limit: .mebibytes(1))
                var totals = Totals()
                while true {
                    if scanner.next(in: &buffer, knownTo: &reader) == nil {
                        guard let line = try! scanner.next(in: &buffer) else { break }
                        try! reader.read(buffer.bytes(in: line))
                    }
                    wanted.take(reader, &totals)
                    totals.units += 1
                }
                return totals.sum
            }
        },
        Contender("FieldReader, batches", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                let wanted = Fields()
                var reader = FieldReader(wanted.plan)
                var scanner = LineScanner(limit: .mebibytes(1))
                var totals = Totals()
                while true {
                    if scanner.nextBatch(in: &buffer, knownTo: &reader) != nil {
                        wanted.takeBatch(reader, &totals)
                        totals.units += reader.batchCount
                    } else {
                        guard let line = try! scanner.next(in: &buffer) else { break }
                        try! reader.read(buffer.bytes(in: line))
                        wanted.take(reader, &totals)
                        totals.units += 1
                    }
                }
                return totals.sum
            }
        },
    ]
}

func values(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let received = Received(input)
    return [
        Contender("JSONDocument", prepare: { received.refill(asContent: true) }) {
            received.borrow { buffer in
                var scanner = LineScanner(limit: .mebibytes(1))
                var document = JSONDocument()
                var totals = Totals()
                while let line = try! scanner.next(in: &buffer) {
                    try! document.parse(buffer.bytes(in: line))
                    totals.bytes += document.root.type == .object ? 1 : 0
                    totals.units += 1
                }
                return totals.sum
            }
        },
        eachLine("JSONValue", input) { line, totals in
            let value = try! JSONValue(parsing: line)
            totals.bytes += value.members == nil ? 0 : 1
        },
    ]
}

/// A whole text, checked.
func checked(_ input: Padded, _ fixture: Fixture) -> [Contender] {
    let bytes = input.bytes
    return [
        Contender("JSON.validate") {
            try! JSON.validate(bytes.span)
            return Fixture.sum(1, bytes.count, 0)
        }
    ]
}
