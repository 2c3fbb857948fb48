public import WireBytes

/// Reads the fields of a plan out of one record after another, each faster for the ones before it.
///
/// The records of a stream repeat each other but for a few values. So a record read by the cursor is
/// kept as a `RecordShape`: one that has its form is checked by comparing, wide, and only what varies
/// is looked at closely. What varies is learnt as well: the strings and numbers wanted, and any other
/// that is seen to differ. Up to four shapes are kept. Any other record goes through the cursor, from
/// its first byte, so that the verdict, the values and the error are what they would be without
/// shapes; a stream whose records have nothing in common soon costs no more than the cursor.
///
/// Ranges are of the text that was read last.
public struct FieldReader: ~Copyable {
    let plan: FieldPlan
    @usableFromInline var learnt = UniqueBox(FieldShapes())
    /// Of the record read last, when it had none of the shapes.
    private var values: [FieldValue]
    /// Made for a stream whose records have little in common.
    private var tree: FieldTree?

    public init(_ plan: FieldPlan) {
        self.plan = plan
        values = [FieldValue](repeating: .absent, count: plan.kinds.count)
    }

    /// Reads one record: a JSON text whose value is an object.
    ///
    /// - Throws: `JSONError` when it is none, or a field has another type than was declared. The
    ///   fields mean nothing then.
    @inlinable
    public mutating func read(_ text: Span<UInt8>) throws(JSONError) {
        if learnt.value.isExpecting {
            let taken = learnt.value.matchExpected(text)
            if taken > 0, taken == text.count { return }
        }
        try readAnyForm(text)
    }

    @usableFromInline
    mutating func readAnyForm(_ text: Span<UInt8>) throws(JSONError) {
        learnt.value.current = -1
        if learnt.value.isExpecting, learnt.value.matchOthers(text) { return }
        if !readByTree(text) {
            for index in values.indices { values[index] = .absent }
            var cursor = JSONCursor(text)
            try plan.read(&cursor, into: &values)
        }
        learnt.value.missed(text, values, of: plan)
    }

    private mutating func readByTree(_ text: Span<UInt8>) -> Bool {
        guard learnt.value.isIrregular else { return false }
        if tree == nil { tree = plan.tree() }
        guard tree?.read(text) == true else { return false }
        for index in values.indices {
            if let node = tree?[index] { values[index] = FieldValue(node) }
        }
        return true
    }
}

extension FieldReader: RecordReading {
    /// Reads the record that `text` starts with, if it has the form of the one before.
    ///
    /// - Returns: its bytes; 0 says nothing.
    @inlinable @inline(__always)
    public mutating func readExpected(startOf text: Span<UInt8>) -> Int {
        learnt.value.isExpectingLine ? learnt.value.matchExpected(text) : 0
    }
}

// MARK: The record read last

extension FieldReader {
    /// The same number for records of the same form, for callers that keep what follows from that: they
    /// have the same fields, and only strings and numbers in them differ. Nil where nothing is known.
    @inlinable @inline(__always)
    public var form: Int? {
        let current = learnt.value.current
        return current < 0 ? nil : learnt.value.forms[current]
    }

    /// A string, or nil where there is none.
    @inlinable @inline(__always)
    public subscript(field: FieldPlan.StringField) -> JSONString? {
        if learnt.value.current < 0 { return string(field.index) }
        // Of the records of a shape, a string field varies, or none has it.
        guard let hole = learnt.value.hole(of: field.index) else { return nil }
        return JSONString(
            range: learnt.value.found.range(hole), hasEscapes: learnt.value.found.hasEscapes(hole))
    }

    @inlinable @inline(__always)
    public subscript(field: FieldPlan.BoolField) -> Bool? {
        switch learnt.value.kind(of: field.index) ?? value(field.index).kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// A number, read again from the text that was read last.
    public func number(_ field: FieldPlan.NumberField, in text: Span<UInt8>) -> JSONNumber? {
        let value = value(field.index)
        guard value.kind == .number else { return nil }
        // The text there was checked: it is a number.
        return try? JSONScanner(text).number(at: value.range.start)
    }

    /// Where a value of any type lies: its text, from its first byte to its last. Nil where there is
    /// none or it is `null`.
    public subscript(field: FieldPlan.ValueField) -> ByteRange? {
        if learnt.value.kind(of: field.index) == .absent { return nil }
        let value = value(field.index)
        switch value.kind {
        case .absent, .null: return nil
        case .string, .escapedString:
            return ByteRange(start: value.range.start - 1, count: value.range.count + 2)
        default: return value.range
        }
    }

    @usableFromInline
    func string(_ slot: Int) -> JSONString? {
        let value = values[slot]
        switch value.kind {
        case .string: return JSONString(range: value.range, hasEscapes: false)
        case .escapedString: return JSONString(range: value.range, hasEscapes: true)
        default: return nil
        }
    }

    @usableFromInline
    func value(_ slot: Int) -> FieldValue { learnt.value.value(slot) ?? values[slot] }
}
