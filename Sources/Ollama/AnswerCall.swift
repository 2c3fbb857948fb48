internal import OllamaProtocol
internal import Synchronization
internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTPClient
internal import WireTime

/// A stream that somebody may ask for.
struct AnswerCall: Sendable {
    /// Indirect: a call is copied into what a waiting task keeps.
    indirect enum Source: Sendable {
        case chat(ChatRequest)
        case generate(GenerateRequest)
        /// Made by other means.
        case http(HTTPRequest, Dialect)
        /// A pull, a push or a create.
        case progress(Result<OllamaRequest, StreamError>)
    }

    let http: HTTPClient
    /// Nil for a request that was made by other means.
    let server: Result<OllamaServer, StreamError>?
    let detection: DetectedDialect
    var source: Source
    var deadlines: Deadlines?
    var guards: [Guard]
    let partialTextLimit: ByteLimit
    let replyLimit: ByteLimit
    var cancellation: Cancellation

    func begin() -> AnswerExchange { AnswerExchange(self) }

    /// Nil when the server has to be asked.
    func dialect() throws(StreamError) -> Dialect? {
        switch source {
        case .http(_, let dialect): return dialect
        case .progress: return .native
        case .chat, .generate: break
        }
        return try server?.get().dialect ?? detection.dialect
    }

    var streams: Bool {
        switch source {
        case .chat(let request): request.stream
        case .generate(let request): request.stream
        case .http, .progress: true
        }
    }

    var subject: AnswerReader.Subject {
        if case .progress = source { .progress } else { .answer }
    }

    func request(in dialect: Dialect) throws(StreamError) -> HTTPRequest {
        let request: OllamaRequest
        switch source {
        case .http(let request, _): return request
        case .progress(let progress): request = try progress.get()
        case .chat(let chat): request = try OllamaRequest(chat, in: dialect)
        case .generate(let generate): request = try OllamaRequest(generate, in: dialect)
        }
        return try server!.get().httpRequest(request)
    }
}

/// What a server has said that it speaks, for all calls of a client.
final class DetectedDialect: Sendable {
    private let state = Atomic<UInt8>(0)

    var dialect: Dialect? {
        get {
            switch state.load(ordering: .relaxed) {
            case 1: .native
            case 2: .openAI
            default: nil
            }
        }
        set {
            let value: UInt8 =
                switch newValue {
                case .native: 1
                case .openAI: 2
                case nil: 0
                }
            state.store(value, ordering: .relaxed)
        }
    }
}
