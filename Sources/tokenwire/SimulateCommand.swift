import WireServer
import WireSimulation
import WireSockets
import WireSystem
import WireTime

/// `tokenwire simulate`: a server without a model.
enum SimulateCommand {
    static let subcommand = Subcommand(
        name: "simulate",
        summary: "a server of the Ollama and OpenAI APIs without a model",
        synopsis: "[options]",
        details: """
            Answers chat, generate, embed, tags, show, ps, version, pull, create, copy and
            delete of Ollama's API, and chat/completions, completions, embeddings and models
            under /v1, with text from a small chain of words, at a rate and with the faults
            that it is told. Prints where it listens, then serves until it is stopped.

            A model is NAME,key=value,...: the keys are the options under "Models" without
            their dashes; what it leaves out is as those options say. The name * stands for
            every other one. Without --model there are sim, sim-think and sim-embed.

            A fault is KIND:key=value,...; kinds: refuse, silent, reset, fin, stall, truncate,
            garbage, bad-record, drip, pings, status, error, swallowed, one-byte, batch,
            early-head, late-head, endless-head, endless-field, informational,
            chunk-extension, tls-stall, gzip-bomb. Keys: after= (start, head, 3records,
            100bytes, last, end), p=, nth=, path=, model=, at=accept, every=, for=, by=,
            records=, bytes=, code=, retry-after=. A request can ask for one itself, by a
            field "X-Simulate: KIND:..." or a model called NAME+KIND:...
            """,
        options: [
            .init(
                title: "Server",
                options: [
                    .value(
                        "--listen", "ADDR", "where (default 127.0.0.1:11434; port 0: a free one)"),
                    .repeated("--model", "MODEL", "a model that there is"),
                    .value("--seed", "N", "of texts, lengths and times (default 1)"),
                    .value("--text", "FILE", "say this text, not the chain's"),
                    .value("--queue", "N", "requests that may wait, then 503 (default 512)"),
                    .repeated("--fault", "FAULT", "what goes wrong; the first that applies does"),
                    .flag("--no-requested-faults", "do not let requests ask for faults"),
                    .value("--truth", "FILE", "write down when what was sent"),
                    .value("--connections", "N", "open at once; others wait (default 10000)"),
                    .value(
                        "--spin", "D",
                        "how long before a record is due to stop sleeping (default 20us)"),
                ]),
            .init(title: "Models", options: SimulatedModelOption.options),
        ],
        examples: [
            .init(
                what: "two answers at once, 30 tokens/s, Poisson gaps",
                command:
                    "tokenwire simulate --listen :11435 --slots 2 --rate 30 --jitter 'gamma(1)'"),
            .init(
                what: "a slow one to load, and one in a hundred streams stalls",
                command: "tokenwire simulate --model big,load=20s,rate=8 "
                    + "--fault stall:after=37records,p=0.01"),
            .init(
                what: "ask for exactly one failure",
                command: "tokenwire chat sim+reset:after=3records hello"),
        ],
        run: { arguments, context throws(CommandError) in try run(arguments, context) })

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) throws(CommandError) -> ExitCode {
        if let surplus = arguments.positionals.first {
            throw .usage("no argument, not '\(surplus)'")
        }
        let address = try ListenAddress.parse(arguments.value("--listen") ?? "127.0.0.1:11434")
        var options = try simulation(arguments)
        var serving = WireServer.ServerOptions()
        serving.spin = try arguments.duration("--spin") ?? .microseconds(20)
        if serving.spin.isNever { throw .usage("--spin takes a duration, not never") }
        serving.loggedConnections = 1_000
        serving.logsWrites = false
        serving.connectionLimit = try number(arguments, "--connections", 1...1_000_000) ?? 10_000
        let server: ReplayServer
        do throws(SystemError) {
            if let path = arguments.value("--truth") {
                options.groundTruth = try GroundTruth(path: path)
            }
        } catch { throw .failed(.usage, "--truth: \(error)") }
        Environment.raiseDescriptorLimit()
        do throws(SystemError) {
            server = try .simulating(options, on: address, serving: serving)
        } catch { throw ServingOptions.failed(error, on: address) }
        server.start()
        try ServingOptions.announce(server.address, context)
        defer { ServingOptions.removeSocket(address) }
        do throws(CommandError) { try context.termination.pause(.never) } catch {
            server.stop()
            try close(options.groundTruth, context)
            throw error
        }
        return .success
    }

    private static func close(
        _ truth: GroundTruth?, _ context: CommandContext
    ) throws(CommandError) {
        guard let truth else { return }
        do throws(SystemError) {
            let lost = try truth.close()
            if lost > 0 { context.console.error("\(lost) entries of --truth were lost: slow disk") }
        } catch { throw .failed(.usage, "--truth: \(error)") }
    }

    private static func simulation(
        _ arguments: Arguments
    ) throws(CommandError) -> SimulationOptions {
        var options = SimulationOptions()
        let base = try SimulatedModelOption.base(arguments)
        let texts = arguments.values("--model")
        options.models = []
        for text in texts {
            options.models.append(try SimulatedModelOption.model(text, base: base))
        }
        if texts.isEmpty {
            options.models = SimulatedModel.standard.map { standard in
                var model = base
                model.name = standard.name
                if model.thinkingTokens == 0 { model.thinkingTokens = standard.thinkingTokens }
                model.embeddingSize = base.embeddingSize ?? standard.embeddingSize
                return model
            }
        }
        if let path = arguments.value("--text") {
            options.text = .verbatim(try InputFile.read(path, limit: 64 << 20))
        }
        options.seed = UInt64(try number(arguments, "--seed", 0...Int.max) ?? 1)
        options.queueLength = try number(arguments, "--queue", 0...1_000_000) ?? 512
        options.obeysRequests = !arguments.has("--no-requested-faults")
        for text in arguments.values("--fault") {
            do throws(FaultSyntaxError) {
                options.faults.append(try FaultRule(parsing: text))
            } catch { throw .usage("--fault \(text): \(error)") }
        }
        return options
    }

    private static func number(
        _ arguments: Arguments, _ name: String, _ range: ClosedRange<Int>
    ) throws(CommandError) -> Int? {
        guard let text = arguments.value(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .usage("\(name) takes a number from \(range.lowerBound) on, not '\(text)'")
        }
        return value
    }
}
