internal import WireBytes
internal import WireJSON

extension StreamError.ServerFailure {
    /// Reads the body of a response whose status says failure: `{"error":"text"}`,
    /// `{"error":{"message":"text"}}`, the same encoded twice (errors of the engine behind the server),
    /// plain text, or nothing.
    ///
    /// - Parameter dialect: in which the server was asked.
    public init(status: Int, body: Span<UInt8>, dialect: Dialect = .native) {
        guard let value = try? JSONValue(parsing: body), case .object = value else {
            // The server does not know the route at all: it may speak the other dialect.
            let hint = status == 404 || status == 405 ? dialect.hint : nil
            self.init(status: status, message: String(decoding: body), hint: hint)
            return
        }
        let message = ErrorMessage.text(of: value["error"])
        // {"detail":"Not Found"} and the like.
        let hint = status == 404 && message == nil ? dialect.hint : nil
        self.init(
            status: status, message: message ?? String(decoding: body),
            signinURL: value["signin_url"]?.stringValue, hint: hint)
    }
}

extension Dialect {
    /// For who asked a server that does not know the route.
    fileprivate var hint: String {
        switch self {
        case .native:
            "no Ollama there? Servers with an OpenAI-compatible API want a base URL that ends in /v1"
        case .openAI:
            "no OpenAI-compatible API there? For the native one, leave /v1 out of the base URL"
        }
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

extension RecordReader {
    /// The text of the record's `error`; nil when it has none.
    public func errorMessage(in line: Span<UInt8>) -> String? {
        guard let error else { return nil }
        let raw = line.extracting(error.start..<error.end)
        guard let value = try? JSONValue(parsing: raw) else { return String(decoding: raw) }
        return ErrorMessage.text(of: value) ?? String(decoding: raw)
    }
}
