import OllamaBlocking
import OllamaProtocol
import WireExchange
import WireSockets
import WireSystem
import WireTime

/// `tokenwire demo`: the main job without a model. A server process of its own replays what a real
/// Ollama server was recorded to send, at the recorded pace.
enum DemoCommand {
    static let subcommand = Subcommand(
        name: "demo",
        summary: "a recorded chat, streamed from a server of its own",
        synopsis: "",
        details: """
            Starts a server on a free loopback port that replays recordings of a real Ollama
            server, streams a chat from it at the recorded pace, leaves a second stream
            early and shows how soon the server saw the close. Needs no network and no model.
            """,
        options: [
            .init(
                title: "Options",
                options: [.flag("--serve", "only the server: prints its port, runs two minutes")])
        ],
        examples: [.init(what: "see it work", command: "tokenwire demo")],
        run: { arguments, context throws(CommandError) in
            if arguments.has("--serve") { return try DemoServer.run(context) }
            return try run(context)
        })

    private static let recordsBeforeLeaving = 12

    private static func run(_ context: CommandContext) throws(CommandError) -> ExitCode {
        let server = try DemoServerProcess()
        var client: BlockingOllama
        do throws(StreamError) { client = try BlockingOllama(host: server.address) } catch {
            throw .failed(ExitCode(error), "\(error)")
        }
        try say(
            "A chat, as a real Ollama server sent it (replayed by \(server.address)):\n\n", context)
        try say(try streamChat(&client, context), context)
        try say("\nA second stream, left after \(recordsBeforeLeaving) records:\n\n", context)
        try say(try leaveEarly(&client, server, context), context)
        do throws(StreamError) {
            let version = try client.version(cancellation: context.termination.cancellation)
            try? say("\nThe client goes on: the server says it is \(version).\n", context)
        } catch { throw .failed(ExitCode(error), "\(error)") }
        return .success
    }

    private static func say(_ text: String, _ context: CommandContext) throws(CommandError) {
        try context.output.write(text)
        try context.output.flush()
    }

    /// Prints the recorded chat as it comes; returns what was measured, for print.
    private static func streamChat(
        _ client: inout BlockingOllama, _ context: CommandContext
    ) throws(CommandError) -> String {
        var request = ChatRequest(model: "tiny", messages: [.user("hello there")])
        request.options.seed = 3
        var records = 0
        do throws(StreamError) {
            var stream = try client.chat(
                request, cancellation: context.termination.cancellation)
            while let record = try stream.next() {
                records += 1
                try? say(record.text, context)
            }
            let timings = stream.timings
            let summary = stream.summary ?? Summary()
            return """


                \(records) records, \(summary.evalCount) tokens, done: \(summary.reason)
                connected after  \(text(timings.sinceStart(\.connected)))
                request sent     \(text(timings.sinceStart(\.requestSent)))
                first token      \(text(timings.sinceStart(\.firstContent)))
                last byte        \(text(timings.sinceStart(\.end)))

                """
        } catch { throw .failed(ExitCode(error), "\(error)") }
    }

    /// Leaves a stream of 200 records early; returns what the server saw of that, for print.
    private static func leaveEarly(
        _ client: inout BlockingOllama, _ server: DemoServerProcess, _ context: CommandContext
    ) throws(CommandError) -> String {
        var request = GenerateRequest(model: "tiny-slow", prompt: "hi")
        request.options.numPredict = 200
        request.options.seed = 1
        var read = 0
        var leftAt = MonotonicClock.now
        var returnedAt = leftAt
        do throws(StreamError) {
            do {
                var stream = try client.generate(
                    request, cancellation: context.termination.cancellation)
                while let record = try stream.next() {
                    try? say(record.text, context)
                    read += 1
                    if read == recordsBeforeLeaving { break }
                }
                leftAt = MonotonicClock.now
            }
            returnedAt = MonotonicClock.now
        } catch { throw .failed(ExitCode(error), "\(error)") }
        let seen = try server.nextClose()
        return """


            connection closed  \(text(returnedAt.since(leftAt))) after the loop was left
            server saw it      \(text(seen.at.since(leftAt))) after the loop was left (\(seen.kind)), \
            having sent \(seen.records) of 200 records

            """
    }

    private static func text(_ time: Timeout?) -> String {
        guard let time else { return "-" }
        let microseconds = Double(time.nanoseconds) / 1000
        if microseconds < 1000 { return "\(Int(microseconds.rounded())) us" }
        return "\((microseconds / 100).rounded() / 10) ms"
    }
}
