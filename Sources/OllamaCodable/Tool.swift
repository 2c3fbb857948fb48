internal import FoundationEssentials
public import Ollama
public import OllamaProtocol
public import WireJSON
public import WireTime

/// Something that a model may have called: a name, what it is good for, and a closure whose argument's
/// type says which parameters there are.
///
///     let weather = Tool("get_weather", "Current weather") { (place: Place) in
///         try await lookUp(place.city, place.days ?? 1)
///     }
public struct Tool: Sendable {
    public let name: String
    public let description: String
    /// A JSON Schema.
    let parameters: Result<JSONValue, JSONSchemaError>
    private let body: @Sendable (ToolCall.Function) async throws -> String

    /// - Parameter body: gets the arguments; gives a text, or a value that goes to the model as JSON.
    public init<Arguments: Decodable & JSONSchema & Sendable, Output: Encodable & Sendable>(
        _ name: String, _ description: String,
        _ body: @escaping @Sendable (Arguments) async throws -> Output
    ) {
        self.name = name
        self.description = description
        do throws(JSONSchemaError) { parameters = .success(try Arguments.jsonSchema) } catch {
            parameters = .failure(error)
        }
        self.body = { function in
            let output = try await body(try function.decodeArguments(Arguments.self))
            if let text = output as? String { return text }
            return String(decoding: try JSONEncoder().encode(output), as: UTF8.self)
        }
    }

    /// What is sent of it (`ChatRequest.tools`).
    public func definition() throws(JSONSchemaError) -> JSONValue {
        .tool(name, description, parameters: try parameters.get())
    }

    /// What goes back to the model. Arguments of another form are told to it: it may do better.
    func result(of call: ToolCall) async throws -> String {
        do { return try await body(call.function) } catch let failure as DecodingFailure {
            return "error: the arguments are of another form: \(failure)"
        }
    }
}

/// How a conversation with tools ended.
public struct ToolRun: Sendable {
    /// The last answer: the one without calls.
    public let reply: Reply
    /// All turns, those of the request and the last answer included.
    public let messages: [Message]
    /// How many answers there were.
    public let stepCount: Int

    public var text: String { reply.text }
}

public enum ToolRunError: Error {
    /// An answer failed, behind these turns.
    case stream(StreamError, messages: [Message])
    case schema(tool: String, JSONSchemaError)
    /// A tool's closure threw.
    case tool(String, any Error)
    /// The model still wanted calls after so many answers.
    case tooManySteps(Int, messages: [Message])
}

extension Ollama {
    /// Asks, makes the calls that the model wants, gives it their results, and so on until an answer has
    /// no call. Whether it has is told by the calls themselves, not by the reason of its end.
    ///
    /// - Parameters:
    ///   - tools: beside those of the request, whose calls are nobody's.
    ///   - maxSteps: how many answers there may be.
    ///   - guards: hold for each answer by itself, as do the deadlines.
    public func runTools(
        _ request: ChatRequest, tools: [Tool], maxSteps: Int = 8, deadlines: Deadlines? = nil,
        guards: [Guard] = []
    ) async throws(ToolRunError) -> ToolRun {
        var request = request
        for tool in tools {
            do throws(JSONSchemaError) { request.tools.append(try tool.definition()) } catch {
                throw .schema(tool: tool.name, error)
            }
        }
        for step in 0..<max(1, maxSteps) {
            let reply: Reply
            do throws(StreamError) {
                reply = try await chat(request, deadlines: deadlines, guards: guards).collect()
            } catch { throw .stream(error, messages: request.messages) }
            request.messages.append(reply.message)
            if reply.toolCalls.isEmpty {
                return ToolRun(reply: reply, messages: request.messages, stepCount: step + 1)
            }
            for call in reply.toolCalls {
                let text = try await result(of: call, tools)
                request.messages.append(.tool(text, callID: call.id, name: call.function.name))
            }
        }
        throw .tooManySteps(maxSteps, messages: request.messages)
    }

    private func result(
        of call: ToolCall, _ tools: [Tool]
    ) async throws(ToolRunError) -> String {
        guard let tool = tools.first(where: { $0.name == call.function.name }) else {
            let names = tools.map(\.name).joined(separator: ", ")
            return "error: there is no tool \(call.function.name); there are: \(names)"
        }
        do { return try await tool.result(of: call) } catch { throw .tool(tool.name, error) }
    }
}
