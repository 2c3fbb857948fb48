/// Strict RFC 8259 JSON over bytes, without copying and without recursion.
///
/// Policies, the same for `JSONCursor`, `JSON.validate`, `JSONDocument` and `JSONValue`:
///
/// - Every byte passed is checked: structure, literals, number grammar, control characters, escapes,
///   surrogate pairs and UTF-8. A skipped value is checked exactly like one that is read.
/// - Duplicate keys are allowed. The cursor reports each in order; a lookup in a `JSONValue` finds the
///   last.
/// - An escaped surrogate without its partner is an error, so decoded text is always well-formed.
/// - A byte order mark is an error; so is a NUL outside a string. `\u0000` inside one is allowed.
/// - Any value may stand at the top. Only blanks may follow it.
/// - Numbers keep their text. Integers are exact as `Int64` and `UInt64`; a `Double` is rounded
///   correctly, so a number out of its range becomes an infinity or a zero.
/// - Objects and arrays nest to a limit, never beyond `JSON.maximumDepth`.
///
/// Of several faults the first in the text is reported.
public enum JSON {
    /// The deepest nesting that any reader or writer here supports; depth limits above it mean this.
    public static let maximumDepth = 512

    /// Checks one whole JSON text.
    ///
    /// - Returns: the type of its value.
    @discardableResult
    public static func validate(
        _ text: Span<UInt8>, depthLimit: Int = maximumDepth
    ) throws(JSONError) -> JSONType {
        var cursor = JSONCursor(text, depthLimit: depthLimit)
        let type = try cursor.peek()
        _ = try cursor.skipValue()
        try cursor.finish()
        return type
    }
}

/// The six types of RFC 8259, `true` and `false` taken as one.
public enum JSONType: UInt8, Sendable {
    case object, array, string, number, bool, null

    /// The type of the value that starts with `byte`, or nil when none does.
    init?(startingWith byte: UInt8) {
        switch byte {
        case UInt8(ascii: "{"): self = .object
        case UInt8(ascii: "["): self = .array
        case UInt8(ascii: "\""): self = .string
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): self = .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): self = .bool
        case UInt8(ascii: "n"): self = .null
        default: return nil
        }
    }
}
