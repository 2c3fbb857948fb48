internal import WireJSON
internal import WireTime

/// What a request for text asks for, whichever API it came by.
struct GenerationJob {
    enum API { case chat, generate, openAIChat, openAICompletions }

    let api: API
    /// As the client has written it.
    var modelName: String
    var streams: Bool
    var isRaw = false
    /// Nil: the API's messages or prompt were empty, which only loads or unloads.
    var prompt: [UInt32]?
    /// Most tokens; nil: as many as come.
    var tokenLimit: Int?
    var stops: [[UInt8]] = []
    var seed: UInt64?
    var keepAlive: Timeout?
    /// Nil: not said.
    var thinks: Bool?
    var tools: [JSONValue] = []
    /// The last turn is a tool's answer.
    var answersTool = false
    /// `"json"`, or a JSON schema.
    var format: JSONValue?
    var includesUsage = false

    init(_ api: API, modelName: String, streams: Bool) {
        self.api = api
        self.modelName = modelName
        self.streams = streams
    }
}

/// What a generation came to.
struct GenerationResult {
    var reason = "stop"
    var totalTime = Timeout.zero
    var loadTime = Timeout.zero
    var promptCount = 0
    var promptTime = Timeout.zero
    var tokenCount = 0
    var tokenTime = Timeout.zero
    /// Prompt and answer.
    var context: [UInt32] = []
}

/// A call of a tool.
struct ToolCall {
    let id: String
    let name: String
    let arguments: JSONValue
}

/// A reply that is refused, as Ollama says it.
struct Refusal: Error, Equatable {
    var status: Int
    var message: String

    init(_ status: Int, _ message: String) {
        self.status = status
        self.message = message
    }

    static func modelNotFound(_ name: String) -> Refusal {
        Refusal(404, "model '\(name)' not found")
    }
    static let queueFull = Refusal(
        503, "server busy, please try again.  maximum pending requests exceeded")
}
