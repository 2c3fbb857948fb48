internal import WireBytes

/// The fields wanted of each record of a stream. Declared once; a `FieldReader` reads by it.
///
///     var plan = FieldPlan()
///     let content = plan.string("message", "content")
///     let done = plan.bool("done")
///     var reader = FieldReader(plan)
///     try reader.read(line)
///     if let text = reader[content] { ... }
///
/// A path leads through objects by key and through arrays by index. Of equal keys the last counts. A
/// field that is missing or `null` is nil; a value of another type than was declared is an error, and
/// so is one in the midst of a path that leads no further.
public struct FieldPlan: Sendable {
    /// A step of a path: a key, or an element's index.
    public enum Step: Sendable, Equatable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        case key(String)
        case index(Int)

        public init(stringLiteral key: String) { self = .key(key) }
        public init(integerLiteral index: Int) { self = .index(index) }
    }

    public struct StringField: Sendable, Equatable { @usableFromInline let index: Int }
    public struct BoolField: Sendable, Equatable { @usableFromInline let index: Int }
    public struct NumberField: Sendable, Equatable { let index: Int }
    /// A value of any type, as a JSON text.
    public struct ValueField: Sendable, Equatable { let index: Int }

    enum Kind: UInt8, Sendable { case string, bool, number, value }

    typealias Node = FieldTree.Node

    /// The most fields of a plan.
    public static var fieldLimit: Int { 16 }

    private(set) var nodes = [Node()]
    private var names: [UInt8] = []
    private(set) var kinds: [Kind] = []

    public init() {}

    public mutating func string(_ path: Step...) -> StringField {
        StringField(index: add(path, .string))
    }

    public mutating func bool(_ path: Step...) -> BoolField { BoolField(index: add(path, .bool)) }

    public mutating func number(_ path: Step...) -> NumberField {
        NumberField(index: add(path, .number))
    }

    public mutating func value(_ path: Step...) -> ValueField {
        ValueField(index: add(path, .value))
    }

    /// - Precondition: no other path leads to the same place, beyond it, or through it otherwise.
    private mutating func add(_ path: [Step], _ kind: Kind) -> Int {
        precondition(!path.isEmpty, "a path without steps")
        precondition(kinds.count < FieldPlan.fieldLimit, "too many fields")
        var node = 0
        for step in path { node = child(step, of: node) }
        precondition(
            nodes[node].field < 0 && nodes[node].firstChild < 0, "a second field at \(path)")
        nodes[node].field = kinds.count
        kinds.append(kind)
        return kinds.count - 1
    }

    private mutating func child(_ step: Step, of parent: Int) -> Int {
        precondition(nodes[parent].field < 0, "a field within a field")
        var new = Node()
        switch step {
        case .key(let key):
            new.name = ByteRange(start: names.count, count: key.utf8.count)
            names += key.utf8
        case .index(let index): new.element = index
        }
        let isArray = new.element >= 0
        precondition(
            nodes[parent].firstChild < 0 || nodes[parent].isArray == isArray,
            "a key and an index at the same place")
        var last = -1
        var node = nodes[parent].firstChild
        while node >= 0 {
            let isSame =
                isArray
                ? nodes[node].element == new.element
                : names[nodes[node].name.indices].elementsEqual(names[new.name.indices])
            if isSame { return node }
            last = node
            node = nodes[node].nextSibling
        }
        nodes.append(new)
        if last < 0 {
            nodes[parent].isArray = isArray
            nodes[parent].firstChild = nodes.count - 1
        } else {
            nodes[last].nextSibling = nodes.count - 1
        }
        return nodes.count - 1
    }
}

extension FieldPlan {
    /// For reading without the cursor.
    func tree() -> FieldTree {
        FieldTree(
            nodes, names: names,
            wanted: kinds.map { kind in
                switch kind {
                case .string: [.string, .escapedString, .null]
                case .bool: [.true, .false, .null]
                case .number: [.int, .uint, .double, .number, .null]
                case .value: JSONNode.Kind.allCases.filter { $0 != .absent }
                }
            })
    }
}

// MARK: Reading by the cursor

extension FieldPlan {
    /// Reads one whole text; of what it has, `values` gets the fields.
    func read(
        _ cursor: inout JSONCursor, into values: inout [FieldValue]
    ) throws(JSONError) {
        var passed: UInt64 = 0
        try readChildren(of: 0, &cursor, &values, &passed)
        try cursor.finish()
    }

    /// Recursive, but only as deep as the plan's paths.
    ///
    /// - Parameter passed: the nodes that were met already, one bit each (the last bit for many).
    private func readChildren(
        of node: Int, _ cursor: inout JSONCursor, _ values: inout [FieldValue],
        _ passed: inout UInt64
    ) throws(JSONError) {
        let first = nodes[node].firstChild
        if nodes[node].isArray {
            var element = 0
            try cursor.beginArray()
            while try cursor.nextElement() {
                var child = first
                while child >= 0, nodes[child].element != element {
                    child = nodes[child].nextSibling
                }
                try readValue(child, &cursor, &values, &passed)
                element += 1
            }
        } else {
            try cursor.beginObject()
            while let key = try cursor.nextKey() {
                var child = first
                while child >= 0, !isName(of: child, key, in: cursor) {
                    child = nodes[child].nextSibling
                }
                try readValue(child, &cursor, &values, &passed)
            }
        }
    }

    @inline(__always)
    private func isName(
        of node: Int, _ key: JSONString, in cursor: borrowing JSONCursor
    ) -> Bool {
        let name = nodes[node].name
        // Their lengths tell most names apart.
        if name.count != key.range.count, !key.hasEscapes { return false }
        return cursor.matches(key, names.span.extracting(name.indices))
    }

    @inline(__always)
    private func readValue(
        _ node: Int, _ cursor: inout JSONCursor, _ values: inout [FieldValue],
        _ passed: inout UInt64
    ) throws(JSONError) {
        if node < 0 {
            try cursor.skipValue()
            return
        }
        let field = nodes[node].field
        if field >= 0 {
            values[field] = try cursor.fieldValue(kinds[field])
            return
        }
        // Of equal keys the last counts alone: what an earlier one held is gone.
        let bit: UInt64 = 1 << UInt64(min(node, 63))
        if passed & bit != 0 { forget(node, &values) }
        passed |= bit
        if try cursor.peek() == .null {
            // Nothing is there: nor is anything beyond it.
            try cursor.null()
        } else {
            try readChildren(of: node, &cursor, &values, &passed)
        }
    }

    private func forget(_ node: Int, _ values: inout [FieldValue]) {
        var child = nodes[node].firstChild
        while child >= 0 {
            if nodes[child].field >= 0 { values[nodes[child].field] = .absent }
            forget(child, &values)
            child = nodes[child].nextSibling
        }
    }
}

extension JSONCursor {
    /// The value that comes next, for a field that was declared so.
    mutating func fieldValue(_ kind: FieldPlan.Kind) throws(JSONError) -> FieldValue {
        if kind == .string, let string = nextPlainString() {
            return FieldValue(kind: .string, range: string.range)
        }
        if kind == .bool, let bool = nextPlainBool() {
            let count = bool ? 4 : 5
            return FieldValue(
                kind: bool ? .true : .false,
                range: ByteRange(start: position - count, count: count))
        }
        let type = try peek()
        switch type {
        case .string where kind == .string || kind == .value:
            let string = try string()
            return FieldValue(
                kind: string.hasEscapes ? .escapedString : .string, range: string.range)
        case .bool where kind == .bool || kind == .value:
            let isTrue = try bool()
            let count = isTrue ? 4 : 5
            return FieldValue(
                kind: isTrue ? .true : .false,
                range: ByteRange(start: position - count, count: count))
        case .number where kind == .number || kind == .value:
            return FieldValue(kind: .number, range: try number().range)
        case .null:
            try null()
            return FieldValue(kind: .null)
        case .object where kind == .value, .array where kind == .value:
            return FieldValue(kind: .container, range: try skipValue())
        default:
            throw JSONError(.typeMismatch, at: try skipValue().start)
        }
    }
}
