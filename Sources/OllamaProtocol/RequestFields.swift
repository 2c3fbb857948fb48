public import WireHTTP1
internal import WireJSON

/// A request whose body is a JSON object.
public protocol OllamaJSONRequest: Sendable {
    /// `POST` unless the route wants another.
    var method: String { get }
    /// Such as `/api/chat`.
    var route: String { get }

    /// The body.
    ///
    /// - Throws: `RequestError.invalidRequest` for a number that JSON cannot hold.
    func encoded() throws(RequestError) -> [UInt8]
}

extension OllamaJSONRequest {
    public var method: String { "POST" }
}

/// The members of a request's JSON object, put together in order. What is nil is not sent.
struct RequestFields {
    private(set) var members: [JSONValue.Member] = []

    mutating func add(_ key: String, _ value: JSONValue?) {
        if let value { members.append(JSONValue.Member(key: key, value: value)) }
    }

    mutating func add(_ key: String, _ value: String?) { add(key, value.map { .string($0) }) }
    mutating func add(_ key: String, _ value: Bool?) { add(key, value.map { .bool($0) }) }
    mutating func add(_ key: String, _ value: Int?) { add(key, value.map { .int(Int64($0)) }) }
    mutating func add(_ key: String, _ value: Double?) { add(key, value.map { .double($0) }) }

    /// Nothing for an empty list.
    mutating func add(_ key: String, _ values: [JSONValue]) {
        if !values.isEmpty { add(key, .array(values)) }
    }

    /// Nothing for an empty object.
    mutating func add(_ key: String, _ members: [JSONValue.Member]) {
        if !members.isEmpty { add(key, .object(members)) }
    }

    mutating func add(_ options: ModelOptions) { add("options", options.members) }
    mutating func add(_ keepAlive: KeepAlive?) { add("keep_alive", keepAlive?.json) }

    /// Streaming is the server's default.
    mutating func add(stream: Bool) {
        if !stream { add("stream", .bool(false)) }
    }

    /// - Parameter extra: further members; one with a name that is there takes its place.
    func encoded(_ extra: [JSONValue.Member]) throws(RequestError) -> [UInt8] {
        let own = members.filter { member in !extra.contains { $0.key == member.key } }
        do throws(JSONWriteError) {
            return try JSONValue.object(own + extra).encoded()
        } catch { throw .invalidRequest("a value that JSON cannot hold: \(error)") }
    }
}

/// OpenAI's newer name for the most tokens of an answer. Ollama passes over it in both dialects, but has
/// the same by other names, which servers of `/v1` know as well: so it is taken out of what callers add,
/// and goes as `options.numPredict`.
enum CompletionLimit {
    static let name = "max_completion_tokens"

    /// - Throws: `RequestError.invalidRequest` for what is no number of tokens, and for another one than
    ///   `options.numPredict` says.
    static func move(
        from extra: inout [JSONValue.Member], to options: inout ModelOptions
    ) throws(RequestError) {
        guard let value = extra.last(where: { $0.key == name })?.value else { return }
        guard let count = value.int64Value.map({ Int($0) }), count > 0 else {
            throw .invalidRequest("\(name): takes a number from 1 on")
        }
        if let other = options.numPredict, other != count {
            throw .invalidRequest("\(name): \(count), but options.numPredict says \(other)")
        }
        extra.removeAll { $0.key == name }
        options.numPredict = count
    }
}
