import OllamaProtocol
import WireJSON

/// `tokenwire list`, `ps`, `version`, `show`, `copy` and `rm`.
enum ModelCommands {
    static let list = Subcommand(
        name: "list", summary: "the models on the server", synopsis: "[options]", details: "",
        options: [json, ServerOptions.group, TransportOptions.group],
        examples: [
            .init(what: "names only", command: "tokenwire list | awk 'NR > 1 { print $1 }'")
        ],
        run: { arguments, context throws(CommandError) in
            try await run(arguments, context) { client throws(StreamError) in
                let models = try await client.list()
                if arguments.has("--json") { return array(models.map(\.json)) }
                return table(
                    ["NAME", "ID", "SIZE", "MODIFIED"],
                    models.map {
                        [
                            $0.name, String($0.digest.prefix(12)), ByteCount.text($0.size),
                            $0.modifiedAt,
                        ]
                    })
            }
        })

    static let ps = Subcommand(
        name: "ps", summary: "the models in memory", synopsis: "[options]",
        details: """
            Ollama does not answer this while it loads a model: give it a --head-timeout
            of its own when that must not hold you up.
            """,
        options: [json, ServerOptions.group, TransportOptions.group],
        examples: [
            .init(
                what: "do not wait for a model to load", command: "tokenwire ps --head-timeout 2s")
        ],
        run: { arguments, context throws(CommandError) in
            try await run(arguments, context) { client throws(StreamError) in
                let models = try await client.answer(to: .ps)
                if arguments.has("--json") { return array(models.map(\.json)) }
                return table(
                    ["NAME", "ID", "SIZE", "CONTEXT", "UNTIL"],
                    models.map {
                        [
                            $0.name, String($0.digest.prefix(12)), ByteCount.text($0.size),
                            "\($0.contextLength)", $0.expiresAt,
                        ]
                    })
            }
        })

    static let version = Subcommand(
        name: "version", summary: "the server's version", synopsis: "[options]",
        details: "The server answers this at once, whatever else it does: a sign of life.",
        options: [ServerOptions.group, TransportOptions.group],
        examples: [
            .init(
                what: "is it there?",
                command: "tokenwire version --connect-timeout 1s --head-timeout 1s")
        ],
        run: { arguments, context throws(CommandError) in
            try await run(arguments, context) { client throws(StreamError) in
                try await client.answer(to: .version) + "\n"
            }
        })

    static let copy = Subcommand(
        name: "copy", summary: "give a model another name",
        synopsis: "SOURCE DESTINATION [options]",
        details: "", options: [ServerOptions.group, TransportOptions.group],
        examples: [.init(what: "keep it", command: "tokenwire copy llama3.2 llama3.2-backup")],
        run: { arguments, context throws(CommandError) in
            let names = arguments.positionals
            guard names.count == 2 else { throw .usage("two names: SOURCE DESTINATION") }
            return try await run(arguments, context, takes: 2) { client throws(StreamError) in
                try await client.answer(
                    to: .copy(CopyRequest(source: names[0], destination: names[1])))
                return ""
            }
        })

    static let rm = Subcommand(
        name: "rm", summary: "remove models from the server", synopsis: "MODEL... [options]",
        details: "Stops at the first that cannot be removed.",
        options: [ServerOptions.group, TransportOptions.group],
        examples: [.init(what: "two at once", command: "tokenwire rm llama3.2-backup mine")],
        run: { arguments, context throws(CommandError) in
            let names = arguments.positionals
            guard !names.isEmpty else { throw .usage("a model") }
            return try await run(arguments, context, takes: .max) { client throws(StreamError) in
                for name in names {
                    try await client.answer(to: .delete(DeleteRequest(model: name)))
                }
                return ""
            }
        })

    private static let json = Subcommand.OptionGroup(
        title: "Output",
        options: [.flag("--json", "print the server's records as one JSON array")])

    /// - Parameter count: how many positional arguments there may be.
    static func run(
        _ arguments: Arguments, _ context: CommandContext, takes count: Int = 0,
        _ ask: (inout ModelClient) async throws(StreamError) -> String
    ) async throws(CommandError) -> ExitCode {
        if arguments.positionals.count > count {
            throw .usage("one argument too many: '\(arguments.positionals[count])'")
        }
        var client = try ModelClient.make(arguments, context)
        let text: String
        do throws(StreamError) {
            text = try await ask(&client)
        } catch {
            throw CommandError(error)
        }
        try context.output.write(text)
        return .success
    }

    private static func array(_ values: [JSONValue]) -> String {
        let bytes = (try? JSONValue.array(values).encoded()) ?? []
        return String(decoding: bytes, as: UTF8.self) + "\n"
    }

    /// Columns as wide as their widest cell, two spaces between them.
    private static func table(_ titles: [String], _ rows: [[String]]) -> String {
        let lines = [titles] + rows
        let widths = titles.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for line in lines {
            var shown = ""
            for (cell, width) in zip(line, widths) {
                shown += cell + String(repeating: " ", count: width - cell.count + 2)
            }
            while shown.last == " " { shown.removeLast() }
            text += shown + "\n"
        }
        return text
    }
}
