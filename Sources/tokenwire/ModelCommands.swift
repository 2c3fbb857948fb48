import OllamaProtocol
import WireJSON

/// `tokenwire list`, `ps` and `version`.
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
                        [$0.name, String($0.digest.prefix(12)), size($0.size), $0.modifiedAt]
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
                let models = try await client.ps()
                if arguments.has("--json") { return array(models.map(\.json)) }
                return table(
                    ["NAME", "ID", "SIZE", "CONTEXT", "UNTIL"],
                    models.map {
                        [
                            $0.name, String($0.digest.prefix(12)), size($0.size),
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
                try await client.version() + "\n"
            }
        })

    private static let json = Subcommand.OptionGroup(
        title: "Output",
        options: [.flag("--json", "print the server's records as one JSON array")])

    private static func run(
        _ arguments: Arguments, _ context: CommandContext,
        _ ask: (inout ModelClient) async throws(StreamError) -> String
    ) async throws(CommandError) -> ExitCode {
        if let surplus = arguments.positionals.first {
            throw .usage("no argument, not '\(surplus)'")
        }
        var client = try ModelClient.make(arguments, context)
        let text: String
        do throws(StreamError) {
            text = try await ask(&client)
        } catch {
            throw .failed(ExitCode(error), "\(error)")
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

    /// As Ollama's own table has it: powers of ten.
    private static func size(_ bytes: Int) -> String {
        var value = Double(bytes)
        var units = ["B", "KB", "MB", "GB", "TB"][...]
        while value >= 1000, units.count > 1 {
            value /= 1000
            units.removeFirst()
        }
        return "\((value * 10).rounded() / 10) \(units.first!)"
    }
}
