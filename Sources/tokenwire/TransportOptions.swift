import WireTime

/// The transport options that every subcommand with a connection has.
struct TransportOptions {
    let driver: ClientDriver
    var deadlines = Deadlines.standard
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
        .repeated("--header", "'NAME: VALUE'", "one more field of the request"),
        .value("--driver", "blocking|reactor", "which driver runs the exchange (default blocking)"),
    ]

    private static let notYet = [
        "--cacert", "--insecure", "--client-cert", "--client-key", "--unix", "--proxy",
        "--no-proxy",
    ].map(Option.unavailable)

    init(_ arguments: Arguments) throws(CommandError) {
        for option in TransportOptions.deadlineOptions {
            if let time = try arguments.duration(option.name) {
                deadlines[keyPath: option.field] = time
            }
        }
        for header in arguments.values("--header") {
            fields.append(try TransportOptions.field(header))
        }
        driver =
            try arguments.choice("--driver", of: ["blocking", "reactor"]) == "reactor"
            ? .reactor : .blocking
    }

    /// Only taken apart here; whether it may go on the wire is the request's check.
    private static func field(
        _ text: String
    ) throws(CommandError) -> (name: String, value: String) {
        guard let colon = text.firstIndex(of: ":") else {
            throw .usage("--header takes 'Name: value', not '\(text)'")
        }
        var value = text[text.index(after: colon)...]
        while let first = value.first, first == " " || first == "\t" { value.removeFirst() }
        while let last = value.last, last == " " || last == "\t" { value.removeLast() }
        return (String(text[..<colon]), String(value))
    }
}
