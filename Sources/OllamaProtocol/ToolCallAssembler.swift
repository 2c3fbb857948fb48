internal import WireBytes
internal import WireJSON

/// Puts the tool calls of a `/v1` stream together, whose arguments may come in pieces.
///
///     a piece has          | it belongs to
///     ---------------------+-----------------------------------------------------------------
///     an id                | the call of that id; a new one if there is none
///     no id but a name     | a new call
///     neither              | the last call of the same `index`; without an index, the last call
///
/// The `index` alone never tells calls apart: some servers number all of them 0.
struct ToolCallAssembler: Sendable {
    /// Of all calls of an answer together.
    static let byteLimit = ByteLimit.mebibytes(16)

    private struct Call: Sendable {
        var id: String?
        var index: Int64?
        var name: String
        /// A JSON text, in so far as it has come.
        var arguments: [UInt8] = []
        /// Of a server that sends an object in place of a text.
        var object: JSONValue?
    }

    private var calls: [Call] = []
    private var byteCount = 0
    /// The arguments that `finish` has refused.
    private(set) var refused: [UInt8] = []

    var isEmpty: Bool { calls.isEmpty }

    /// Takes the `tool_calls` of a record.
    ///
    /// - Throws: `JSONError` when they are not of the documented form, or too much.
    mutating func take(_ array: Span<UInt8>) throws(JSONError) {
        byteCount += array.count
        if byteCount > ToolCallAssembler.byteLimit.bytes { throw JSONError(.tooLong, at: 0) }
        guard let pieces = try JSONValue(parsing: array).arrayValue else {
            throw JSONError(.typeMismatch, at: 0)
        }
        for piece in pieces { try take(piece) }
    }

    private mutating func take(_ piece: JSONValue) throws(JSONError) {
        guard case .object = piece else { throw JSONError(.typeMismatch, at: 0) }
        let function = piece["function"]
        let place = try place(
            id: piece["id"]?.stringValue ?? "", index: piece["index"]?.int64Value,
            name: function?["name"]?.stringValue ?? "")
        switch function?["arguments"] {
        case nil, .null: break
        case .string(let text): calls[place].arguments += text.utf8
        case .object(let members): calls[place].object = .object(members)
        default: throw JSONError(.typeMismatch, at: 0)
        }
    }

    private mutating func place(
        id: String, index: Int64?, name: String
    ) throws(JSONError) -> Int {
        if id.isEmpty, name.isEmpty {
            let place = calls.lastIndex { index == nil || $0.index == index }
            guard let place else { throw JSONError(.typeMismatch, at: 0) }
            return place
        }
        if !id.isEmpty, let place = calls.lastIndex(where: { $0.id == id }) {
            if calls[place].name.isEmpty { calls[place].name = name }
            return place
        }
        // A name that comes behind its id.
        if id.isEmpty, let place = calls.lastIndex(where: { $0.index == index }),
            calls[place].name.isEmpty
        {
            calls[place].name = name
            return place
        }
        calls.append(Call(id: id.isEmpty ? nil : id, index: index, name: name))
        return calls.count - 1
    }

    /// The calls in the order in which they began; none are left.
    ///
    /// - Throws: `JSONError` when a call has no name, or arguments that are no JSON: see `refused`.
    mutating func finish() throws(JSONError) -> [ToolCall] {
        var finished: [ToolCall] = []
        for call in calls {
            refused = call.arguments
            if call.name.isEmpty { throw JSONError(.missingMember, at: 0) }
            var arguments = call.object ?? .object([])
            if !ASCII.trimmed(call.arguments.span).isEmpty {
                arguments = try JSONValue(parsing: call.arguments.span)
            }
            finished.append(ToolCall(id: call.id, name: call.name, arguments: arguments))
        }
        self = ToolCallAssembler()
        return finished
    }
}
