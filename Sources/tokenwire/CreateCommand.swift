import OllamaProtocol
import WireJSON
import WireSystem

/// `tokenwire create`.
enum CreateCommand {
    static let subcommand = Subcommand(
        name: "create", summary: "make a model of another one, or of files",
        synopsis: "MODEL [-f MODELFILE] [options]",
        details: """
            From a Modelfile (-f), from a model (--from), or from files (--file), which are
            sent unless the server has them. Options take the place of what the Modelfile
            says. FROM and ADAPTER name files if there are such, seen from the Modelfile.
            """,
        options: [
            options, TransferCommands.progressGroup, ServerOptions.group, TransportOptions.group,
        ],
        examples: [
            .init(what: "by a Modelfile", command: "tokenwire create mine -f Modelfile"),
            .init(
                what: "with a character of its own",
                command: "tokenwire create brief --from llama3.2 --system 'Be brief.'"),
            .init(
                what: "of a file, with smaller numbers",
                command: "tokenwire create small --file model-f16.gguf --quantize q4_K_M"),
        ],
        run: { arguments, context throws(CommandError) in try await run(arguments, context) })

    private static let options = Subcommand.OptionGroup(
        title: "Request",
        options: [
            .value("-f", "MODELFILE", "what to make; - is standard input"),
            .value("--from", "MODEL", "the model to start from"),
            .repeated("--file", "FILE", "a file of the model (GGUF, safetensors and its JSON)"),
            .repeated("--adapter", "FILE", "a LoRA adapter"),
            .value("--system", "TEXT", "the system message"),
            .value("--template", "TEXT", "the prompt's Go template"),
            .repeated("--license", "TEXT", "a license"),
            .repeated("--parameter", "K=V", "a default option, such as temperature=0"),
            .value("--quantize", "TYPE", "such as q8_0 or q4_K_M; of models in F16 or F32"),
        ])

    private static let modelfileLimit = 16 << 20

    /// Files to send, by their names at the server.
    private struct Files {
        var model: [String] = []
        var adapters: [String] = []
    }

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        guard arguments.positionals.count == 1 else { throw .usage("one name for the model") }
        var request = CreateRequest(model: arguments.positionals[0])
        var files = Files()
        if let path = arguments.value("-f") { try read(path, &request, &files) }
        try apply(arguments, &request, &files)
        if request.from == nil, files.model.isEmpty {
            throw .usage("what to make it of: -f, --from or --file")
        }
        if request.from != nil, !files.model.isEmpty {
            throw .usage("either a model or files to make it of, not both")
        }
        for path in files.model + files.adapters { try InputFile.check(path) }
        var client = try ModelClient.make(arguments, context)
        let display = ProgressDisplay(context.console, isAsked: arguments.has("--progress"))
        do throws(StreamError) {
            for path in files.model {
                request.files[name(of: path)] = try await client.upload(path, display)
            }
            for path in files.adapters {
                request.adapters[name(of: path)] = try await client.upload(path, display)
            }
        } catch {
            display.end()
            throw CommandError(error)
        }
        display.endFiles()
        return try await TransferCommands.follow(request, arguments, context, &client, display)
    }

    private static func apply(
        _ arguments: Arguments, _ request: inout CreateRequest, _ files: inout Files
    ) throws(CommandError) {
        if let from = arguments.value("--from") {
            request.from = from
            files.model = []
        }
        if !arguments.values("--file").isEmpty {
            files.model = arguments.values("--file")
            if !arguments.has("--from") { request.from = nil }
        }
        if !arguments.values("--adapter").isEmpty { files.adapters = arguments.values("--adapter") }
        if let system = arguments.value("--system") { request.system = system }
        if let template = arguments.value("--template") { request.template = template }
        if !arguments.values("--license").isEmpty {
            request.license = arguments.values("--license")
        }
        if let quantize = arguments.value("--quantize") { request.quantize = quantize }
        for pair in arguments.values("--parameter") {
            guard let equals = pair.firstIndex(of: "="), equals != pair.startIndex else {
                throw .usage("--parameter takes key=value, not '\(pair)'")
            }
            request.parameters.add(
                parameter: String(pair[..<equals]), String(pair[pair.index(after: equals)...]))
        }
    }

    private static func read(
        _ path: String, _ request: inout CreateRequest, _ files: inout Files
    ) throws(CommandError) {
        let bytes = try InputFile.read(path, limit: modelfileLimit)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw .failed(.usage, "\(path) is not UTF-8")
        }
        let modelfile: Modelfile
        do throws(Modelfile.ParseError) { modelfile = try Modelfile(text) } catch {
            throw .failed(.usage, "\(path): \(error)")
        }
        let slash = path.lastIndex(of: "/")
        let directory = slash.map { String(path[...$0]) } ?? ""
        func located(_ name: String) -> String {
            name.hasPrefix("/") ? name : directory + name
        }
        for name in modelfile.from {
            if WireSystem.Files.exists(located(name)) {
                files.model.append(located(name))
            } else if name.hasPrefix("/") || name.hasPrefix(".") {
                throw .failed(.usage, "\(path): there is no file \(located(name))")
            } else {
                request.from = name
            }
        }
        files.adapters = modelfile.adapters.map(located)
        request.template = modelfile.template
        request.system = modelfile.system
        request.license = modelfile.license
        request.parameters = modelfile.parameters
        request.messages = modelfile.messages
        request.renderer = modelfile.renderer
        request.parser = modelfile.parser
        request.requires = modelfile.requires
    }

    private static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }
}
