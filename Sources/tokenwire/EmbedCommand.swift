import OllamaProtocol
import WireJSON

/// `tokenwire embed`.
enum EmbedCommand {
    static let subcommand = Subcommand(
        name: "embed", summary: "texts as vectors", synopsis: "MODEL [TEXT...|-] [options]",
        details: """
            Prints a JSON array of numbers for each text, a line each. Without a TEXT, or
            with -, the text is read from standard input; with --lines, each line of it is
            one.
            """,
        options: [options, ServerOptions.group, TransportOptions.group],
        examples: [
            .init(what: "one text", command: "tokenwire embed nomic-embed-text 'a text'"),
            .init(
                what: "a file of texts, one on each line",
                command: "tokenwire embed nomic-embed-text --lines < texts.txt > vectors.jsonl"),
        ],
        run: { arguments, context throws(CommandError) in try await run(arguments, context) })

    private static let options = Subcommand.OptionGroup(
        title: "Request and output",
        options: [
            .flag("--lines", "each line of standard input is a text; blank ones are none"),
            .value("--dimensions", "N", "cut each vector to so many dimensions"),
            .flag("--no-truncate", "refuse a text that is too long instead of cutting it"),
            .repeated("--option", "K=V", "a model option, such as num_ctx=8192"),
            .value("--keep-alive", "D", "how long the model stays loaded: 5m, 0, never"),
            .flag("--stats", "texts, tokens, load and total time on stderr"),
            .flag("--json", "print one JSON object for all"),
        ])

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        guard let model = arguments.positionals.first else { throw .usage("a model") }
        var request = EmbedRequest(model: model, input: .texts(try texts(arguments)))
        request.dimensions = try ChatOptions.count("--dimensions", arguments)
        if arguments.has("--no-truncate") { request.truncate = false }
        for pair in arguments.values("--option") {
            request.options.extra.append(try ChatOptions.option(pair))
        }
        request.keepAlive = try arguments.value("--keep-alive").map(ChatOptions.keepAlive)
        var client = try ModelClient.make(arguments, context)
        let answer: Embeddings
        do throws(StreamError) {
            answer = try await client.embed(request)
        } catch { throw CommandError(error) }
        if arguments.has("--json") {
            try context.output.writeLine(json(answer))
        } else {
            for vector in answer.vectors { try context.output.writeLine(json(vector)) }
        }
        if arguments.has("--stats") {
            context.console.write(
                "\(answer.vectors.count) texts, \(answer.promptEvalCount) tokens, "
                    + "load \(AnswerPrinter.text(answer.loadDuration)), "
                    + "total \(AnswerPrinter.text(answer.totalDuration))\n")
        }
        return .success
    }

    private static func texts(_ arguments: Arguments) throws(CommandError) -> [String] {
        let given = Array(arguments.positionals.dropFirst())
        if arguments.has("--lines") {
            guard given.isEmpty || given == ["-"] else {
                throw .usage("--lines reads standard input: no text besides")
            }
            return try ChatCommand.readPrompt().textLines.filter { !$0.isEmpty }
        }
        return given.isEmpty || given == ["-"] ? [try ChatCommand.readPrompt()] : given
    }

    /// The numbers as short as they are told apart by.
    private static func json(_ vector: [Float]) -> String {
        // Only a number out of range is none in JSON.
        "[" + vector.map { $0.isFinite ? $0.description : "null" }.joined(separator: ",") + "]"
    }

    private static func json(_ answer: Embeddings) -> String {
        var writer = JSONWriter()
        writer.string(answer.model)
        let model = String(decoding: writer.bytes, as: UTF8.self)
        let vectors = answer.vectors.map(json).joined(separator: ",")
        return #"{"model":\#(model),"embeddings":[\#(vectors)],"#
            + #""prompt_eval_count":\#(answer.promptEvalCount),"#
            + #""load_ms":\#(Int(answer.loadDuration / .milliseconds(1))),"#
            + #""total_ms":\#(Int(answer.totalDuration / .milliseconds(1)))}"#
    }
}
