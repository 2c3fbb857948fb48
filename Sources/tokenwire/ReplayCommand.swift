import WireServer
import WireSockets
import WireSystem
import WireTime

/// `tokenwire replay`: recordings as a server.
enum ReplayCommand {
    static let subcommand = Subcommand(
        name: "replay",
        summary: "answers with recorded exchanges, at their recorded pace",
        synopsis: "DIR... [--listen ADDR] [options]",
        details: """
            Serves the exchanges of one or more directories (as tokenwire record writes them),
            or of single recordings (a path without .response): byte for byte, each piece at
            its time. The first line of output says where it listens; it serves until it is
            interrupted.

            A request is answered by the recording with the same method, path and body.
            Several that match equally well take turns, in the order of their names. A request
            that no recording is for gets 404 and an error that says so.
            """,
        options: [
            .init(
                title: "Options",
                options: [
                    ServingOptions.listen(default: address),
                    .value("--speed", "N|max", "so much faster: 10x, 0.5x; max: no pauses"),
                    .value(
                        "--match", "strict|json|loose",
                        "bodies have to be equal by bytes; as JSON (the default); or only path "
                            + "and model, else the path alone"),
                ])
        ],
        examples: [
            .init(
                what: "what was recorded, as it was, on the port of the real server",
                command: "tokenwire replay session"),
            .init(
                what: "any chat gets the recorded one, ten times as fast",
                command: "tokenwire replay session --match loose --speed 10x"),
            .init(
                what: "try it",
                command: "tokenwire list"),
        ],
        run: { arguments, context throws(CommandError) in try run(arguments, context) })

    /// The real server's.
    private static let address = "127.0.0.1:11434"

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) throws(CommandError) -> ExitCode {
        if arguments.positionals.isEmpty { throw .usage("no directory of recordings given") }
        let address = try ServingOptions.address(arguments, default: address)
        let pace = try pace(arguments.value("--speed"))
        let strictness = try strictness(arguments)
        var recordings: [Recording] = []
        for path in arguments.positionals { recordings += try self.recordings(path) }
        let handler = RecordedHandler(
            recordings, pace: pace, strictness: strictness, choice: .roundRobin)
        Environment.raiseDescriptorLimit()
        let server: ReplayServer
        do throws(SystemError) { server = try ReplayServer(on: address, .requests(handler)) } catch
        {
            throw ServingOptions.failed(error, on: address)
        }
        server.start()
        defer {
            server.stop()
            ServingOptions.removeSocket(address)
        }
        try ServingOptions.announce(server.address, context)
        let count = recordings.reduce(0) { $0 + $1.exchanges.count }
        context.console.note("\(count) exchanges; Ctrl-C ends")
        try context.termination.pause(.never)
        return .success
    }

    private static func recordings(_ path: String) throws(CommandError) -> [Recording] {
        do throws(RecordingError) {
            let found = try Recording.all(at: path)
            if found.allSatisfy(\.exchanges.isEmpty) { throw .none(in: path) }
            return found
        } catch { throw .usage("\(error)") }
    }

    private static func pace(_ text: String?) throws(CommandError) -> Pace {
        guard let text else { return .recorded }
        if text == "max" { return .full }
        let number = text.hasSuffix("x") ? String(text.dropLast()) : text
        guard let factor = Double(number), factor > 0, factor.isFinite else {
            throw .usage("--speed takes a factor such as 10x or 0.5x, or max, not '\(text)'")
        }
        return factor == 1 ? .recorded : .factor(1 / factor)
    }

    private static func strictness(
        _ arguments: Arguments
    ) throws(CommandError) -> RequestMatcher.Strictness {
        switch try arguments.choice("--match", of: ["strict", "json", "loose"]) {
        case "strict": .bytes
        case "loose": .path
        default: .json
        }
    }
}
