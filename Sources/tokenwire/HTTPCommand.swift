import WireBlocking
import WireBytes
import WireExchange
import WireHTTP1
import WireSystem
import WireTime

/// `tokenwire http`: the transport by itself.
enum HTTPCommand {
    static let subcommand = Subcommand(
        name: "http",
        summary: "one HTTP/1.1 exchange, for probing and for conformance checks",
        synopsis: "[METHOD] URL [options]",
        details: """
            The method is GET, or POST when there is data. The body goes to standard output
            as it arrives; with --report json exactly one JSON object on one line goes there
            instead, and the body nowhere unless -o names a file.

            gzip and deflate are offered and undone, unless --identity or an Accept-Encoding
            of your own say otherwise.

            The exit status is 1 for a complete response of status 400 or above. With --then
            the first request that does not end with 0 decides it.
            """,
        options: [requestOptions, responseOptions, TransportOptions.group],
        examples: [
            .init(
                what: "a streamed generation, token by token",
                command: #"tokenwire http http://127.0.0.1:11434/api/generate \"#
                    + "\n      "
                    + #"--data '{"model":"tiny","prompt":"Hi"}'"#),
            .init(
                what: "what exactly came back, and when",
                command: "tokenwire http http://127.0.0.1:11434/api/tags --report json"),
            .init(
                what: "is the connection kept? and after half a minute?",
                command: "tokenwire http URL --report json --then URL --then-delay 30s"),
        ],
        run: { arguments, context throws(CommandError) in
            let options = try HTTPOptions(arguments)
            var runner = HTTPRunner(options, context)
            return try await runner.run()
        })

    private static let requestOptions = Subcommand.OptionGroup(
        title: "Request",
        options: [
            .value("--data", "S", "body of the request"),
            .value("--data-file", "FILE", "body of the request; - is standard input"),
            .flag("--chunked", "send the body in the chunked coding"),
            .flag(
                "--follow",
                "follow redirects, at most 10; Authorization and Cookie stay with their origin"),
            .repeated(
                "--then", "URL",
                "afterwards, a plain GET with the same client: no fields, no redirects"),
            .value("--then-delay", "D", "wait before each --then"),
            .flag(
                "--expect-continue",
                "send the body when the server asks for it, or after a second of silence"),
        ])

    private static let responseOptions = Subcommand.OptionGroup(
        title: "Response",
        options: [
            .value("--report", "json", "print one JSON object for each request, not the body"),
            .flag("--include", "put the status line and the fields in front of the body"),
            .value("-o", "FILE", "the body goes to FILE"),
            .value("--max-head", "N", "longest response head (default 256KiB)"),
            .value("--max-line", "N", "longest line of the head (default 64KiB; status 16KiB)"),
            .value("--max-body", "N", "longest body; what comes before the limit is delivered"),
            .flag("--identity", "offer no content coding, and undo none"),
        ])
}

/// The arguments of `tokenwire http`, understood.
struct HTTPOptions {
    var method: String
    var url: String
    var body: RequestBody?
    var sendsChunked: Bool
    var expectsContinue: Bool
    var offersContentCoding: Bool
    var thenURLs: [String]
    var thenDelay: Timeout
    var reports: Bool
    var includesHead: Bool
    var outputPath: String?
    var bodyLimit: ByteLimit?
    var driver: ClientDriver
    var client = ClientOptions()
    var fields: [(name: String, value: String)]

    /// What comes from a pipe is held in memory, so that it can go with its length.
    private static let requestBodyLimit = 1 << 30

    init(_ arguments: Arguments) throws(CommandError) {
        body = try HTTPOptions.body(arguments)
        sendsChunked = arguments.has("--chunked")
        expectsContinue = arguments.has("--expect-continue")
        if sendsChunked, body == nil { throw .usage("--chunked needs --data or --data-file") }
        switch arguments.positionals.count {
        case 1: method = body == nil ? "GET" : "POST"
        case 2: method = arguments.positionals[0]
        case 0: throw .usage("no URL given")
        default: throw .usage("one method and one URL, not '\(arguments.positionals[2])' too")
        }
        url = arguments.positionals.last ?? ""
        offersContentCoding = !arguments.has("--identity")
        if arguments.has("--follow") { client.redirects = RedirectPolicy(limit: 10) }
        thenURLs = arguments.values("--then")
        thenDelay = try arguments.duration("--then-delay") ?? .zero
        reports = try arguments.choice("--report", of: ["json"]) != nil
        includesHead = arguments.has("--include")
        outputPath = arguments.value("-o")
        bodyLimit = try arguments.size("--max-body").map { .bytes($0) }
        let transport = try TransportOptions(arguments)
        driver = transport.driver
        fields = transport.fields
        transport.apply(to: &client)
        if let size = try arguments.size("--max-head", least: 1) {
            client.limits.head = .bytes(size)
        }
        if let size = try arguments.size("--max-line", least: 1) {
            client.limits.startLine = .bytes(size)
            client.limits.fieldLine = .bytes(size)
        }
    }

    private static func body(_ arguments: Arguments) throws(CommandError) -> RequestBody? {
        guard let path = arguments.value("--data-file") else {
            return arguments.value("--data").map { .bytes(Array($0.utf8)) }
        }
        if arguments.has("--data") { throw .usage("--data and --data-file: only one of them") }
        if path == "-" { return .bytes(try InputFile.read(path, limit: requestBodyLimit)) }
        try InputFile.check(path)
        return .file(path)
    }
}
