import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import WireHTTPClient

/// Bytes of Ollama's answers.
enum Wire {
    static let streamHead = """
        HTTP/1.1 200 OK\r
        Content-Type: application/x-ndjson\r
        Transfer-Encoding: chunked\r
        \r

        """
    static let end = "0\r\n\r\n"

    static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    static func chunk(_ bytes: [UInt8]) -> [UInt8] {
        Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8)
    }

    /// A record of `/api/chat`; `content` as it stands in the JSON text, escapes and all.
    static func chat(_ content: String) -> String {
        #"{"model":"m","created_at":"2026-01-01T00:00:00.1Z","message":{"role":"assistant","#
            + #""content":"\#(content)"},"done":false}"#
    }

    static let chatDone =
        #"{"model":"m","created_at":"2026-01-01T00:00:00.2Z","message":{"role":"assistant","#
        + #""content":""},"done":true,"done_reason":"stop","total_duration":4000,"#
        + #""load_duration":1000,"prompt_eval_count":7,"prompt_eval_duration":2000,"#
        + #""eval_count":3,"eval_duration":3000}"#

    /// A whole stream, each line a chunk of its own.
    static func stream(_ lines: [String]) -> String {
        streamHead + lines.map { chunk($0 + "\n") }.joined() + end
    }

    static func response(
        _ status: String, _ body: String = "", type: String = "application/json; charset=utf-8",
        field: String? = nil
    ) -> String {
        let more = field.map { "\($0)\r\n" } ?? ""
        return "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(more)"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }
}

extension ConnectionScript.Input {
    /// The same bytes, one read each.
    static func byteByByte(_ bytes: [UInt8]) -> [ConnectionScript.Input] {
        bytes.map { .bytes([$0]) }
    }

    static func byteByByte(_ text: String) -> [ConnectionScript.Input] {
        byteByByte([UInt8](text.utf8))
    }
}

extension BlockingOllama {
    /// A client of a scripted server.
    static func scripted(
        _ system: ScriptedSystem, _ options: Options = Options(), host: String = "127.0.0.1:80"
    ) throws(StreamError) -> BlockingOllama {
        try BlockingOllama(host: host, options: options, system: system)
    }
}

/// A request of which the answer is all that matters.
let anyChat = ChatRequest(model: "m", messages: [.user("hi")])

/// Reads one scripted answer, by the driver that the test runs with: `input` comes once the request is
/// out.
func read(
    _ input: [ConnectionScript.Input], _ options: BlockingOllama.Options = .init()
) throws -> (reading: Reading, system: ScriptedSystem) {
    let system = ScriptedSystem(ConnectionScript([.request] + input))
    if Driver.current == .async {
        let ollama = Ollama(
            host: "127.0.0.1:80", options: options, http: HTTPClient(options.http, system: system))
        return (Reading(ollama.chat(anyChat)), system)
    }
    var client = try BlockingOllama.scripted(system, options)
    return (Reading(&client, anyChat), system)
}

/// Reads one answer in one piece.
func read(_ text: String) throws -> Reading { try read([.text(text)]).reading }
