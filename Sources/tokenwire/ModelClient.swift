import Ollama
import OllamaBlocking
import OllamaProtocol
import WireTime

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
        var options = OllamaClientOptions()
        transport.apply(to: &options.http)
        options.apiKey = server.apiKey
        options.dialect = server.dialect
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

    /// The whole answer to a call.
    mutating func answer<Answer>(to call: OllamaCall<Answer>) async throws(StreamError) -> Answer {
        switch driver {
        case .blocking: try blocking.answer(to: call, cancellation: cancellation)
        case .reactor: try await reactor.answer(to: call, cancellation: cancellation)
        }
    }

    /// The models on the server, in the dialect that it is asked in.
    mutating func list() async throws(StreamError) -> [ModelSummary] {
        switch driver {
        case .blocking: try blocking.list(cancellation: cancellation)
        case .reactor: try await reactor.list(cancellation: cancellation)
        }
    }

    /// Texts as vectors, in the dialect that the server is asked in.
    mutating func embed(_ request: EmbedRequest) async throws(StreamError) -> Embeddings {
        switch driver {
        case .blocking: try blocking.embed(request, cancellation: cancellation)
        case .reactor: try await reactor.embed(request, cancellation: cancellation)
        }
    }

    /// - Parameter limit: how long to wait for the server too; nil wants it to be there.
    mutating func load(
        _ request: LoadRequest, waiting limit: Timeout?
    ) async throws(StreamError) -> Summary {
        guard let limit else { return try await answer(to: .load(request)) }
        let summary =
            switch driver {
            case .blocking:
                try blocking.waitUntilReady(request, within: limit, cancellation: cancellation)
            case .reactor:
                try await reactor.waitUntilReady(
                    request, within: limit, cancellation: cancellation)
            }
        return summary ?? Summary()
    }

    /// Sends a file, unless the server has it.
    mutating func upload(
        _ path: String, _ display: ProgressDisplay
    ) async throws(StreamError) -> BlobDigest {
        let name = path.split(separator: "/").last.map(String.init) ?? path
        let observe: @Sendable (BlobProgress) -> Void = { display.show($0, of: name) }
        let upload =
            switch driver {
            case .blocking:
                try blocking.uploadBlob(path, cancellation: cancellation, observe: observe)
            case .reactor:
                try await reactor.uploadBlob(path, cancellation: cancellation, observe: observe)
            }
        return upload.digest
    }

    /// Shows the progress of a pull, a push or a create.
    mutating func print(
        _ request: OllamaRequest, _ printer: inout ProgressPrinter
    ) async throws(StreamError) {
        switch driver {
        case .blocking:
            try await printer.print(
                blocking.progressRecords(of: request, cancellation: cancellation))
        case .reactor:
            try await printer.print(
                reactor.progressRecords(of: request, cancellation: cancellation))
        }
    }

    /// Prints the answer to a chat.
    mutating func print(
        _ request: ChatRequest, _ printer: inout AnswerPrinter
    ) async throws(StreamError) -> (code: ExitCode, reply: Message?) {
        switch driver {
        case .blocking:
            return try await printer.print(
                blocking.chat(request, guards: printer.guards, cancellation: cancellation))
        case .reactor:
            let answer = reactor.chat(
                request, guards: printer.guards, cancellation: cancellation)
            return try await printer.print(answer.records())
        }
    }

    /// Prints the answer to a generation.
    mutating func print(
        _ request: GenerateRequest, _ printer: inout AnswerPrinter
    ) async throws(StreamError) -> (code: ExitCode, reply: Message?) {
        switch driver {
        case .blocking:
            return try await printer.print(
                blocking.generate(request, guards: printer.guards, cancellation: cancellation))
        case .reactor:
            let answer = reactor.generate(
                request, guards: printer.guards, cancellation: cancellation)
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
        case .stopped: self = .stoppedByGuard
        case .cancelled: self = .interrupted(signal: 2)
        case .transport(let error, _): self = ExitCode(error)
        }
    }
}

extension CommandError {
    /// Of a call that has failed. What was cancelled was by a signal: nobody has to be told.
    init(_ error: StreamError) {
        if case .cancelled = error {
            self = .interrupted
        } else {
            self = .failed(ExitCode(error), "\(error)")
        }
    }
}
