public import WireJSON

/// One turn of a conversation (`/api/chat`).
public struct Message: Sendable, Equatable {
    public enum Role: String, Sendable { case system, user, assistant, tool }

    public var role: Role
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

    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }

    public static func system(_ content: String) -> Message { Message(.system, content) }
    public static func user(_ content: String) -> Message { Message(.user, content) }
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
    public struct Function: Sendable, Equatable {
        public var name: String
        /// A JSON object; its keys' order says nothing.
        public var arguments: JSONValue

        public init(name: String, arguments: JSONValue) {
            self.name = name
            self.arguments = arguments
        }
    }

    public var id: String?
    public var function: Function

    public init(id: String? = nil, name: String, arguments: JSONValue) {
        self.id = id
        function = Function(name: name, arguments: arguments)
    }
}
