internal import WireBytes
public import WireJSON

/// One turn of a conversation (`/api/chat`).
public struct Message: Sendable, Equatable {
    /// Who says it.
    public enum Role: String, Sendable { case system, user, assistant, tool }

    /// Who says it.
    public var role: Role
    /// What is said; empty in a turn of tool calls alone.
    public var content: String
    /// Earlier reasoning, on assistant turns.
    public var thinking: String?
    /// Image (or audio) files' bytes.
    public var images: [[UInt8]] = []
    /// On assistant turns: the calls that the model made.
    public var toolCalls: [ToolCall] = []
    /// On tool turns: which tool this is the result of.
    public var toolName: String?
    /// On tool turns: which call this is the result of.
    public var toolCallID: String?

    /// A turn of plain text.
    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }

    /// What the model is told of its part.
    public static func system(_ content: String) -> Message { Message(.system, content) }
    /// What the user says.
    public static func user(_ content: String) -> Message { Message(.user, content) }
    /// What the model has said.
    public static func assistant(_ content: String) -> Message { Message(.assistant, content) }

    /// The result of a tool call.
    public static func tool(_ content: String, callID: String? = nil, name: String? = nil)
        -> Message
    {
        var message = Message(.tool, content)
        message.toolCallID = callID
        message.toolName = name
        return message
    }
}

/// A call that the model asks for. Identify calls by `id`, else by their order: `function.index` of the
/// wire is 0 for every call of some models.
public struct ToolCall: Sendable, Equatable {
    /// Which function is called, and how.
    public struct Function: Sendable, Equatable {
        /// The function's name, as in the request's `tools`.
        public var name: String
        /// A JSON object; its keys' order says nothing.
        public var arguments: JSONValue
        /// The call's number in its answer, if the server counts.
        public var index: Int?

        /// A function with its arguments, an object.
        public init(name: String, arguments: JSONValue, index: Int? = nil) {
            self.name = name
            self.arguments = arguments
            self.index = index
        }
    }

    /// By which its answer refers to it; older servers send none.
    public var id: String?
    /// What is called.
    public var function: Function

    /// A call as a model makes it.
    public init(id: String? = nil, name: String, arguments: JSONValue, index: Int? = nil) {
        self.id = id
        function = Function(name: name, arguments: arguments, index: index)
    }
}

extension Message {
    var json: JSONValue {
        var fields = RequestFields()
        fields.add("role", role.rawValue)
        fields.add("content", content)
        fields.add("thinking", thinking)
        fields.add("images", images.map { JSONValue.string(Base64.encode($0)) })
        fields.add("tool_calls", toolCalls.map(\.json))
        fields.add("tool_name", toolName)
        fields.add("tool_call_id", toolCallID)
        return .object(fields.members)
    }

    /// A message as the server has it (`/api/show`). Images are not decoded.
    ///
    /// - Returns: nil for a value of another form.
    init?(_ value: JSONValue) {
        guard let role = value["role"]?.stringValue.flatMap(Role.init),
            let content = value["content"]?.stringValue
        else { return nil }
        self.init(role, content)
        thinking = value["thinking"]?.stringValue
        toolCalls = (value["tool_calls"]?.arrayValue ?? []).compactMap { ToolCall($0) }
        toolName = value["tool_name"]?.stringValue
        toolCallID = value["tool_call_id"]?.stringValue
    }
}

extension ToolCall {
    var json: JSONValue {
        var function = RequestFields()
        function.add("index", self.function.index)
        function.add("name", self.function.name)
        function.add("arguments", self.function.arguments)
        var fields = RequestFields()
        fields.add("id", id)
        fields.add("function", JSONValue.object(function.members))
        return .object(fields.members)
    }

    /// - Returns: nil for a value of another form.
    init?(_ value: JSONValue) {
        guard let function = value["function"], let name = function["name"]?.stringValue
        else { return nil }
        self.init(
            id: value["id"]?.stringValue, name: name,
            arguments: function["arguments"] ?? .object([]),
            index: function["index"]?.int64Value.map { Int($0) })
    }

    /// Reads an array of tool calls.
    ///
    /// - Throws: `JSONError` when they are not of the documented form.
    public static func all(in array: Span<UInt8>) throws(JSONError) -> [ToolCall] {
        guard let values = try JSONValue(parsing: array).arrayValue else {
            throw JSONError(.typeMismatch, at: 0)
        }
        let calls = values.compactMap { ToolCall($0) }
        if calls.count < values.count { throw JSONError(.typeMismatch, at: 0) }
        return calls
    }
}

extension JSONValue {
    /// A function for `ChatRequest.tools`.
    ///
    /// - Parameter parameters: a JSON Schema of type `object`; nil for a function without any.
    public static func tool(
        _ name: String, _ description: String? = nil, parameters: JSONValue? = nil
    ) -> JSONValue {
        var function = RequestFields()
        function.add("name", name)
        function.add("description", description)
        function.add("parameters", parameters ?? ["type": "object", "properties": [:]])
        return ["type": "function", "function": .object(function.members)]
    }
}
