public import WireBytes

/// The forms that the records of a stream have had, and which is expected next.
@usableFromInline
struct FieldShapes: ~Copyable {
    /// So many more records without one of the shapes than with one, and only every sixteenth is
    /// compared at all; with more of them, every 64th.
    private static var patience: Int { 8 }
    private static var longPatience: Int { 128 }

    /// What a shape was learnt from.
    private struct Model: Sendable {
        var record: [UInt8] = []
        /// The contents of all strings and numbers that are values, in order.
        var scalars: [RecordShape.Hole] = []
        var varies: [Bool] = []
        var values: [FieldValue] = []
    }

    @usableFromInline var shapes = InlineArray<4, RecordShape> { _ in RecordShape() }
    // Arrays, because reading an element of an inline one that is stored here copies all of it.
    /// Of each field of each shape: the hole that holds it, or -1 when it is the same everywhere.
    @usableFromInline var holes: [Int8]
    @usableFromInline var kinds: [FieldValue.Kind]
    @usableFromInline var found = RecordsFound()
    /// The shape of the record read last; -1 when it had none of these.
    @usableFromInline var current = -1
    /// The shape that matched last.
    @usableFromInline var expected = 0
    private var models = [Model](repeating: Model(), count: 4)
    /// Another number each time that a shape is formed.
    @usableFromInline var forms = [0, 0, 0, 0]
    /// No record that was learnt had a line feed in it: none that matches has.
    private var areLines = true { didSet { expect() } }
    private var lastUses = [0, 0, 0, 0]
    /// Grows with each record that had none of the shapes, falls with those that had.
    private var misses = 0 { didSet { expect() } }
    /// Whether the next record is compared with the shapes at all, and whether that is worth while where
    /// its end has not been looked for.
    @usableFromInline var isExpecting = true
    @usableFromInline var isExpectingLine = true
    /// Grows with each line that had the expected shape, falls with those that had not.
    @usableFromInline var repeats = 0
    /// Bytes of the line that had it last.
    @usableFromInline var lineLength = 0
    /// The line read last had not the expected shape. What is read next is that line, as a rule.
    @usableFromInline var isUnexpected = false
    private var clock = 0

    init() {
        holes = [Int8](repeating: -1, count: 4 * FieldPlan.fieldLimit)
        kinds = [FieldValue.Kind](repeating: .absent, count: 4 * FieldPlan.fieldLimit)
    }
}

// MARK: Matching

extension FieldShapes {
    /// More records had none of the shapes than had one.
    var isIrregular: Bool { misses >= FieldShapes.patience }

    private mutating func expect() {
        isExpecting =
            !isIrregular || misses & (misses < FieldShapes.longPatience ? 15 : 63) == 0
        isExpectingLine = areLines && isExpecting
    }

    /// Whether the text has the expected shape, all of it.
    @inlinable @inline(__always)
    mutating func matchExpected(_ text: Span<UInt8>) -> Bool {
        if isUnexpected { return false }
        let isMatch = shapes[expected].match(text, &found)
        current = isMatch ? expected : -1
        if isMatch, repeats == 0 { repeats = 1 }
        return isMatch
    }

    /// Bytes of the line that the text begins with, if that has the expected shape; else 0.
    @inlinable @inline(__always)
    mutating func matchLine(_ text: Span<UInt8>, _ run: inout RecordRun) -> Int {
        let known = found.takeNext(of: run, in: text)
        if known > 0 { return known }
        run = RecordRun()
        // Many at once when many have come, and there is more than this one.
        if repeats >= 8, text.count > 2 &* lineLength {
            return matchLines(text, &run)
        }
        return matchLineAlone(text)
    }

    @inlinable @inline(__always)
    mutating func matchLineAlone(_ text: Span<UInt8>) -> Int {
        guard isExpectingLine, repeats > 0 else { return 0 }
        let length = shapes[expected].matchLine(text, &found)
        guard length > 0 else {
            notExpected()
            return 0
        }
        current = expected
        lineLength = length
        repeats &+= repeats < 1 << 10 ? 1 : 0
        return length
    }

    @usableFromInline
    mutating func matchLines(_ text: Span<UInt8>, _ run: inout RecordRun) -> Int {
        guard matchLines(text, most: repeats / 4) > 0 else { return 0 }
        run = found.left
        lineLength = found.record(0).count
        return lineLength
    }

    /// A line had not the expected shape.
    @usableFromInline
    mutating func notExpected() {
        isUnexpected = true
        current = -1
        repeats /= 4
    }

    /// Reads the lines that the text begins with, if they have the expected shape: many at once only when
    /// many have come.
    ///
    /// - Returns: how many.
    mutating func matchManyLines(_ text: Span<UInt8>) -> Int { matchLines(text, most: repeats) }

    private mutating func matchLines(_ text: Span<UInt8>, most: Int) -> Int {
        guard isExpectingLine, repeats > 0 else { return 0 }
        shapes[expected].matchLines(text, &found, most: min(max(most, 1), RecordsFound.limit))
        let count = found.recordCount
        guard count > 0 else {
            notExpected()
            return 0
        }
        current = expected
        repeats = min(repeats + count, 1 << 10)
        return count
    }

    /// What was read last means nothing by now.
    mutating func nothingRead() {
        current = -1
        found.forget()
    }

    /// Whether the text has one of the shapes, all of it. If none, a shape that differs from it in a
    /// string or a number only learns that this varies.
    mutating func matchOthers(_ text: Span<UInt8>) -> Bool {
        if text.isEmpty { return false }
        // The expected one last, which has been compared already.
        for turn in 1...(isUnexpected ? 4 : 3) {
            let index = (expected + turn) & 3
            if shapes[index].match(text, &found) {
                isUnexpected = false
                use(index)
                return true
            }
        }
        isUnexpected = false
        for index in 0..<4 {
            while widen(index, for: text) {
                if shapes[index].match(text, &found) {
                    use(index)
                    return true
                }
            }
        }
        return false
    }

    private mutating func use(_ index: Int) {
        clock += 1
        lastUses[index] = clock
        current = index
        expected = index
        // Not to 0: where few records match, learning anew would cost more than they spare.
        misses = max(0, misses - 4)
    }

    /// Makes a hole of the string or number in which the text differs first.
    private mutating func widen(_ index: Int, for text: Span<UInt8>) -> Bool {
        guard let place = shapes[index].firstDifference(text, found) else { return false }
        let scalars = models[index].scalars
        guard
            let scalar = scalars.firstIndex(where: {
                $0.range.start <= place && place <= $0.range.end
            }), !models[index].varies[scalar],
            models[index].varies.count(where: { $0 }) < RecordShape.holeLimit
        else { return false }
        models[index].varies[scalar] = true
        form(index)
        return true
    }
}

// MARK: Learning

extension FieldShapes {
    /// A record was read that has none of the shapes.
    ///
    /// - Returns: whether to learn it: the first, second, fourth, ... such record, so that records
    ///   without a common form cost little.
    mutating func missed() -> Bool {
        misses += 1
        return misses & (misses - 1) == 0
    }

    /// Takes the record for one of the shapes.
    mutating func learn(_ text: Span<UInt8>, _ values: [FieldValue]) {
        let index = (0..<4).min { lastUses[$0] < lastUses[$1] } ?? 0
        guard let model = model(of: text, values) else { return }
        models[index] = model
        areLines = areLines && ByteScan.firstIndex(of: ASCII.lf, in: text) == nil
        clock += 1
        lastUses[index] = clock
        form(index)
        expected = index
    }

    /// Nil when the record has more wanted fields than a shape has holes.
    private func model(of text: Span<UInt8>, _ values: [FieldValue]) -> Model? {
        var model = Model(record: [UInt8](copying: text), values: values)
        model.scalars = RecordShape.Hole.all(in: text)
        model.varies = model.scalars.map { scalar in
            values.contains { $0.range == scalar.range && $0.isScalar }
        }
        return model.varies.count(where: { $0 }) <= RecordShape.holeLimit ? model : nil
    }

    /// Makes the shape and the layout of a model.
    private mutating func form(_ index: Int) {
        clock += 1
        forms[index] = clock
        let model = models[index]
        let variables = zip(model.scalars, model.varies).filter { $0.1 }.map { $0.0 }
        shapes[index].learn(model.record.span, holes: variables)
        for (slot, value) in model.values.enumerated() {
            let hole = value.isScalar ? variables.firstIndex { $0.range == value.range } : nil
            holes[index &<< 4 | slot] = Int8(hole ?? -1)
            kinds[index &<< 4 | slot] = value.kind
        }
    }
}

// MARK: Fields

extension FieldShapes {
    /// The hole of the record read last that holds the field, if it matched and one does.
    @inlinable @inline(__always)
    func hole(of slot: Int) -> Int? {
        if current < 0 { return nil }
        let hole = Int(holes[current &<< 4 | slot])
        return hole < 0 ? nil : hole
    }

    @inlinable @inline(__always)
    func kind(of slot: Int) -> FieldValue.Kind? {
        current < 0 ? nil : kinds[current &<< 4 | slot]
    }

    /// The field of the record read last, if that matched.
    func value(_ slot: Int) -> FieldValue? {
        if current < 0 { return nil }
        var value = models[current].values[slot]
        if let hole = hole(of: slot) {
            value.range = found.range(hole)
            if value.kind != .number {
                value.kind = found.hasEscapes(hole) ? .escapedString : .string
            }
        } else {
            let start = moved(value.range.start)
            value.range = ByteRange(start: start, count: moved(value.range.end) - start)
        }
        return value
    }

    /// Where in the record read last the byte is that stands at `place` in the one learnt from.
    private func moved(_ place: Int) -> Int {
        let model = models[current]
        var hole = 0
        var moved = place
        for (scalar, varies) in zip(model.scalars, model.varies) where varies {
            if scalar.range.end > place { break }
            moved = found.range(hole).end + place - scalar.range.end
            hole += 1
        }
        return moved
    }
}

extension RecordShape.Hole {
    /// All strings and numbers of a valid text that are values, in order.
    static func all(in text: Span<UInt8>) -> [RecordShape.Hole] {
        var scalars: [RecordShape.Hole] = []
        var cursor = JSONCursor(text)
        // Whether each open container is an object.
        var open: [Bool] = []
        // The text was checked: nothing is thrown. If it were, what was found would do.
        try? walk(&cursor, &open, &scalars)
        return scalars
    }

    private static func walk(
        _ cursor: inout JSONCursor, _ open: inout [Bool], _ scalars: inout [RecordShape.Hole]
    ) throws(JSONError) {
        repeat {
            switch try cursor.peek() {
            case .object:
                try cursor.beginObject()
                open.append(true)
            case .array:
                try cursor.beginArray()
                open.append(false)
            case .string:
                scalars.append(RecordShape.Hole(try cursor.string().range, isNumber: false))
            case .number:
                scalars.append(RecordShape.Hole(try cursor.number().range, isNumber: true))
            case .bool, .null: try cursor.skipValue()
            }
            while let isObject = open.last {
                if try isObject ? cursor.nextKey() != nil : cursor.nextElement() { break }
                open.removeLast()
            }
        } while !open.isEmpty
    }
}

/// What a field holds.
@usableFromInline
struct FieldValue: Sendable, Equatable {
    @usableFromInline
    enum Kind: UInt8, Sendable {
        case absent, null, `true`, `false`, number, string, escapedString, container
    }

    @usableFromInline var kind: Kind
    /// Of a string: what stands between its quotes.
    @usableFromInline var range: ByteRange

    static let absent = FieldValue(kind: .absent)

    init(kind: Kind, range: ByteRange = ByteRange(start: 0, count: 0)) {
        self.kind = kind
        self.range = range
    }

    init(_ node: JSONNode) {
        range = node.range
        kind =
            switch node.kind {
            case .null: .null
            case .false: .false
            case .true: .true
            case .string: .string
            case .escapedString: .escapedString
            case .int, .uint, .double, .number: .number
            case .object, .array: .container
            case .absent: .absent
            }
    }

    var isScalar: Bool { kind == .number || kind == .string || kind == .escapedString }
}
