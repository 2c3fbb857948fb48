import WireBytes
import WireJSON

/// The error that `body` throws, or nil.
func failure(_ body: () throws(JSONError) -> Void) -> JSONError? {
    do {
        try body()
        return nil
    } catch {
        return error
    }
}

/// What each way of reading a whole text says of it: nil for yes.
struct Verdicts: Equatable {
    var validate: JSONError?
    var skip: JSONError?
    var walk: JSONError?
    var value: JSONError?
    var document: JSONError?

    init(_ text: [UInt8]) {
        validate = failure { () throws(JSONError) in _ = try JSON.validate(text.span) }
        skip = failure { () throws(JSONError) in
            var cursor = JSONCursor(text.span)
            try cursor.skipValue()
            try cursor.finish()
        }
        walk = failure { () throws(JSONError) in _ = try walked(text) }
        value = failure { () throws(JSONError) in _ = try JSONValue(parsing: text.span) }
        document = failure { () throws(JSONError) in _ = try JSONDocument(parsing: text.span) }
    }

    var agree: Bool {
        validate == skip && skip == walk && walk == value && value == document
    }
}

/// The value of a text, by the public steps of a cursor, with decoded strings taken through a scratch
/// buffer: on purpose not as `JSONValue` does it.
func walked(_ text: [UInt8]) throws(JSONError) -> JSONValue {
    var cursor = JSONCursor(text.span)
    var scratch = ScratchBuffer()
    let value = try walk(&cursor, &scratch)
    try cursor.finish()
    return value
}

private func walk(
    _ cursor: inout JSONCursor, _ scratch: inout ScratchBuffer
) throws(JSONError) -> JSONValue {
    switch try cursor.peek() {
    case .object:
        var members: [JSONValue.Member] = []
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            let name = decoded(key, cursor, &scratch)
            members.append(.init(key: name, value: try walk(&cursor, &scratch)))
        }
        return .object(members)
    case .array:
        var elements: [JSONValue] = []
        try cursor.beginArray()
        while try cursor.nextElement() { elements.append(try walk(&cursor, &scratch)) }
        return .array(elements)
    case .string:
        return .string(decoded(try cursor.string(), cursor, &scratch))
    case .number:
        let number = try cursor.number()
        if number.isInteger {
            let text = String(decoding: cursor.bytes(of: number))
            if text == "-0" { return .double(-0.0) }
            if let value = Int64(text) { return .int(value) }
            if let value = UInt64(text) { return .uint(value) }
        }
        return .double(cursor.double(of: number))
    case .bool: return .bool(try cursor.bool())
    case .null:
        try cursor.null()
        return .null
    }
}

private func decoded(
    _ string: JSONString, _ cursor: borrowing JSONCursor, _ scratch: inout ScratchBuffer
) -> String {
    scratch.removeAll()
    cursor.unescape(string, into: &scratch)
    return String(decoding: scratch.bytes)
}

/// Bytes for messages: printable ones as they are, others in hexadecimal.
func shown(_ bytes: [UInt8]) -> String {
    bytes.map { 0x20...0x7E ~= $0 ? String(Unicode.Scalar($0)) : "<\(String($0, radix: 16))>" }
        .joined()
}
