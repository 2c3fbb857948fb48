internal import WireBytes
public import WireJSON

extension StreamError.ServerFailure {
    /// Reads the body of a response whose status says failure: `{"error":"text"}`,
    /// `{"error":{"message":"text"}}`, the same encoded twice (errors of the engine behind the server),
    /// plain text, or nothing.
    public init(status: Int, body: Span<UInt8>) {
        guard let value = try? JSONValue(parsing: body), case .object = value else {
            self.init(status: status, message: String(decoding: body))
            return
        }
        self.init(
            status: status,
            message: ErrorMessage.text(of: value["error"]) ?? String(decoding: body),
            signinURL: value["signin_url"]?.stringValue)
    }
}

/// The text in an `error` value.
enum ErrorMessage {
    static func text(of error: JSONValue?) -> String? {
        guard let error else { return nil }
        if let message = error["message"]?.stringValue { return message }
        guard let text = error.stringValue else { return nil }
        // Encoded twice: the text is itself the JSON of an error.
        if text.utf8.first == UInt8(ascii: "{"),
            let inner = try? JSONValue(parsing: text.utf8.span),
            let message = ErrorMessage.text(of: inner["error"])
        {
            return message
        }
        return text
    }
}

extension RecordFields {
    /// The text of the record's `error`; nil when it has none.
    public func errorMessage(in line: Span<UInt8>) -> String? {
        guard let error else { return nil }
        let raw = line.extracting(error.start..<error.end)
        guard let value = try? JSONValue(parsing: raw) else { return String(decoding: raw) }
        return ErrorMessage.text(of: value) ?? String(decoding: raw)
    }
}

extension ToolCall {
    /// Reads an array of tool calls.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public static func all(in array: Span<UInt8>) throws(JSONError) -> [ToolCall] {
        guard let values = try JSONValue(parsing: array).arrayValue else {
            throw JSONError(.typeMismatch, at: 0)
        }
        var calls: [ToolCall] = []
        for value in values {
            guard let function = value["function"], let name = function["name"]?.stringValue else {
                throw JSONError(.typeMismatch, at: 0)
            }
            calls.append(
                ToolCall(
                    id: value["id"]?.stringValue, name: name,
                    arguments: function["arguments"] ?? .object([])))
        }
        return calls
    }
}
