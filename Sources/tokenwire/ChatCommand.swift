import OllamaProtocol
import WireBytes
import WireJSON
import WireSystem

/// `tokenwire chat` and `tokenwire generate`.
enum ChatCommand {
    static let chat = Subcommand(
        name: "chat",
        summary: "stream a model's answer to a message",
        synopsis: "MODEL [PROMPT|-] [options]",
        details: """
            Text goes to standard output as it arrives, thinking dimmed to a terminal's
            standard error. Without a PROMPT, or with -, the message is read from standard
            input; on a terminal, without a PROMPT, it is a conversation (end it with
            Ctrl-D or /bye). Ctrl-C closes the connection, and the server stops generating.
            """,
        options: [
            ChatOptions.group, ChatOptions.outputGroup, ServerOptions.group, TransportOptions.group,
        ],
        examples: [
            .init(what: "ask", command: "tokenwire chat llama3.2 'Why is the sky blue?' --stats"),
            .init(what: "summarise a file", command: "tokenwire chat llama3.2 - < notes.txt"),
            .init(
                what: "structured output",
                command: "tokenwire chat llama3.2 'Name a colour, in JSON.' --format json --json"),
        ],
        run: { arguments, context throws(CommandError) in
            try await run(arguments, context, isChat: true)
        })

    static let generate = Subcommand(
        name: "generate",
        summary: "stream a model's continuation of a prompt",
        synopsis: "MODEL [PROMPT|-] [options]",
        details: """
            Like chat, by /api/generate: one prompt, no conversation. Without a PROMPT, or
            with -, it is read from standard input.
            """,
        options: [
            ChatOptions.group, ChatOptions.outputGroup, ServerOptions.group, TransportOptions.group,
        ],
        examples: [
            .init(
                what: "the same text each time",
                command: "tokenwire generate llama3.2 'A haiku' --option seed=1 --max-tokens 40"),
            .init(
                what: "the records as Ollama sends them",
                command: "tokenwire generate llama3.2 hello --raw | jq .response"),
        ],
        run: { arguments, context throws(CommandError) in
            try await run(arguments, context, isChat: false)
        })

    private static let promptLimit = 64 << 20

    private static func run(
        _ arguments: Arguments, _ context: CommandContext, isChat: Bool
    ) async throws(CommandError) -> ExitCode {
        guard (1...2).contains(arguments.positionals.count) else {
            throw .usage("a model and at most one prompt (quote it)")
        }
        let model = arguments.positionals[0]
        let options = try ChatOptions(arguments)
        var client = try ModelClient.make(arguments, context)
        let given = arguments.positionals.count == 2 ? arguments.positionals[1] : "-"
        let isConversation =
            isChat && arguments.positionals.count == 1 && Environment.isTerminal(0)
        if isConversation { return try await converse(model, options, &client, context) }
        let prompt = given == "-" ? try readPrompt() : given
        if !isChat { return try await generate(model, prompt, options, &client, context) }
        var turns = options.system.map { [Message.system($0)] } ?? []
        turns.append(message(prompt, options))
        let (code, _) = try await answer(request(model, turns, options), options, &client, context)
        return code
    }

    static func readPrompt() throws(CommandError) -> String {
        let bytes = try InputFile.read("-", limit: promptLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .failed(.usage, "standard input is not UTF-8")
        }
        return text
    }

    /// Turn by turn, until the input ends.
    private static func converse(
        _ model: String, _ options: ChatOptions, _ client: inout ModelClient,
        _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        var turns = options.system.map { [Message.system($0)] } ?? []
        var lines = ConversationInput(try InputReader("-", .asRead, context))
        while true {
            try context.output.write(">>> ")
            guard let text = try lines.next() else { break }
            if text == "/bye" { return .success }
            if text.isEmpty { continue }
            // Images belong to the first turn that has a text.
            turns.append(message(text, options, isFirst: !turns.contains { $0.role == .user }))
            let (code, reply) = try await answer(
                request(model, turns, options), options, &client, context)
            if case .interrupted = code { return code }
            // A turn without an answer is taken back, so that the next one makes sense.
            if let reply { turns.append(reply) } else { turns.removeLast() }
            try context.output.write("\n")
        }
        try context.output.write("\n")
        return .success
    }

    private static func message(
        _ text: String, _ options: ChatOptions, isFirst: Bool = true
    ) -> Message {
        var message = Message.user(text)
        if isFirst { message.images = options.images }
        return message
    }

    private static func request(
        _ model: String, _ turns: [Message], _ options: ChatOptions
    ) -> ChatRequest {
        var request = ChatRequest(model: model, messages: turns, think: options.think)
        request.format = options.format
        request.options = options.options
        request.tools = options.tools
        request.keepAlive = options.keepAlive
        return request
    }

    private static func generate(
        _ model: String, _ prompt: String, _ options: ChatOptions,
        _ client: inout ModelClient, _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        if !options.tools.isEmpty { throw .usage("--tools is for chat") }
        var request = GenerateRequest(model: model, prompt: prompt)
        request.system = options.system
        request.images = options.images
        request.format = options.format
        request.options = options.options
        request.think = options.think
        request.keepAlive = options.keepAlive
        var printer = AnswerPrinter(options, context)
        do throws(StreamError) {
            return try await client.print(request, &printer).code
        } catch { return try printer.fail(error) }
    }

    private static func answer(
        _ request: ChatRequest, _ options: ChatOptions, _ client: inout ModelClient,
        _ context: CommandContext
    ) async throws(CommandError) -> (ExitCode, Message?) {
        var printer = AnswerPrinter(options, context)
        do throws(StreamError) {
            let (code, reply) = try await client.print(request, &printer)
            return (code, reply)
        } catch { return (try printer.fail(error), nil) }
    }
}
