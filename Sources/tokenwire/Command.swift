import WireSockets
import WireSystem

/// The `tokenwire` command: finds the subcommand, runs it, and turns how it ended into an exit
/// status.
enum Command {
    static let version = "0.1.0"

    /// In the order of the help text.
    private static let subcommands: [Subcommand] = [
        ChatCommand.chat,
        ChatCommand.generate,
        EmbedCommand.subcommand,
        ModelCommands.list,
        ShowCommand.subcommand,
        ModelCommands.ps,
        TransferCommands.pull,
        TransferCommands.push,
        CreateCommand.subcommand,
        ModelCommands.copy,
        ModelCommands.rm,
        MemoryCommands.load,
        MemoryCommands.unload,
        ModelCommands.version,
        HTTPCommand.subcommand,
        ParseCommand.subcommand,
        RecordCommand.subcommand,
        ReplayCommand.subcommand,
        SimulateCommand.subcommand,
        DemoCommand.subcommand,
    ]

    /// The work is a task's; the main thread only waits for it. It must not be the main task of an
    /// asynchronous `main`, whose thread lets the signals in that `Termination` takes.
    static func run(_ words: [String]) -> ExitCode {
        let console = Console()
        let termination: Termination
        do throws(SystemError) { termination = try Termination() } catch {
            console.error("cannot start: \(error)")
            return .usage
        }
        termination.watch()
        Signals.ignoreBrokenPipe()
        let result = Monitor<ExitCode?>(nil)
        Task.detached {
            let context = CommandContext(
                output: .standard(), console: Console(), termination: termination)
            let code = await finish(words, context)
            result.update { $0 = code }
        }
        let code = result.wait(untilNanoseconds: .max) { $0 } ?? .usage
        return termination.signal.map { .interrupted(signal: $0) } ?? code
    }

    /// Runs, and lets out what is left to say whatever happened.
    private static func finish(
        _ words: [String], _ context: CommandContext
    ) async -> ExitCode {
        do throws(CommandError) {
            let code = try await dispatch(Array(words.dropFirst()), context)
            try context.output.flush()
            return code
        } catch {
            // What was printed before the error stands before it.
            try? context.output.flush()
            switch error {
            case .usage(let message):
                context.console.error(message)
                return .usage
            case .failed(let code, let message):
                context.console.error(message)
                return code
            case .outputClosed: return .success
            case .interrupted: return .interrupted(signal: 2)
            }
        }
    }

    private static func dispatch(
        _ words: [String], _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        guard let first = words.first else {
            throw .usage("no subcommand given; see tokenwire --help")
        }
        switch first {
        case "--help", "-h":
            try context.output.write(overview)
            return .success
        case "help":
            guard words.count > 1 else {
                try context.output.write(overview)
                return .success
            }
            try context.output.write(try find(words[1]).help)
            return .success
        case "--version", "-V":
            try context.output.writeLine("tokenwire \(version)")
            return .success
        default:
            return try await run(try find(first), Array(words.dropFirst()), context)
        }
    }

    private static func run(
        _ subcommand: Subcommand, _ words: [String], _ context: CommandContext
    ) async throws(CommandError) -> ExitCode {
        do throws(CommandError) {
            let arguments = try Arguments(words, options: subcommand.allOptions)
            if arguments.wantsHelp {
                try context.output.write(subcommand.help)
                return .success
            }
            return try await subcommand.run(arguments, context)
        } catch {
            guard case .usage(let message) = error else { throw error }
            throw .usage("\(subcommand.name): \(message); see tokenwire \(subcommand.name) --help")
        }
    }

    private static func find(_ name: String) throws(CommandError) -> Subcommand {
        if let subcommand = subcommands.first(where: { $0.name == name }) { return subcommand }
        if name.hasPrefix("-") {
            throw .usage("unknown option \(name); see tokenwire --help")
        }
        let suggestion = Spelling.suggestion(for: name, among: subcommands.map(\.name))
        throw .usage("no subcommand is called '\(name)'\(suggestion); see tokenwire --help")
    }

    private static var overview: String {
        var text = """
            tokenwire: raw-socket transport for streaming model output

            Usage: tokenwire SUBCOMMAND [arguments]
                   tokenwire help SUBCOMMAND
                   tokenwire --version

            Subcommands:

            """
        for subcommand in subcommands {
            text += HelpText.entry(subcommand.name, subcommand.summary)
        }
        text += """

            Durations are written 250ms, 10s, 2m or never; sizes 4096, 64KiB or 4MiB.

            Exit status:
              0  success
              1  the server answered with an error
              2  usage, or a file that cannot be used
              3  could not resolve or connect
              4  TLS
              5  a deadline passed
              6  the peer broke the protocol or closed early
              7  stopped by a guard
              8  a run ended with failures that may succeed when tried again
              9  a run ended with only permanent failures
              130, 143  interrupted by SIGINT, SIGTERM

            """
        return text
    }
}
