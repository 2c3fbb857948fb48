import OllamaProtocol
import WireExchange
import WireHTTP1
import WireProxy
import WireSockets
import WireSystem
import WireTime

/// `tokenwire record`: a reverse proxy that records.
enum RecordCommand {
    static let subcommand = Subcommand(
        name: "record",
        summary: "passes requests on to a server, and records what comes back",
        synopsis: "[--upstream URL] [--listen ADDR] [-o DIR] [options]",
        details: """
            A reverse proxy: point a client's base URL at it. Requests and responses go through
            unchanged and unbuffered. Each client's connection has one of its own to the
            upstream: a client that leaves closes that at once, and the upstream's end or reset
            is the client's. The first line of output says where it listens, then there is one
            for each exchange; it serves until it is interrupted.

            With -o every exchange becomes three files: NAME.request, NAME.response and
            NAME.timing (when each piece came), for tokenwire replay. They appear when the
            exchange is whole; one that the client left or a deadline ended is not kept.
            Authorization, cookies and keys in header fields are not recorded; what stands in
            URLs and bodies is.

            The timeouts hold between proxy and upstream, so a client that has none gets them
            all the same: before the response 504, in a stream an error record, as the server
            would send it. --leave-after ends a stream in the server's own manner.
            """,
        options: [options, transport],
        examples: [
            .init(
                what: "record what a program asks of Ollama, and of a hosted server",
                command: "tokenwire record --listen :8080 -o session"
                    + "\n  tokenwire record --upstream https://api.example.com --listen :8080 -o session"
            ),
            .init(
                what: "timeouts and an end for a client that has neither",
                command: "tokenwire record --listen :8080 --idle-timeout 10s --leave-after 2000"),
            .init(
                what: "play it back",
                command: "tokenwire replay session --listen :8080"),
        ],
        run: { arguments, context throws(CommandError) in try run(arguments, context) })

    private static let address = "127.0.0.1:0"

    private static let options = Subcommand.OptionGroup(
        title: "Options",
        options: [
            .value(
                "--upstream", "URL",
                "the server, or unix:/path (default $OLLAMA_HOST, else 127.0.0.1:11434)"),
            ServingOptions.listen(default: address),
            .value("-o", "DIR", "record into this directory; without it nothing is recorded"),
            .value(
                "--leave-after", "N",
                "leave a stream after N records: close the upstream, end the client's stream"),
            .flag("--keep-credentials", "record Authorization, cookies and keys as they are"),
            .flag("--keep-host", "pass the client's Host field on instead of the upstream's name"),
            .flag("--quiet", "no line for each exchange"),
        ])

    /// Fields are the client's, and there is one driver.
    private static let transport = Subcommand.OptionGroup(
        title: "To the upstream",
        options: TransportOptions.group.options.filter {
            !["--header", "--driver"].contains($0.name)
        })

    private static func run(
        _ arguments: Arguments, _ context: CommandContext
    ) throws(CommandError) -> ExitCode {
        if let extra = arguments.positionals.first {
            throw .usage("unexpected argument '\(extra)'")
        }
        let address = try ServingOptions.address(arguments, default: address)
        let upstream = try endpoint(arguments)
        var options = try options(arguments)
        if let socket = upstream.unixSocket { options.upstream.unixSocket = socket }
        let printer = arguments.has("--quiet") ? nil : ReportPrinter()
        if let printer { options.report = { printer.add($0) } }
        Environment.raiseDescriptorLimit()
        let proxy: RecordingProxy
        do throws(SystemError) {
            proxy = try RecordingProxy(
                on: address, upstream: upstream.url(""), recordingInto: arguments.value("-o"),
                options: options)
        } catch { throw ServingOptions.failed(error, on: address) }
        proxy.start()
        defer {
            proxy.stop()
            printer?.stop()
            ServingOptions.removeSocket(address)
        }
        try ServingOptions.announce(proxy.address, context)
        printer?.start()
        context.console.note("upstream: \(upstream); Ctrl-C ends")
        try waitForEnd(of: proxy, context)
        return .success
    }

    /// Until somebody ends it, or the disk is full: a recorder that records no more has no use.
    private static func waitForEnd(
        of proxy: RecordingProxy, _ context: CommandContext
    ) throws(CommandError) {
        while true {
            try context.termination.pause(.seconds(1))
            if let error = proxy.recordingFailure {
                throw .failed(.usage, "cannot record any more: \(error)")
            }
        }
    }

    private static func endpoint(_ arguments: Arguments) throws(CommandError) -> OllamaEndpoint {
        let text = arguments.value("--upstream") ?? Environment["OLLAMA_HOST"] ?? ""
        do throws(RequestError) { return try OllamaEndpoint(text) } catch {
            throw .usage("--upstream: \(error)")
        }
    }

    private static func options(_ arguments: Arguments) throws(CommandError) -> ProxyOptions {
        var options = ProxyOptions()
        try TransportOptions(arguments).apply(to: &options.upstream)
        options.keepsCredentials = arguments.has("--keep-credentials")
        options.keepsHost = arguments.has("--keep-host")
        if let text = arguments.value("--leave-after") {
            guard let count = Int(text), count > 0 else {
                throw .usage("--leave-after takes a number of records, not '\(text)'")
            }
            options.recordLimit = count
        }
        return options
    }
}
