import Glibc
import WireServer

/// A server in a test: canned answers in both dialects, for programs that are to be tried without a model.
/// Says where it listens and goes on until its input ends.
@main struct FakeServer {
    static func main() throws {
        let server = try ReplayServer.answering { request in
            let body = String(decoding: request.body, as: UTF8.self)
            switch request.target {
            case "/api/version": return .json(#"{"version":"0.0.0"}"#)
            case "/v1/chat/completions": return .events(completions)
            case "/api/chat": return .ndjson(lines(for: body))
            default: return .error("no such route", status: 404)
            }
        }
        defer { server.stop() }
        print("listening \(server.url)")
        fflush(nil)
        while readLine() != nil {}
    }

    static let completions = [
        #"{"choices":[{"index":0,"delta":{"role":"assistant","content":"Hello"}}]}"#,
        #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        #"{"choices":[],"usage":{"prompt_tokens":7,"completion_tokens":1}}"#, "[DONE]",
    ]

    /// A call, and its result in words, where tools are offered; where a form is asked for, a country.
    static func lines(for request: String) -> [String] {
        let message =
            if request.contains(#""role":"tool""#) {
                #""content":"It is warm and sunny.""#
            } else if request.contains(#""tools""#) {
                #""content":"","tool_calls":[{"function":{"name":"get_weather","#
                    + #""arguments":{"city":"Paris"}}}]"#
            } else {
                #""content":"{\"name\":\"Canada\",\"capital\":\"Ottawa\"}""#
            }
        return [
            #"{"message":{"role":"assistant",\#(message)},"done":false}"#,
            #"{"message":{"role":"assistant","content":""},"done":true,"done_reason":"stop"}"#,
        ]
    }
}
