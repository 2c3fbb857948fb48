internal import WireJSON

/// A value as a JSON schema wants it: arguments of tools, structured output. Of the schema, `type`,
/// `enum`, `const`, `properties`, `required`, `items`, `anyOf` and `minItems` count.
enum SchemaValue {
    private static let deepest = 16

    static func make(
        _ schema: JSONValue, _ words: inout TokenStream, _ random: inout Randomness, depth: Int = 0
    ) -> JSONValue {
        if let value = schema["const"] { return value }
        if let choices = schema["enum"]?.arrayValue, !choices.isEmpty {
            return choices[random.index(below: choices.count)]
        }
        if let choices = schema["anyOf"]?.arrayValue, let first = choices.first, depth < deepest {
            return make(first, &words, &random, depth: depth + 1)
        }
        var type = schema["type"]?.stringValue
        if let types = schema["type"]?.arrayValue { type = types.first?.stringValue }
        if type == nil, schema["properties"] != nil { type = "object" }
        switch type {
        case "object" where depth < deepest:
            let members = schema["properties"]?.members ?? []
            return .object(
                members.map {
                    JSONValue.Member(
                        key: $0.key, value: make($0.value, &words, &random, depth: depth + 1))
                })
        case "array" where depth < deepest:
            let least = schema["minItems"]?.int64Value ?? 0
            let count = min(16, max(1, Int(clamping: least)))
            return .array(
                (0..<count).map { _ in
                    make(schema["items"] ?? "", &words, &random, depth: depth + 1)
                })
        case "object": return .object([])
        case "array": return .array([])
        case "integer": return .int(Int64(random.index(below: 100)))
        case "number": return .double(Double(random.index(below: 1000)) / 10)
        case "boolean": return .bool(random.next() & 1 == 0)
        case "null": return .null
        default: return .string(text(&words, count: 2))
        }
    }

    private static func text(_ words: inout TokenStream, count: Int) -> String {
        var bytes: [UInt8] = []
        for _ in 0..<count { bytes += words.next() }
        let text = String(decoding: bytes, as: UTF8.self)
        return String(text.drop { $0 == " " })
    }
}
