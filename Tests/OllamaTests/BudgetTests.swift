import Ollama
import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireExchange
import WireHTTPClient
import WireServer
import WireTime

/// The budgets that callers of other clients have missed, at their own length: idle 3 s, total 10 s,
/// a whole reply within 30 s. In virtual time, in both dialects; `DialectFailureTests` has short ones
/// over real sockets.
@Suite(.eachDriver) struct BudgetTests {
    private func expect(
        _ input: [ConnectionScript.Input], _ speech: Speech, _ request: ChatRequest,
        _ field: WritableKeyPath<Deadlines, Timeout>, _ deadline: Deadline, _ seconds: Int64,
        partialText: String = "", sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let system = ScriptedSystem(ConnectionScript([.request] + input))
        let host = "127.0.0.1:80" + (speech.dialect == .native ? "" : "/v1")
        let options = OllamaClientOptions(deadlines: .standard.with(field, .seconds(seconds)))
        let reading: Reading
        if Driver.current == .async {
            let http = HTTPClient(options.http, system: system)
            reading = Reading(Ollama(host: host, options: options, http: http).chat(request))
        } else {
            var client = try BlockingOllama.scripted(system, options, host: host)
            reading = Reading(&client, request)
        }
        let timeout = reading.error?.timedOut
        #expect(timeout?.deadline == deadline, sourceLocation: sourceLocation)
        #expect(timeout?.phase == deadline.phase, sourceLocation: sourceLocation)
        #expect(timeout?.waited == .seconds(seconds), sourceLocation: sourceLocation)
        #expect(timeout?.partialText == partialText, sourceLocation: sourceLocation)
        let named = "\(String(describing: reading.error))".contains("\(deadline)")
        #expect(named, sourceLocation: sourceLocation)
        #expect(system.elapsed == .seconds(seconds), sourceLocation: sourceLocation)
        #expect(system.closeTime(of: 1) == system.elapsed, sourceLocation: sourceLocation)
        #expect(system.problems == [], sourceLocation: sourceLocation)
    }

    /// The stream's head and one record.
    private func begun(_ speech: Speech) -> ConnectionScript.Input {
        .bytes(Array(speech.stream([speech.text("x")]).sentBytes.dropLast(Wire.end.utf8.count)))
    }

    /// `bytes` once a second, for longer than any budget.
    private func dripping(_ bytes: [UInt8]) -> [ConnectionScript.Input] {
        (0..<100).flatMap { _ in [.pause(.seconds(1)), .bytes(bytes)] }
    }

    @Test(arguments: Speech.both, [true, false])
    func aServerThatTakesTheRequestAndNeverAnswers(speech: Speech, streams: Bool) throws {
        let request = anyChat.streaming(streams)
        try expect([], speech, request, \.responseHead, .responseHead, 3)
        try expect([], speech, request, \.total, .total, 10)
        try expect([], speech, request, \.total, .total, 30)
    }

    @Test(arguments: Speech.both)
    func idle3s(speech: Speech) throws {
        try expect(
            [begun(speech)], speech, anyChat, \.bodyIdle, .bodyIdle, 3, partialText: "x")
        // What carries nothing does not keep a caller either.
        let blank = Wire.chunk(Array((speech.dialect == .native ? "\n" : ": ping\n\n").utf8))
        try expect(
            [begun(speech)] + dripping(blank), speech, anyChat, \.contentIdle, .contentIdle, 3,
            partialText: "x")
    }

    @Test(arguments: Speech.both)
    func total10s(speech: Speech) throws {
        // One at once, one each second; that of the last instant has come, and beats the deadline.
        let record = Wire.chunk(speech.framed(speech.text("x")))
        try expect(
            [begun(speech)] + dripping(record), speech, anyChat, \.total, .total, 10,
            partialText: "xxxxxxxxxxx")
    }

    @Test(arguments: Speech.both)
    func wholeReply30s(speech: Speech) throws {
        let head =
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n"
        try expect(
            [.text(head)] + dripping([0x20]), speech, anyChat.streaming(false), \.total, .total, 30)
    }
}
