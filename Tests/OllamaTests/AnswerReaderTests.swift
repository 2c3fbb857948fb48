import OllamaProtocol
import Testing
import WireBytes
import WireExchange
import WireJSON
import WireTime

/// What `AnswerReader` says of each event, as tables: no connection, no client.
@Suite struct AnswerReaderTests {
    private enum Event: Sendable {
        case line(String)
        case end
        case fails(TransportError)
    }

    /// What an event came to.
    private enum Outcome: Equatable, Sendable {
        case blank
        case record(text: String, thinking: String = "", isDone: Bool = false)
        case ended
        case failed(StreamError)

        static func text(_ text: String) -> Outcome { .record(text: text) }
        static let done = Outcome.record(text: "", isDone: true)
    }

    private static let done = #"{"message":{"content":""},"done":true,"eval_count":3}"#

    /// Each line starts where the one before has ended, behind a line feed.
    private func outcomes(_ events: [Event], limit: ByteLimit = .mebibytes(1)) -> [Outcome] {
        var answer = AnswerReader(status: 200, partialTextLimit: limit)
        var offset = 0
        return events.map { event in
            switch event {
            case .line(let text):
                defer { offset += text.utf8.count + 1 }
                return outcome(of: Array(text.utf8), offset, &answer)
            case .end:
                do throws(StreamError) {
                    try answer.end()
                    return .ended
                } catch { return .failed(error) }
            case .fails(let error): return .failed(answer.failure(of: error))
            }
        }
    }

    private func outcome(
        of line: [UInt8], _ offset: Int, _ answer: inout AnswerReader
    ) -> Outcome {
        switch answer.read(line.span) {
        case .blank: return .blank
        case .refused: return .failed(answer.failure(in: line.span, at: offset))
        case .record:
            let record = answer.record(in: line.span)
            return .record(
                text: record.text, thinking: record.thinkingText, isDone: record.isDone)
        }
    }

    private static func incomplete(
        _ count: Int, _ text: String, _ transport: TransportError? = nil
    ) -> Outcome {
        .failed(.incomplete(.init(transport: transport, recordCount: count, partialText: text)))
    }

    private static func malformed(
        _ code: JSONError.Code, at place: Int, of line: String, at offset: Int, _ text: String
    ) -> Outcome {
        .failed(
            .malformed(
                .init(
                    error: JSONError(code, at: place), offset: offset, excerpt: line,
                    partialText: text)))
    }

    private static let reset = TransportError.reset(Progress())
    private static let hi = #"{"response":"hi"}"#

    // MARK: Events

    private static let sequences: [([Event], [Outcome])] = [
        ([.line(hi), .line(done), .end], [.text("hi"), .done, .ended]),
        (
            [.line(""), .line(" \t"), .line(hi), .line(" "), .end],
            [.blank, .blank, .text("hi"), .blank, incomplete(1, "hi")]
        ),
        ([.end], [incomplete(0, "")]),
        ([.line(done), .line(hi), .end], [.done, .text("hi"), .ended]),
        (
            [.line(#"{"response":"a\nb","thinking":"\u00e9"}"#)],
            [.record(text: "a\nb", thinking: "\u{E9}")]
        ),
        (
            [.line(#"{"message":{"thinking":"t\t","content":"c"}}"#)],
            [.record(text: "c", thinking: "t\t")]
        ),
        // The first failure is final, whatever comes.
        (
            [.end, .line(hi), .fails(reset), .end],
            [incomplete(0, ""), incomplete(0, ""), incomplete(0, ""), incomplete(0, "")]
        ),
        (
            [.line(hi), .fails(reset), .line(hi), .end],
            [
                .text("hi"), incomplete(1, "hi", reset), incomplete(1, "hi", reset),
                incomplete(1, "hi", reset),
            ]
        ),
        (
            [.line(hi), .line("{"), .line(done), .end],
            [
                .text("hi"), malformed(.unexpectedEnd, at: 1, of: "{", at: 18, "hi"),
                malformed(.unexpectedEnd, at: 1, of: "{", at: 18, "hi"),
                malformed(.unexpectedEnd, at: 1, of: "{", at: 18, "hi"),
            ]
        ),
        (
            [.fails(.cancelled(Progress())), .end],
            [.failed(.cancelled(partialText: "")), .failed(.cancelled(partialText: ""))]
        ),
        // Behind the terminal record a failure is told all the same.
        (
            [.line(hi), .line(done), .fails(reset)],
            [.text("hi"), .done, incomplete(2, "hi", reset)]
        ),
        (
            [.line(hi), .line(done), .line("x")],
            [
                .text("hi"), .done,
                malformed(.expectedValue, at: 0, of: "x", at: 18 + done.utf8.count + 1, "hi"),
            ]
        ),
    ]

    @Test(arguments: sequences.indices)
    func sequencesOfEvents(index: Int) {
        let (events, expected) = AnswerReaderTests.sequences[index]
        #expect(outcomes(events) == expected)
    }

    @Test(arguments: [
        (#"{"error":"e"}"#, "e"), (#"{"error":{"message":"m"}}"#, "m"), (#"{"error":7}"#, "7"),
        (#"{"response":"lost","error":"e","done":true}"#, "e"),
    ])
    func errorRecords(line: String, message: String) {
        var answer = AnswerReader(status: 207, partialTextLimit: .bytes(10))
        #expect(outcome(of: Array(AnswerReaderTests.hi.utf8), 0, &answer) == .text("hi"))
        let failure = StreamError.server(
            .init(status: 207, message: message, isInsideStream: true, partialText: "hi"))
        #expect(outcome(of: Array(line.utf8), 0, &answer) == .failed(failure))
        #expect(answer.hasContent == true)
        #expect(answer.recordCount == 2)
        #expect(throws: failure) { try answer.checkFailure() }
        // Final, also for a line that is shorter than the error was.
        #expect(outcome(of: [0x7B], 0, &answer) == .failed(failure))
    }

    // MARK: Null

    /// `null` is what some servers send for a field that they have no value for.
    @Test(arguments: [
        (#"{"response":null}"#, "", ""), (#"{"thinking":null,"response":"x"}"#, "x", ""),
        (#"{"message":{"content":null,"thinking":"t"}}"#, "", "t"),
        (#"{"message":{"content":"x","thinking": null ,"tool_calls":null}}"#, "x", ""),
        (#"{"response":"x","tool_calls":null}"#, "x", ""),
        // The last of equal keys counts.
        (#"{"response":"x","response":null}"#, "", ""),
    ])
    func nullIsAbsent(line: String, text: String, thinking: String) {
        var answer = AnswerReader(status: 200, partialTextLimit: .bytes(10))
        // More than once, so that the form of the records is learnt.
        for _ in 0..<6 {
            let outcome = outcome(of: Array(line.utf8), 0, &answer)
            #expect(outcome == .record(text: text, thinking: thinking))
            #expect(answer.toolCalls == nil)
            #expect(answer.hasContent == !(text + thinking).isEmpty)
        }
        let next = #"{"response":"y","thinking":"z"}"#
        #expect(
            outcome(of: Array(next.utf8), 0, &answer) == .record(text: "y", thinking: "z"))
    }

    @Test(arguments: [
        (#"{"response":nul}"#, JSONError.Code.invalidLiteral, 15),
        (#"{"response":nulx}"#, .invalidLiteral, 15), (#"{"response":false}"#, .typeMismatch, 12),
        (#"{"thinking":0}"#, .typeMismatch, 12),
        (#"{"message":{"content":[null]}}"#, .typeMismatch, 22),
    ])
    func whatIsNotNull(line: String, code: JSONError.Code, place: Int) {
        #expect(
            outcomes([.line(line)])
                == [AnswerReaderTests.malformed(code, at: place, of: line, at: 0, "")])
    }

    // MARK: What is kept

    @Test func theTerminalRecordCompletes() {
        var answer = AnswerReader(status: 200, partialTextLimit: .bytes(10))
        #expect(outcome(of: Array(AnswerReaderTests.hi.utf8), 0, &answer) == .text("hi"))
        #expect(answer.isComplete == false)
        #expect(outcome(of: Array(AnswerReaderTests.done.utf8), 0, &answer) == .done)
        // Nothing more has to happen.
        #expect(answer.isComplete == true)
        #expect(answer.hasContent == true)
        #expect(answer.summary?.evalCount == 3)
    }

    /// A prefix, never a text with a hole.
    @Test(arguments: [
        (["12345", "67890", "x"], "1234567890"), (["12345678", "90x", "y"], "12345678"),
        (["12345678901", "2"], ""), (["1\\n34567", "\u{E9}\u{E9}", "8"], "1\n34567"),
    ])
    func partialText(pieces: [String], kept: String) {
        let lines = pieces.map { Event.line(#"{"response":"\#($0)"}"#) }
        let last = outcomes(lines + [.end], limit: .bytes(10)).last
        #expect(last == AnswerReaderTests.incomplete(pieces.count, kept))
    }

    @Test func aLongLineIsQuotedInPart() {
        let line = String(repeating: "x", count: 1000)
        let expected = AnswerReaderTests.malformed(
            .expectedValue, at: 0, of: String(repeating: "x", count: 256), at: 0, "")
        #expect(outcomes([.line(line)]) == [expected])
    }
}
