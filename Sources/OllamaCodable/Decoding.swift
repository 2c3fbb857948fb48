internal import FoundationEssentials
public import Ollama
public import OllamaProtocol
internal import WireJSON

/// Why there is no value of a type.
public enum DecodingFailure: Error, Sendable {
    /// There is no answer, or not all of it.
    case stream(StreamError)
    /// The type's schema cannot be found.
    case schema(JSONSchemaError)
    /// The answer's text is not the type's JSON: what it is, and why not.
    case mismatch(text: String, reason: String)
}

extension DecodingFailure: CustomStringConvertible {
    public var description: String {
        switch self {
        case .stream(let error): error.description
        case .schema(let error): error.description
        case .mismatch(let text, let reason): "the answer is of another form (\(reason)): \(text)"
        }
    }
}

extension Answer {
    /// The answer as a value: asks for the type's schema (`format`), unless the request has a format
    /// already, and decodes the text.
    public func decode<Value: Decodable & JSONSchema>(
        _ type: Value.Type = Value.self
    ) async throws(DecodingFailure) -> Value {
        let format: ResponseFormat
        do throws(JSONSchemaError) { format = try .schema(of: type) } catch { throw .schema(error) }
        let reply: Reply
        do throws(StreamError) { reply = try await formatted(format).collect() } catch {
            throw .stream(error)
        }
        return try reply.decode(type)
    }
}

extension Reply {
    /// The answer's text as a value.
    public func decode<Value: Decodable>(
        _ type: Value.Type = Value.self
    ) throws(DecodingFailure) -> Value {
        do { return try JSONDecoder().decode(type, from: Data(text.utf8)) } catch {
            throw .mismatch(text: text, reason: "\(error)")
        }
    }
}

extension ToolCall.Function {
    /// The arguments as a value.
    public func decodeArguments<Value: Decodable>(
        _ type: Value.Type = Value.self
    ) throws(DecodingFailure) -> Value {
        let bytes = (try? arguments.encoded()) ?? []
        do { return try JSONDecoder().decode(type, from: Data(bytes)) } catch {
            throw .mismatch(text: String(decoding: bytes, as: UTF8.self), reason: "\(error)")
        }
    }
}
