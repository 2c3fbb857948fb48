internal import OllamaProtocol
internal import WireBytes
internal import WireDriver
internal import WireExchange
internal import WireHTTPClient
internal import WireTime

/// A chat or a generation that somebody may ask for.
struct AnswerCall: Sendable {
    let http: HTTPClient
    let request: Result<HTTPRequest, StreamError>
    let deadlines: Deadlines?
    let partialTextLimit: ByteLimit
    var cancellation: Cancellation

    func begin() -> AnswerExchange { AnswerExchange(request, self) }
}
