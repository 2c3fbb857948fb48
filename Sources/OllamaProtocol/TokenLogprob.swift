public import WireJSON

/// How likely a token was (`logprobs`).
public struct TokenLogprob: Sendable, Equatable {
    /// The token as text; half a character shows as U+FFFD.
    public let token: String
    /// The natural logarithm of its probability.
    public let logprob: Double
    /// The token's own bytes; empty where the server sends none.
    public let bytes: [UInt8]
    /// The likeliest tokens in its place, if they were asked for.
    public let top: [TokenLogprob]

    /// A token with its natural logarithm of probability, and those that it was preferred to.
    public init(token: String, logprob: Double, bytes: [UInt8] = [], top: [TokenLogprob] = []) {
        self.token = token
        self.logprob = logprob
        self.bytes = bytes
        self.top = top
    }

    /// - Returns: nil for a value of another form.
    public init?(_ value: JSONValue) {
        guard let token = value["token"]?.stringValue, let logprob = value["logprob"]?.doubleValue
        else { return nil }
        self.init(
            token: token, logprob: logprob,
            bytes: (value["bytes"]?.arrayValue ?? []).compactMap {
                $0.int64Value.flatMap { UInt8(exactly: $0) }
            },
            top: (value["top_logprobs"]?.arrayValue ?? []).compactMap { TokenLogprob($0) })
    }

    /// Reads an array of them.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public static func all(in array: JSONValue) throws(JSONError) -> [TokenLogprob] {
        let values = array.arrayValue ?? []
        let tokens = values.compactMap { TokenLogprob($0) }
        if array.arrayValue == nil || tokens.count < values.count {
            throw JSONError(.typeMismatch, at: 0)
        }
        return tokens
    }

    /// Reads the value of `logprobs`: an array of them, in `/v1` the `content` of an object.
    static func all(in value: Span<UInt8>) throws(JSONError) -> [TokenLogprob] {
        let value = try JSONValue(parsing: value)
        guard case .object = value else { return try all(in: value) }
        return try all(in: value["content"] ?? [])
    }
}

extension JSONValue {
    /// A member of an object, the last of several equal ones, without a tree of the others.
    init?(member name: String, of object: Span<UInt8>) throws(JSONError) {
        var value: JSONValue?
        var cursor = JSONCursor(object)
        try cursor.beginObject()
        while let key = try cursor.nextKey() {
            if cursor.matches(key, name.utf8.span) {
                value = try JSONValue(reading: &cursor)
            } else {
                try cursor.skipValue()
            }
        }
        try cursor.finish()
        guard let value else { return nil }
        self = value
    }
}
