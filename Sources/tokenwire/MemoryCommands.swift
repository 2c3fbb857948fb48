import OllamaProtocol
import WireJSON
import WireTime

/// `tokenwire load` and `unload`.
enum MemoryCommands {
    static let load = Subcommand(
        name: "load", summary: "load a model into memory", synopsis: "MODEL [options]",
        details: """
            Returns when it is there. With --wait the server itself may still have to come
            up. Options of loading (num_ctx and the like) have to be those of the requests
            that follow: others load the model again.
            """,
        options: [
            .init(
                title: "Request",
                options: [
                    .value("--keep-alive", "D", "how long it stays: 5m, never"),
                    .repeated("--option", "K=V", "a model option, such as num_ctx=8192"),
                    .value("--wait", "D", "wait so long for the server and the model"),
                    .flag("--json", "print one JSON object when it is there"),
                ]), ServerOptions.group, TransportOptions.group,
        ],
        examples: [
            .init(what: "keep it ready", command: "tokenwire load llama3.2 --keep-alive never"),
            .init(
                what: "in a script that has just started the server",
                command: "tokenwire load llama3.2 --wait 5m"),
        ],
        run: { arguments, context throws(CommandError) in
            var request = LoadRequest(model: try model(arguments))
            request.keepAlive = try arguments.value("--keep-alive").map(ChatOptions.keepAlive)
            for pair in arguments.values("--option") {
                request.options.extra.append(try ChatOptions.option(pair))
            }
            return try await run(
                request, arguments, context, waiting: try arguments.duration("--wait"))
        })

    static let unload = Subcommand(
        name: "unload", summary: "take a model out of memory", synopsis: "MODEL [options]",
        details: "",
        options: [
            .init(
                title: "Output",
                options: [.flag("--json", "print one JSON object when it is gone")]),
            ServerOptions.group, TransportOptions.group,
        ],
        examples: [.init(what: "make room", command: "tokenwire unload llama3.2")],
        run: { arguments, context throws(CommandError) in
            let request = LoadRequest(model: try model(arguments), keepAlive: .now)
            return try await run(request, arguments, context, waiting: nil)
        })

    private static func model(_ arguments: Arguments) throws(CommandError) -> String {
        guard arguments.positionals.count == 1 else { throw .usage("one model") }
        return arguments.positionals[0]
    }

    private static func run(
        _ request: LoadRequest, _ arguments: Arguments, _ context: CommandContext,
        waiting limit: Timeout?
    ) async throws(CommandError) -> ExitCode {
        var client = try ModelClient.make(arguments, context)
        let summary: Summary
        do throws(StreamError) {
            summary = try await perform(request, &client, waiting: limit)
        } catch { throw CommandError(error) }
        if arguments.has("--json") {
            var writer = JSONWriter()
            writer.beginObject()
            writer.field("outcome", "complete")
            writer.field("model", request.model)
            writer.field("done_reason", summary.reason)
            writer.endObject()
            try context.output.writeLine(String(decoding: writer.bytes, as: UTF8.self))
        }
        return .success
    }

    private static func perform(
        _ request: LoadRequest, _ client: inout ModelClient, waiting limit: Timeout?
    ) async throws(StreamError) -> Summary {
        do throws(StreamError) {
            return try await client.load(request, waiting: limit)
        } catch {
            // Models that only embed are loaded by another route.
            guard case .server(let failure) = error, failure.status == 400,
                failure.message.hasSuffix("does not support generate")
            else { throw error }
            var request = request
            request.purpose = .embedding
            return try await client.load(request, waiting: limit)
        }
    }
}
