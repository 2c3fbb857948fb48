import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireJSON
import WireServer
import WireSockets
import WireSystem
import WireTime

/// Runs what blocks where it holds up none of the few threads that tasks run on.
func apart<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result {
    await withCheckedContinuation { continuation in
        PlainThread { continuation.resume(returning: body()) }.detach()
    }
}

/// Long: tests that compute may keep all threads from others.
private let patience = Timeout.minutes(5)

extension ReplayServer {
    /// Waits until the server has seen a client leave; false after `patience`.
    func sees(closeOf connection: Int) async -> Bool {
        await apart {
            self.log.waitForClose(of: connection, until: MonotonicClock.now + patience) != nil
        }
    }

    /// Waits until a connection is as it should be; false after `patience`.
    func sees(
        _ connection: Int, _ condition: @escaping @Sendable (ConnectionRecord) -> Bool
    ) async -> Bool {
        await apart {
            let limit = MonotonicClock.now + patience
            return self.log.wait(for: connection, until: limit, where: condition) != nil
        }
    }
}

/// The two ways in, for tests of what is the same in both.
enum WayIn: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case blocking, tasks
    var testDescription: String { rawValue }
}

/// All that a chat gave, to its end or its failure.
struct Told: Sendable, Equatable {
    var text = ""
    var thinking = ""
    var toolCalls: [ToolCall] = []
    var summary: Summary?
    var error: StreamError?

    /// Asks by parts.
    init(
        _ way: WayIn, _ host: String, _ request: ChatRequest = anyChat,
        options: OllamaClientOptions = .init(), guards: [Guard] = []
    ) async {
        do throws(StreamError) {
            switch way {
            case .blocking:
                self = await apart { Told(blocking: host, request, options, guards) }
            case .tasks:
                let client = Ollama(host: host, options: options)
                for try await part in client.chat(request, guards: guards) {
                    switch part {
                    case .text(let piece): text += piece
                    case .thinking(let piece): thinking += piece
                    case .toolCall(let call): toolCalls.append(call)
                    case .finish(let summary): self.summary = summary
                    }
                }
            }
        } catch { self.error = error }
    }

    private init(
        blocking host: String, _ request: ChatRequest, _ options: OllamaClientOptions,
        _ guards: [Guard]
    ) {
        do throws(StreamError) {
            var client = try BlockingOllama(host: host, options: options)
            var stream = try client.chat(request, guards: guards)
            while let record = try stream.next() {
                text += record.text
                thinking += record.thinkingText
                do throws(JSONError) { toolCalls += try record.toolCalls() } catch {
                    throw .request(.invalidRequest("\(error)"))
                }
            }
            summary = stream.summary
        } catch { self.error = error }
    }

    /// Asks for all of it at once.
    init(
        whole way: WayIn, _ host: String, _ request: ChatRequest = anyChat,
        options: OllamaClientOptions = .init()
    ) async {
        do throws(StreamError) {
            let reply: Reply
            switch way {
            case .blocking:
                reply = try await apart { () -> Result<Reply, StreamError> in
                    do throws(StreamError) {
                        var client = try BlockingOllama(host: host, options: options)
                        return .success(try client.chat(request).collect())
                    } catch { return .failure(error) }
                }.get()
            case .tasks:
                reply = try await Ollama(host: host, options: options).chat(request).collect()
            }
            text = reply.text
            thinking = reply.thinking
            toolCalls = reply.toolCalls
            summary = reply.summary
        } catch { self.error = error }
    }
}

/// What a server of a dialect sends.
struct Speech: Sendable, CustomTestStringConvertible {
    static let both = [Speech(dialect: .native), Speech(dialect: .openAI)]

    let dialect: Dialect
    var testDescription: String { dialect == .native ? "native" : "/v1" }

    /// A base URL of the dialect.
    func host(_ server: ReplayServer) -> String { server.url + (dialect == .native ? "" : "/v1") }

    var contentType: String {
        dialect == .native ? "application/x-ndjson" : "text/event-stream"
    }

    func text(_ content: String) -> String {
        dialect == .native ? Wire.chat(content) : Speech.chunk(#"{"content":"\#(content)"}"#)
    }

    /// The end of a stream.
    var end: [String] {
        dialect == .native
            ? [Wire.chatDone]
            : [
                Speech.chunk("{}", finish: "stop"),
                #"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#, "[DONE]",
            ]
    }

    /// A record as it lies in a body.
    func framed(_ record: String) -> [UInt8] {
        Array((dialect == .native ? "\(record)\n" : "data: \(record)\n\n").utf8)
    }

    func stream(_ records: [String], every pause: Timeout = .zero) -> Script {
        .chunked(records.map(framed), contentType: contentType, every: pause)
    }

    /// Records, and then nothing more.
    func stalling(after records: [String]) -> Script {
        let script = stream(records)
        return Script(script.steps.dropLast() + [.stall])
    }

    /// The same record for ever.
    func endless(_ record: String, every pause: Timeout = .zero) -> Script {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: \(contentType)\r\nTransfer-Encoding: chunked\r\n\r\n"
        return .endless(Array(head.utf8), repeating: Wire.chunk(framed(record)), every: pause)
    }

    /// A whole answer.
    func whole(_ content: String) -> Script {
        .json(
            dialect == .native
                ? #"{"model":"m","message":{"role":"assistant","content":"\#(content)"},"#
                    + #""done":true,"done_reason":"stop","eval_count":3}"#
                : #"{"choices":[{"index":0,"message":{"role":"assistant","content":"\#(content)"},"#
                    + #""finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":3}}"#
        )
    }

    static func chunk(_ delta: String, finish: String? = nil) -> String {
        #"{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","#
            + #""choices":[{"index":0,"delta":\#(delta),"finish_reason":"#
            + (finish.map { "\"\($0)\"" } ?? "null") + "}]}"
    }
}

extension ChatRequest {
    func streaming(_ stream: Bool) -> ChatRequest {
        var request = self
        request.stream = stream
        return request
    }
}
