import Ollama
import OllamaBlocking
import OllamaProtocol

/// The server that the options name, by the driver that they name.
struct ModelClient: ~Copyable {
    private let driver: ClientDriver
    private var blocking: BlockingOllama
    private let reactor: Ollama
    private let cancellation: Cancellation

    private init(
        _ driver: ClientDriver, _ blocking: consuming BlockingOllama, _ reactor: Ollama,
        _ cancellation: Cancellation
    ) {
        self.driver = driver
        self.blocking = blocking
        self.reactor = reactor
        self.cancellation = cancellation
    }

    static func make(
        _ arguments: Arguments, _ context: CommandContext
    ) throws(CommandError) -> ModelClient {
        let server = try ServerOptions(arguments, context.console)
        let transport = try TransportOptions(arguments)
        var options = OllamaClientOptions(deadlines: transport.deadlines)
        options.apiKey = server.apiKey
        options.fields = transport.fields
        // Either opens nothing before it is asked something.
        return ModelClient(
            transport.driver, try blocking(server.host, options),
            Ollama(host: server.host, options: options), context.termination.cancellation)
    }

    private static func blocking(
        _ host: String?, _ options: OllamaClientOptions
    ) throws(CommandError) -> BlockingOllama {
        do throws(StreamError) {
            return try BlockingOllama(host: host, options: options)
        } catch { throw .usage("\(error)") }
    }

    mutating func list() async throws(StreamError) -> [ModelSummary] {
        switch driver {
        case .blocking: try blocking.list(cancellation: cancellation)
        case .reactor: try await reactor.list(cancellation: cancellation)
        }
    }

    mutating func ps() async throws(StreamError) -> [RunningModel] {
        switch driver {
        case .blocking: try blocking.ps(cancellation: cancellation)
        case .reactor: try await reactor.ps(cancellation: cancellation)
        }
    }

    mutating func version() async throws(StreamError) -> String {
        switch driver {
        case .blocking: try blocking.version(cancellation: cancellation)
        case .reactor: try await reactor.version(cancellation: cancellation)
        }
    }

    /// Prints the answer to a chat.
    mutating func print(
        _ request: ChatRequest, _ printer: inout AnswerPrinter
    ) async throws(StreamError) -> (code: ExitCode, reply: Message?) {
        switch driver {
        case .blocking:
            return try await printer.print(blocking.chat(request, cancellation: cancellation))
        case .reactor:
            let answer = reactor.chat(request, cancellation: cancellation)
            return try await printer.print(answer.records())
        }
    }

    /// Prints the answer to a generation.
    mutating func print(
        _ request: GenerateRequest, _ printer: inout AnswerPrinter
    ) async throws(StreamError) -> (code: ExitCode, reply: Message?) {
        switch driver {
        case .blocking:
            return try await printer.print(blocking.generate(request, cancellation: cancellation))
        case .reactor:
            let answer = reactor.generate(request, cancellation: cancellation)
            return try await printer.print(answer.records())
        }
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
