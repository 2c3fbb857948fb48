import WireExchange
import WireHTTP1
import WireSecurity
import WireSystem
import WireTime

/// The transport options that every subcommand with a connection has.
struct TransportOptions {
    let driver: ClientDriver
    var deadlines = Deadlines.standard
    let unixSocket: UnixSocketPath?
    let tls: TLSConfiguration
    /// In the order given.
    var fields: [(name: String, value: String)] = []

    private static let deadlineOptions:
        [(name: String, field: WritableKeyPath<Deadlines, Timeout> & Sendable, help: String)] = [
            ("--resolve-timeout", \.resolve, "to look up the host's name"),
            ("--connect-timeout", \.connect, "to connect, over all addresses"),
            ("--tls-timeout", \.tlsHandshake, "for the TLS handshake"),
            ("--write-timeout", \.requestWrite, "since the peer last took a byte of the request"),
            ("--head-timeout", \.responseHead, "from the request's end to the response head"),
            ("--first-content-timeout", \.firstContent, "from the head to the first content"),
            ("--idle-timeout", \.bodyIdle, "since any byte of the body"),
            (
                "--content-idle-timeout", \.contentIdle,
                "since content last came; pings and blank lines are none"
            ),
            ("--timeout", \.total, "for everything"),
        ]

    static let group = Subcommand.OptionGroup(
        title: "Transport", options: timeouts + others + notYet)

    private static let timeouts = deadlineOptions.map { option in
        let standard = Deadlines.standard[keyPath: option.field]
        return Option.value(option.name, "D", "\(option.help) (default \(standard))")
    }

    private static let others: [Option] = [
        .value(
            "--unix", "PATH",
            "connect to this Unix socket, whatever the URL's host; @NAME: abstract"),
        .value("--cacert", "FILE", "trust these authorities (PEM) instead of the system's"),
        .value("--crlfile", "FILE", "refuse what these lists (PEM) of its authorities revoke"),
        .flag("--insecure", "do not verify who the server is"),
        .value("--client-cert", "FILE", "show this certificate (PEM, intermediates behind it)"),
        .value("--client-key", "FILE", "its private key (PEM; default: the certificate's file)"),
        .repeated("--header", "'NAME: VALUE'", "one more field of the request"),
        .value("--driver", "blocking|reactor", "which driver runs the exchange (default blocking)"),
    ]

    private static let notYet = ["--proxy", "--no-proxy"].map(Option.unavailable)

    init(_ arguments: Arguments) throws(CommandError) {
        for option in TransportOptions.deadlineOptions {
            if let time = try arguments.duration(option.name) {
                deadlines[keyPath: option.field] = time
            }
        }
        for header in arguments.values("--header") {
            fields.append(try TransportOptions.field(header))
        }
        unixSocket = try arguments.value("--unix").map(TransportOptions.unixSocket)
        tls = try TransportOptions.tls(arguments)
        driver =
            try arguments.choice("--driver", of: ["blocking", "reactor"]) == "reactor"
            ? .reactor : .blocking
    }

    /// The deadlines and the way to the server, for a client.
    func apply(to options: inout ClientOptions) {
        options.deadlines = deadlines
        options.unixSocket = unixSocket
        options.tls = tls
    }

    private static func tls(_ arguments: Arguments) throws(CommandError) -> TLSConfiguration {
        var tls = TLSConfiguration()
        if let file = arguments.value("--cacert") { tls.trust = .only([.file(file)]) }
        if let file = arguments.value("--crlfile") { tls.revocationLists = [.file(file)] }
        if arguments.has("--insecure") { tls.verification = .insecureAcceptingAnyCertificate }
        let certificate = arguments.value("--client-cert")
        let key = arguments.value("--client-key")
        if let certificate {
            tls.identity = .init(certificates: .file(certificate), key: .file(key ?? certificate))
        } else if key != nil {
            throw .usage("--client-key needs --client-cert")
        }
        if let path = Environment["SSLKEYLOGFILE"], !path.isEmpty {
            tls.keyLog = { line in try? Files.append([UInt8]((line + "\n").utf8), to: path) }
        }
        return tls
    }

    private static func unixSocket(_ path: String) throws(CommandError) -> UnixSocketPath {
        do throws(RequestError) { return try UnixSocketPath(path) } catch {
            throw .usage("--unix: \(error)")
        }
    }

    /// Only taken apart here; whether it may go on the wire is the request's check.
    private static func field(
        _ text: String
    ) throws(CommandError) -> (name: String, value: String) {
        guard let colon = text.firstIndex(of: ":") else {
            // Not said which: it may be a secret.
            throw .usage("--header takes 'Name: value'")
        }
        var value = text[text.index(after: colon)...]
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        return (String(text[..<colon]), String(value))
    }
}
