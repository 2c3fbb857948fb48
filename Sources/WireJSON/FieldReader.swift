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
    /// All of it in one place on the heap: a value of many words would be copied wherever it is lent.
    @usableFromInline
    struct State: ~Copyable {
        let plan: FieldPlan
        @usableFromInline var learnt = FieldShapes()
        /// Of the record read last, when it had none of the shapes and `tree` has not read it.
        var values: [FieldValue]
        /// Made for a stream whose records have little in common.
        var tree: FieldTree?
        var isByTree = false

        init(_ plan: FieldPlan) {
            self.plan = plan
            values = [FieldValue](repeating: .absent, count: plan.kinds.count)
        }
    }

    @usableFromInline var state: UniqueBox<State>

    public init(_ plan: FieldPlan) { state = UniqueBox(State(plan)) }

    /// Reads one record: a JSON text whose value is an object.
    ///
    /// - Throws: `JSONError` when it is none, or a field has another type than was declared. The
    ///   fields mean nothing then.
    @inlinable
    public mutating func read(_ text: Span<UInt8>) throws(JSONError) {
        if state.value.learnt.isExpecting, state.value.learnt.matchExpected(text) { return }
        try readAnyForm(text)
    }

    @usableFromInline
    mutating func readAnyForm(_ text: Span<UInt8>) throws(JSONError) {
        try state.value.readAnyForm(text)
    }
}

extension FieldReader.State {
    mutating func readAnyForm(_ text: Span<UInt8>) throws(JSONError) {
        learnt.nothingRead()
        if learnt.isExpecting, learnt.matchOthers(text) { return }
        isByTree = readByTree(text)
        if !isByTree {
            for index in values.indices { values[index] = .absent }
            var cursor = JSONCursor(text)
            try plan.read(&cursor, into: &values)
        }
        guard learnt.missed() else { return }
        for index in values.indices { values[index] = value(index) }
        learnt.learn(text, values)
    }

    private mutating func readByTree(_ text: Span<UInt8>) -> Bool {
        guard learnt.isIrregular else { return false }
        if tree == nil { tree = plan.tree() }
        return tree?.read(text) == true
    }

    /// Of the record read last, which had none of the shapes.
    func value(_ slot: Int) -> FieldValue {
        switch tree {
        case .some(let tree) where isByTree: FieldValue(tree[slot])
        default: values[slot]
        }
    }
}

extension FieldReader: RecordBatchReading {
    /// Reads the record that `text` starts with, if it has the form of the one before and a line feed
    /// follows.
    ///
    /// - Parameter run: the records behind it that are known by now, for the next call.
    /// - Returns: its bytes; 0 says nothing.
    @inlinable @inline(__always)
    public mutating func readExpected(
        startOf text: Span<UInt8>, _ run: inout RecordRun
    ) -> Int {
        state.value.learnt.matchLine(text, &run)
    }

    /// The same where no other record follows at once.
    @inlinable @inline(__always)
    public mutating func readExpectedAlone(startOf text: Span<UInt8>) -> Int {
        state.value.learnt.matchLineAlone(text)
    }

    /// Reads records that `text` starts with, if they have the form of the one before and a line feed
    /// follows on each. `batchCount` says how many; of each, `self[field, index]` is a string.
    /// What is no string or number is the same in all of them.
    ///
    /// - Parameter limit: the most bytes of a record.
    /// - Returns: the bytes of all, with the last line feed; 0 says nothing.
    public mutating func readExpectedBatch(startOf text: Span<UInt8>, limit: Int) -> Int {
        state.value.readExpectedBatch(startOf: text, limit: limit)
    }
}

extension FieldReader.State {
    mutating func readExpectedBatch(startOf text: Span<UInt8>, limit: Int) -> Int {
        let count = learnt.matchManyLines(text)
        guard count > 0 else { return 0 }
        let end = learnt.found.record(count - 1).end
        // All of them together are shorter than that, mostly.
        if end > limit, (0..<count).contains(where: { learnt.found.record($0).count > limit }) {
            learnt.nothingRead()
            return 0
        }
        return end + 1
    }
}

// MARK: The records read last

extension FieldReader {
    /// The records that `readExpectedBatch` has read.
    @inlinable @inline(__always)
    public var batchCount: Int { state.value.learnt.found.recordCount }

    /// Where one of them lies in the text that was read.
    @inlinable
    public func record(_ index: Int) -> ByteRange { state.value.learnt.found.record(index) }

    /// A string of one of them, or nil where there is none. Its range is in the text that was read.
    @inlinable @inline(__always)
    public subscript(field: FieldPlan.StringField, index: Int) -> JSONString? {
        guard let hole = state.value.learnt.hole(of: field.index) else { return nil }
        return JSONString(
            range: state.value.learnt.found.range(hole, of: index),
            hasEscapes: state.value.learnt.found.hasEscapes(hole, of: index))
    }
}

// MARK: The record read last

extension FieldReader {
    /// The same number for records of the same form, for callers that keep what follows from that: they
    /// have the same fields, and only strings and numbers in them differ. Nil where nothing is known.
    @inlinable @inline(__always)
    public var form: Int? {
        let current = state.value.learnt.current
        return current < 0 ? nil : state.value.learnt.forms[current]
    }

    /// A string, or nil where there is none.
    @inlinable @inline(__always)
    public subscript(field: FieldPlan.StringField) -> JSONString? {
        if state.value.learnt.current < 0 { return string(field.index) }
        // Of the records of a shape, a string field varies, or none has it.
        guard let hole = state.value.learnt.hole(of: field.index) else { return nil }
        return JSONString(
            range: state.value.learnt.found.range(hole),
            hasEscapes: state.value.learnt.found.hasEscapes(hole))
    }

    @inlinable @inline(__always)
    public subscript(field: FieldPlan.BoolField) -> Bool? {
        switch state.value.learnt.kind(of: field.index) ?? value(field.index).kind {
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
        if state.value.learnt.kind(of: field.index) == .absent { return nil }
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
        let value = state.value.value(slot)
        switch value.kind {
        case .string: return JSONString(range: value.range, hasEscapes: false)
        case .escapedString: return JSONString(range: value.range, hasEscapes: true)
        default: return nil
        }
    }

    @usableFromInline
    func value(_ slot: Int) -> FieldValue {
        state.value.learnt.value(slot) ?? state.value.value(slot)
    }
}
