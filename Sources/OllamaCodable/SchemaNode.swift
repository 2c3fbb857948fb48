internal import FoundationEssentials
internal import WireJSON

/// What a value that is being recorded turned out to be.
final class SchemaNode {
    enum Form {
        case unknown
        case value(JSONValue)
        case array(SchemaNode)
        case object
    }

    /// A type that contains itself would never end.
    static let depthLimit = 32

    let depth: Int
    var form = Form.unknown
    private(set) var properties: [(name: String, node: SchemaNode)] = []
    private var required: [JSONValue] = []

    init(depth: Int) { self.depth = depth }

    static func schema<Value: Decodable>(
        of type: Value.Type
    ) throws(JSONSchemaError) -> JSONValue {
        let node = SchemaNode(depth: 0)
        do { _ = try node.record(type) } catch let error as JSONSchemaError {
            throw error
        } catch {
            throw JSONSchemaError(type: "\(type)", reason: "it cannot be decoded from nothing")
        }
        return node.json
    }

    func property(_ name: String, isRequired: Bool) -> SchemaNode {
        form = .object
        let node = SchemaNode(depth: depth + 1)
        properties.append((name, node))
        if isRequired { required.append(.string(name)) }
        return node
    }

    func element() -> SchemaNode {
        let node = SchemaNode(depth: depth + 1)
        form = .array(node)
        return node
    }

    var json: JSONValue {
        switch form {
        case .unknown: [:]
        case .value(let schema): schema
        case .array(let element): ["type": "array", "items": element.json]
        case .object:
            [
                "type": "object",
                "properties": .object(
                    properties.map { JSONValue.Member(key: $0.name, value: $0.node.json) }),
                "required": .array(required),
            ]
        }
    }

    // MARK: Recording

    /// Finds the form of a type.
    ///
    /// - Returns: any value of it, for the decoding to go on with.
    func record<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if depth > SchemaNode.depthLimit {
            throw JSONSchemaError(type: "\(type)", reason: "it contains itself")
        }
        if let (schema, value) = SchemaNode.scalar(type) {
            form = .value(schema)
            return value
        }
        if let cases = type as? any CaseIterable.Type, let value = record(cases: cases) as? Value {
            return value
        }
        if let map = type as? any StringKeyed.Type {
            let value = SchemaNode(depth: depth + 1)
            try map.record(value: value)
            form = .value(["type": "object", "additionalProperties": value.json])
            if let value = map.empty as? Value { return value }
        }
        let value = try Value(from: SchemaDecoder(node: self))
        // Its own word counts; where it has none, this finds the same again.
        if depth > 0, let stated = type as? any JSONSchema.Type {
            form = .value(try stated.jsonSchema)
        }
        return value
    }

    private static func scalar<Value>(_ type: Value.Type) -> (JSONValue, Value)? {
        let known: (JSONValue, Any)? =
            switch type {
            case is String.Type: (["type": "string"], "")
            case is Bool.Type: (["type": "boolean"], false)
            case is Double.Type: (["type": "number"], 0.0)
            case is Float.Type: (["type": "number"], Float(0))
            case is URL.Type:
                (["type": "string", "format": "uri"], URL(string: "http://localhost") as Any)
            case let integer as any FixedWidthInteger.Type: (["type": "integer"], integer.init())
            default: nil
            }
        guard let (schema, any) = known, let value = any as? Value else { return nil }
        return (schema, value)
    }

    /// An enumeration with raw values.
    private func record(cases: any CaseIterable.Type) -> Any? {
        var raw: [JSONValue] = []
        var first: Any?
        for value in SchemaNode.all(cases) {
            guard let value = value as? any RawRepresentable else { return nil }
            switch value.rawValue {
            case let text as String: raw.append(.string(text))
            case let number as any FixedWidthInteger: raw.append(.int(Int64(clamping: number)))
            default: return nil
            }
            first = first ?? value
        }
        guard let kind = raw.first else { return nil }
        let type: JSONValue = if case .string = kind { "string" } else { "integer" }
        form = .value(["type": type, "enum": .array(raw)])
        return first
    }

    private static func all<Cases: CaseIterable>(_ cases: Cases.Type) -> [Any] {
        cases.allCases.map { $0 as Any }
    }
}

/// Dictionaries whose keys are strings.
private protocol StringKeyed {
    static var empty: Any { get }
    static func record(value: SchemaNode) throws
}

extension Dictionary: StringKeyed where Key == String, Value: Decodable {
    static var empty: Any { [String: Value]() }
    static func record(value: SchemaNode) throws { _ = try value.record(Value.self) }
}
