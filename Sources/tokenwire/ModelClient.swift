import OllamaBlocking
import OllamaProtocol

/// A client made from the options that every subcommand with a server has.
enum ModelClient {
    static func make(
        _ arguments: Arguments, _ context: CommandContext
    ) throws(CommandError) -> BlockingOllama {
        let server = try ServerOptions(arguments, context.console)
        let transport = try TransportOptions(arguments)
        var options = BlockingOllama.Options(deadlines: transport.deadlines)
        options.apiKey = server.apiKey
        options.fields = transport.fields
        do throws(StreamError) {
            return try BlockingOllama(host: server.host, options: options)
        } catch { throw .usage("\(error)") }
    }
}

extension ExitCode {
    init(_ error: StreamError) {
        switch error {
        case .request: self = .usage
        case .connect: self = .unreachable
        case .timeout: self = .deadline
        case .server: self = .serverError
        case .incomplete, .malformed: self = .peer
        case .cancelled: self = .interrupted(signal: 2)
        case .transport(let error, _): self = ExitCode(error)
        }
    }
}
