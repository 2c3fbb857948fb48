internal import WireBytes

extension JSONValue {
    /// Reads one whole JSON text of less than 256 MiB.
    public init(
        parsing text: Span<UInt8>, depthLimit: Int = JSON.maximumDepth
    ) throws(JSONError) {
        var tape = JSONTape()
        try tape.parse(text, depthLimit: depthLimit)
        self.init(JSONElement(tape.nodes, text))
    }

    /// A copy of a document's value. Recursive, but never deeper than the document.
    public init(_ element: JSONElement) {
        switch element.node.kind {
        case .null, .absent: self = .null
        case .false: self = .bool(false)
        case .true: self = .bool(true)
        case .int: self = .int(element.node.int)
        case .uint: self = .uint(element.node.uint)
        case .double, .number: self = .double(element.double ?? .nan)
        case .string, .escapedString: self = .string(element.string ?? "")
        case .array:
            var elements: [JSONValue] = []
            elements.reserveCapacity(element.count)
            var children = element.children
            while let child = children.next() { elements.append(JSONValue(child)) }
            self = .array(elements)
        case .object:
            var members: [Member] = []
            members.reserveCapacity(element.count)
            var children = element.children
            while let child = children.next() {
                members.append(Member(key: child.key ?? "", value: JSONValue(child)))
            }
            self = .object(members)
        }
    }

    /// Reads the value that comes next. Recursive, but never deeper than the cursor's limit.
    ///
    /// - Throws: with the cursor in the midst of the value; there is no way on from there.
    public init(reading cursor: inout JSONCursor) throws(JSONError) {
        switch try cursor.peek() {
        case .object: self = .object(try JSONValue.members(reading: &cursor))
        case .array: self = .array(try JSONValue.elements(reading: &cursor))
        case .string:
            let string = try cursor.string()
            self = .string(cursor.text(of: string))
        case .number:
            let number = try cursor.number()
            self.init(number, in: cursor)
        case .bool: self = .bool(try cursor.bool())
        case .null:
            try cursor.null()
            self = .null
        }
    }

    private init(_ number: JSONNumber, in cursor: borrowing JSONCursor) {
        let isNegativeZero = number.isNegative && number.uint64 == 0
        if !isNegativeZero, let value = number.int64 {
            self = .int(value)
        } else if !isNegativeZero, let value = number.uint64 {
            self = .uint(value)
        } else {
            self = .double(cursor.double(of: number))
        }
    }

    private static func members(reading cursor: inout JSONCursor) throws(JSONError) -> [Member] {
        var members: [Member] = []
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let name = cursor.text(of: key)
            members.append(Member(key: name, value: try JSONValue(reading: &cursor)))
        }
        return members
    }

    private static func elements(reading cursor: inout JSONCursor) throws(JSONError) -> [JSONValue]
    {
        var elements: [JSONValue] = []
        try cursor.beginArray()
        while try cursor.nextElement() {
            elements.append(try JSONValue(reading: &cursor))
        }
        return elements
    }
}

extension JSONValue {
    /// The value as a JSON text of its own.
    ///
    /// - Throws: `nonFiniteNumber` or `tooDeep`.
    public func encoded() throws(JSONWriteError) -> [UInt8] {
        var writer = JSONWriter()
        try write(to: &writer)
        return writer.bytes
    }

    /// Writes the value where the writer stands.
    ///
    /// - Throws: as `encoded`; what was written until then stays.
    public func write(to writer: inout JSONWriter) throws(JSONWriteError) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .int(let value): writer.integer(value)
        case .uint(let value): writer.integer(value)
        case .double(let value): try writer.double(value)
        case .string(let value): writer.string(value)
        case .array(let elements):
            guard writer.depth < JSON.maximumDepth else { throw .tooDeep }
            writer.beginArray()
            for element in elements { try element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            guard writer.depth < JSON.maximumDepth else { throw .tooDeep }
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                try member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}
