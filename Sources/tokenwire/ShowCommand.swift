import OllamaProtocol
import WireJSON

/// `tokenwire show`.
enum ShowCommand {
    static let subcommand = Subcommand(
        name: "show", summary: "what the server knows of a model", synopsis: "MODEL [options]",
        details: "",
        options: [
            .init(
                title: "Output",
                options: parts.map { .flag($0.option, $0.help) } + [
                    .flag("--verbose", "with --json: the vocabulary and other long lists too"),
                    .flag("--json", "print the server's record"),
                ]), ServerOptions.group, TransportOptions.group,
        ],
        examples: [
            .init(what: "an overview", command: "tokenwire show llama3.2"),
            .init(
                what: "a Modelfile to start from",
                command: "tokenwire show llama3.2 --modelfile > Modelfile"),
        ],
        run: { arguments, context throws(CommandError) in try await run(arguments, context) })

    private static let parts:
        [(option: String, help: String, text: @Sendable (ModelInfo) -> String)] = [
            ("--modelfile", "only the Modelfile", { $0.modelfile }),
            ("--template", "only the prompt's template", { $0.template }),
            ("--system", "only the system message", { $0.system }),
            ("--parameters", "only the parameters", { $0.parameters }),
            ("--license", "only the license", { $0.license }),
        ]

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        guard let model = arguments.positionals.first else { throw .usage("a model") }
        let chosen = parts.filter { arguments.has($0.option) }
        guard chosen.count + (arguments.has("--json") ? 1 : 0) <= 1 else {
            throw .usage("only one of the parts, or --json")
        }
        var request = ShowRequest(model: model)
        if arguments.has("--verbose") { request.verbose = true }
        return try await ModelCommands.run(arguments, context, takes: 1) {
            client throws(StreamError) in
            let info = try await client.answer(to: .show(request))
            if arguments.has("--json") {
                let bytes = (try? info.json.encoded()) ?? []
                return String(decoding: bytes, as: UTF8.self) + "\n"
            }
            if let part = chosen.first { return ended(part.text(info)) }
            return overview(info)
        }
    }

    private static func ended(_ text: String) -> String {
        text.isEmpty || text.last == "\n" ? text : text + "\n"
    }

    /// In paragraphs, as Ollama's own command has it.
    private static func overview(_ info: ModelInfo) -> String {
        func fact(_ key: String) -> String? {
            info.modelInfo.last { $0.key == key || $0.key.hasSuffix("." + key) }.flatMap {
                $0.value.stringValue ?? $0.value.int64Value.map(String.init)
            }
        }
        let architecture = fact("general.architecture") ?? info.details.family
        var facts = [("architecture", architecture)]
        facts.append(("parameters", info.details.parameterSize))
        facts.append(("context length", fact("\(architecture).context_length") ?? ""))
        facts.append(("embedding length", fact("\(architecture).embedding_length") ?? ""))
        facts.append(("quantization", info.details.quantizationLevel))
        facts.append(("requires", info.requires))
        if let host = info.remoteHost { facts.append(("runs at", host)) }
        facts.removeAll { $0.1.isEmpty }
        let width = facts.map(\.0.count).max() ?? 0
        var text = paragraph(
            "Model",
            facts.map { name, value in
                name + String(repeating: " ", count: width - name.count + 4) + value
            })
        text += paragraph("Capabilities", info.capabilities)
        text += paragraph("Parameters", lines(info.parameters))
        text += paragraph("System", lines(info.system))
        // A whole license is for who asks for it.
        text += paragraph("License", Array(lines(info.license).prefix(2)))
        return text
    }

    private static func lines(_ text: String) -> [String] {
        text.textLines.filter { !$0.isEmpty }
    }

    private static func paragraph(_ title: String, _ lines: [String]) -> String {
        if lines.isEmpty { return "" }
        return "\(title)\n" + lines.map { "  \($0)\n" }.joined() + "\n"
    }
}
