import OllamaProtocol
import WireHTTP1
import WireSystem

/// Which server, and as whom: the options of subcommands that need one.
struct ServerOptions {
    /// As `OLLAMA_HOST` has it; empty stands for the default.
    let host: String
    let endpoint: OllamaEndpoint
    /// Only if it may be sent to `endpoint`.
    let apiKey: String?
    let dialect: DialectChoice

    static let group = Subcommand.OptionGroup(
        title: "Server",
        options: [
            .value(
                "--host", "URL",
                "the server, or unix:/path (default $OLLAMA_HOST, else 127.0.0.1:11434)"),
            .value(
                "--api-key", "KEY", "bearer token (default $OLLAMA_API_KEY); over TLS or loopback"),
            .value(
                "--api", "auto|native|openai",
                "which dialect; auto: openai for a URL that ends in /v1, else native"),
        ])

    init(_ arguments: Arguments, _ console: Console) throws(CommandError) {
        host = arguments.value("--host") ?? Environment["OLLAMA_HOST"] ?? ""
        do throws(RequestError) { endpoint = try OllamaEndpoint(host) } catch {
            // A password among it is for nobody's eyes.
            let shown = host.utf8.contains(UInt8(ascii: "@")) ? "" : " '\(host)'"
            throw .usage("the server\(shown): \(error)")
        }
        let api = try arguments.choice("--api", of: ["auto", "native", "openai"])
        dialect = api == "openai" ? .openAI : api == "native" ? .native : .byURL
        let mayKnow = endpoint.isLoopback || endpoint.scheme == .https
        if let key = arguments.value("--api-key") {
            guard mayKnow else { throw .usage("--api-key goes over TLS or to this machine only") }
            apiKey = key
        } else if let key = Environment["OLLAMA_API_KEY"], !key.isEmpty {
            // A variable is set for some server, perhaps not for this one: no reason to fail.
            if !mayKnow { console.note("tokenwire: OLLAMA_API_KEY is kept from \(endpoint)") }
            apiKey = mayKnow ? key : nil
        } else {
            apiKey = nil
        }
    }
}
