import Ollama
import OllamaProtocol
import TestSupport
import Testing
import WireExchange
import WireHTTPClient
import WireTime

/// Answers by callbacks: told the same as those that are pulled.
@Suite struct AnswerHandlerTests {
    private final class Collector: AnswerHandler, @unchecked Sendable {
        private let leavesAfter: Int
        private(set) var text = ""
        private(set) var count = 0
        private(set) var end: AnswerEnd?

        private let countIdle: @Sendable () -> Int
        private(set) var idleAtEnd = 0

        init(leavesAfter: Int, countIdle: @escaping @Sendable () -> Int) {
            self.leavesAfter = leavesAfter
            self.countIdle = countIdle
        }

        func receive(_ record: borrowing AnswerRecord) -> StreamVerdict {
            #expect(end == nil)
            count += 1
            text += String(decoding: record.content)
            return count == leavesAfter ? .leave : .goOn
        }

        func end(_ end: AnswerEnd) {
            #expect(self.end == nil, "told twice")
            self.end = end
            idleAtEnd = countIdle()
        }
    }

    private let request = HTTPRequest(
        "GET", HTTPURL(scheme: .http, host: "peer", port: 80, target: "/"))

    private func handled(
        _ text: String, leavesAfter: Int = .max
    ) -> (Collector, ScriptedSystem) {
        let system = ScriptedSystem(ConnectionScript([.request, .text(text)]))
        let http = HTTPClient(ClientOptions(), system: system)
        let collector = Collector(leavesAfter: leavesAfter) { http.connections.idle }
        http.answer(to: request).start(with: collector)
        return (collector, system)
    }

    private let hello = [Wire.chat("Hel"), Wire.chat("lo"), Wire.chatDone]

    @Test func complete() {
        let (collector, _) = handled(Wire.stream(hello))
        #expect(collector.text == "Hello")
        #expect(collector.count == 3)
        guard case .complete(let summary) = collector.end?.outcome else {
            Issue.record("ended \(String(describing: collector.end))")
            return
        }
        #expect(summary?.evalCount == 3)
        #expect(collector.idleAtEnd == 1)
    }

    @Test func left() {
        let (collector, system) = handled(Wire.stream(hello), leavesAfter: 1)
        #expect(collector.text == "Hel")
        guard case .left = collector.end?.outcome else {
            Issue.record("ended \(String(describing: collector.end))")
            return
        }
        #expect(system.closeTime(of: 1) != nil)
    }

    @Test func refused() {
        let body = #"{"error":"model 'x' not found"}"#
        let (collector, _) = handled(
            "HTTP/1.1 404 Not Found\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(collector.count == 0)
        guard case .failed(.server(let error)) = collector.end?.outcome else {
            Issue.record("ended \(String(describing: collector.end))")
            return
        }
        #expect(error.status == 404)
    }

    @Test func malformedInTheMiddle() {
        let (collector, system) = handled(Wire.stream([Wire.chat("Hel"), "{\"mess"]))
        #expect(collector.text == "Hel")
        guard case .failed(let error) = collector.end?.outcome else {
            Issue.record("ended \(String(describing: collector.end))")
            return
        }
        #expect(error.partialText == "Hel")
        #expect(system.closeTime(of: 1) != nil)
    }
}
