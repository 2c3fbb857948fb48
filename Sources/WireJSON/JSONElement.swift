internal import WireBytes

/// A value in a `JSONDocument`, as long as that holds it.
public struct JSONElement: ~Escapable {
    let nodes: Span<JSONNode>
    let text: Span<UInt8>
    let index: Int
    /// Of a member: its key's node; else -1.
    let keyIndex: Int

    @_lifetime(copy nodes, copy text)
    init(_ nodes: Span<JSONNode>, _ text: Span<UInt8>, at index: Int = 0, key: Int = -1) {
        precondition(index < nodes.count, "no text was parsed")
        self.nodes = nodes
        self.text = text
        self.index = index
        keyIndex = key
    }

    var node: JSONNode { nodes[index] }

    public var type: JSONType {
        switch node.kind {
        // The last stands on no tape.
        case .null, .absent: .null
        case .false, .true: .bool
        case .string, .escapedString: .string
        case .int, .uint, .double, .number: .number
        case .object: .object
        case .array: .array
        }
    }

    public var isNull: Bool { node.kind == .null }

    public var bool: Bool? {
        switch node.kind {
        case .true: true
        case .false: false
        default: nil
        }
    }

    /// An integer written without fraction and exponent that `Int64` holds, except `-0`.
    public var int64: Int64? { node.kind == .int ? node.int : nil }

    /// An integer written without fraction and exponent that `UInt64` holds, except `-0`.
    public var uint64: UInt64? {
        switch node.kind {
        case .int: UInt64(exactly: node.int)
        case .uint: node.uint
        default: nil
        }
    }

    /// Any number, rounded to the nearest; an infinity or a zero when it is out of range.
    public var double: Double? {
        switch node.kind {
        case .int: Double(node.int)
        case .uint: Double(node.uint)
        case .double: node.double
        case .number: Double(String(decoding: text.extracting(node.range.indices)))
        default: nil
        }
    }

    /// A decoded string; one allocation, none when it is short.
    public var string: String? { decoded(index) }

    /// Of a member: its decoded key.
    public var key: String? { keyIndex < 0 ? nil : decoded(keyIndex) }

    /// A string where it lies, or nil when escapes in it have to be decoded first, or it is none.
    public var utf8: Span<UInt8>? {
        @_lifetime(copy self)
        get { node.kind == .string ? text.extracting(node.range.indices) : nil }
    }

    /// The value as it is written.
    public var raw: Span<UInt8> {
        @_lifetime(copy self)
        get {
            let range = node.range
            let isString = node.kind == .string || node.kind == .escapedString
            let quote = isString ? 1 : 0
            return text.extracting(range.start - quote..<range.end + quote)
        }
    }

    /// How many members or elements a container has; 0 for any other value.
    public var count: Int { node.isContainer ? node.childCount : 0 }

    private func decoded(_ index: Int) -> String? {
        let node = nodes[index]
        switch node.kind {
        case .string: return String(decoding: text.extracting(node.range.indices))
        case .escapedString:
            return JSONUnescape.string(JSONString(range: node.range, hasEscapes: true), in: text)
        default: return nil
        }
    }
}

// MARK: Looking in

extension JSONElement {
    /// The value of a key, of the last of several equal ones; nil without it or in no object.
    public subscript(key: String) -> JSONElement? {
        @_lifetime(copy self)
        get { member(key.utf8.span) }
    }

    @_lifetime(copy self)
    private func member(_ name: Span<UInt8>) -> JSONElement? {
        guard node.kind == .object else { return nil }
        let end = node.next(from: index)
        var found = -1
        var key = index + 1
        while key < end {
            if nodes[key].isString(name, in: text) { found = key }
            key = nodes[key + 1].next(from: key + 1)
        }
        return found < 0 ? nil : JSONElement(nodes, text, at: found + 1, key: found)
    }

    /// An element; nil out of bounds or in no array. It is found by passing those before it.
    public subscript(position: Int) -> JSONElement? {
        @_lifetime(copy self)
        get {
            guard node.kind == .array, position >= 0, position < node.childCount else { return nil }
            var child = index + 1
            for _ in 0..<position { child = nodes[child].next(from: child) }
            return JSONElement(nodes, text, at: child)
        }
    }

    /// The members of an object or the elements of an array, in order, duplicate keys included.
    public var children: Children {
        @_lifetime(copy self)
        get { Children(of: self) }
    }

    public struct Children: ~Escapable {
        private let nodes: Span<JSONNode>
        private let text: Span<UInt8>
        private let isObject: Bool
        private let end: Int
        private var index: Int

        @_lifetime(copy element)
        init(of element: JSONElement) {
            nodes = element.nodes
            text = element.text
            isObject = element.node.kind == .object
            index = element.index + 1
            end = element.node.next(from: element.index)
        }

        /// Nil behind the last.
        @_lifetime(copy self)
        public mutating func next() -> JSONElement? {
            guard index < end else { return nil }
            let key = isObject ? index : -1
            let value = isObject ? index + 1 : index
            index = nodes[value].next(from: value)
            return JSONElement(nodes, text, at: value, key: key)
        }
    }
}

extension JSONNode {
    /// Whether the string here, decoded, is `name`.
    @inline(__always)
    func isString(_ name: Span<UInt8>, in text: Span<UInt8>) -> Bool {
        if kind == .escapedString {
            return JSONUnescape.matches(JSONString(range: range, hasEscapes: true), in: text, name)
        }
        return ByteScan.equals(range, of: text, name)
    }
}
