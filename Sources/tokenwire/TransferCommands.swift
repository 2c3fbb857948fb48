import OllamaProtocol
import WireJSON
import WireSockets
import WireTime

/// `tokenwire pull` and `push`, and how their progress is shown (of `create` too).
enum TransferCommands {
    static let pull = Subcommand(
        name: "pull", summary: "load a model onto the server", synopsis: "MODEL [options]",
        details: """
            The server loads the model from its registry. Ctrl-C stops it; a pull that was
            stopped goes on where it was. Exit 1 when the server says that it failed.
            """,
        options: [options, progressGroup, ServerOptions.group, TransportOptions.group],
        examples: [
            .init(what: "with a bar on a terminal", command: "tokenwire pull llama3.2"),
            .init(
                what: "into a log, a line for each tenth",
                command: "tokenwire pull llama3.2 --progress 2>> pull.log"),
        ],
        run: { arguments, context throws(CommandError) in
            try await run(.pull, arguments, context)
        })

    static let push = Subcommand(
        name: "push", summary: "send a model from the server to its registry",
        synopsis: "MODEL [options]", details: "",
        options: [options, progressGroup, ServerOptions.group, TransportOptions.group],
        examples: [.init(what: "publish", command: "tokenwire push me/my-model")],
        run: { arguments, context throws(CommandError) in
            try await run(.push, arguments, context)
        })

    private static let options = Subcommand.OptionGroup(
        title: "Request",
        options: [.flag("--insecure-registry", "let the server talk to the registry without TLS")])

    static let progressGroup = Subcommand.OptionGroup(
        title: "Output",
        options: [
            .flag("--progress", "show progress on stderr also where that is no terminal"),
            .flag("--raw", "print each record as it was received"),
            .flag("--json", "print one JSON object when all is done"),
        ])

    private static func run(
        _ direction: TransferRequest.Direction, _ arguments: Arguments, _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        guard arguments.positionals.count == 1 else { throw .usage("one model") }
        var request = TransferRequest(direction, model: arguments.positionals[0])
        if arguments.has("--insecure-registry") { request.insecure = true }
        var client = try ModelClient.make(arguments, context)
        let display = ProgressDisplay(context.console, isAsked: arguments.has("--progress"))
        return try await follow(request, arguments, context, &client, display)
    }

    /// Sends a request and shows its progress to the end.
    static func follow(
        _ request: some OllamaJSONRequest, _ arguments: Arguments, _ context: CommandContext,
        _ client: inout ModelClient, _ display: ProgressDisplay
    ) async throws(CommandError) -> ExitCode {
        if arguments.has("--raw"), arguments.has("--json") {
            throw .usage("--raw and --json: only one of them")
        }
        var printer = ProgressPrinter(
            isRaw: arguments.has("--raw"), isJSON: arguments.has("--json"), context, display)
        do throws(StreamError) {
            try await client.print(OllamaRequest(request), &printer)
        } catch { return try printer.fail(error) }
        return try printer.finish()
    }
}

/// Puts a stream of progress on the terminal or into a pipe.
struct ProgressPrinter {
    private let isRaw: Bool
    private let isJSON: Bool
    private let context: CommandContext
    private let display: ProgressDisplay
    private let start = MonotonicClock.now
    private var status = ""
    private var outputFailure: CommandError?

    init(
        isRaw: Bool, isJSON: Bool, _ context: CommandContext, _ display: ProgressDisplay
    ) {
        self.isRaw = isRaw
        self.isJSON = isJSON
        self.context = context
        self.display = display
    }

    /// Reads the stream to its end, or until nobody takes the output.
    mutating func print<Stream: RecordStream & ~Copyable>(
        _ stream: consuming Stream
    ) async throws(StreamError) {
        var stream = stream
        while outputFailure == nil, try await stream.withNextRecord({ take($0) }) != nil {}
    }

    private mutating func take(_ record: borrowing AnswerRecord) {
        // The stream has read it before: it is one.
        if let progress = try? ModelProgress(record.json) {
            status = progress.status
            display.show(progress)
        }
        guard isRaw else { return }
        do throws(CommandError) {
            try context.output.write(record.json)
            try context.output.write("\n")
            try context.output.flush()
        } catch { outputFailure = error }
    }

    mutating func finish() throws(CommandError) -> ExitCode {
        display.end()
        if let outputFailure { throw outputFailure }
        if isJSON { try context.output.writeLine(json("complete", nil)) }
        return .success
    }

    mutating func fail(_ error: StreamError) throws(CommandError) -> ExitCode {
        display.end()
        let code = ExitCode(error)
        if isJSON { try context.output.writeLine(json(code.word, "\(error)")) }
        try context.output.flush()
        if case .cancelled = error { return code }
        context.console.error("\(error)")
        return code
    }

    private func json(_ outcome: String, _ error: String?) -> String {
        let bytes = display.bytes
        var writer = JSONWriter()
        writer.beginObject()
        writer.field("outcome", outcome)
        if let error { writer.field("error", error) }
        writer.field("status", status)
        writer.field("completed", bytes.completed)
        writer.field("total", bytes.total)
        writer.field("elapsed_ms", Int(MonotonicClock.now.since(start).wholeMilliseconds))
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
