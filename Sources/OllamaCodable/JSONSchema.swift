public import OllamaProtocol
public import WireJSON

/// A type that says what its JSON looks like, for `format` and for the parameters of tools.
///
///     struct Country: Codable, JSONSchema { var name: String; var capital: String? }
///
/// The schema of a `Decodable` type is found by having it decoded from nothing: structures, optionals
/// (not `required`), arrays, dictionaries by strings, numbers, booleans, strings, URLs, and enumerations
/// with raw values that are `CaseIterable`. Any other type gives its own.
public protocol JSONSchema {
    /// - Throws: `JSONSchemaError` when it cannot be found.
    static var jsonSchema: JSONValue { get throws(JSONSchemaError) }
}

extension JSONSchema where Self: Decodable {
    public static var jsonSchema: JSONValue {
        get throws(JSONSchemaError) { try SchemaNode.schema(of: Self.self) }
    }
}

/// A type whose schema has to be given by hand.
public struct JSONSchemaError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The type's name.
    public let type: String
    public let reason: String

    public var description: String {
        "no JSON Schema of \(type): \(reason); give it by hand (JSONSchema.jsonSchema)"
    }
}

extension ResponseFormat {
    /// A type's schema.
    public static func schema<Value: JSONSchema>(
        of type: Value.Type
    ) throws(JSONSchemaError) -> ResponseFormat {
        .schema(try type.jsonSchema)
    }
}
