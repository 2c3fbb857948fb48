import OllamaBlocking
import OllamaProtocol
import TestSupport
import Testing
import WireBlocking
import WireBytes
import WireExchange
import WireFraming
import WireHTTP1
import WireJSON
import WireSockets
import WireTime

/// Everything that is no success, each as its own case of `StreamError`.
@Suite struct FailureTests {
    private let some = Wire.chat("some ")

    // MARK: The server says that it failed

    @Test(arguments: [
        // Strings, objects, encoded twice, an address to sign in, plain text, nothing.
        (#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
        (#"{"error":{"message":"no","type":"api_error","code":null}}"#, "no"),
        (#"{"error":"{\"error\":{\"code\":400,\"message\":\"inner\"}}"}"#, "inner"),
        (#"{"error":"{\"error\":\"inner text\"}"}"#, "inner text"),
        (#"{"error":"{not JSON}"}"#, "{not JSON}"),
        (#"{"error":"{\"other\":1}"}"#, #"{"other":1}"#),
        (#"{"StatusCode":500,"Status":"x","error":"capitals"}"#, "capitals"),
        (#"{"message":"elsewhere"}"#, #"{"message":"elsewhere"}"#),
        ("[1]", "[1]"), ("404 page not found", "404 page not found"), ("", ""),
        ("{\"error\":\"cut", "{\"error\":\"cut"),
    ])
    func bodiesOfErrors(body: String, message: String) throws {
        let failure = try read(Wire.response("500 Internal Server Error", body)).error?
            .serverFailure
        #expect(failure == .init(status: 500, message: message))
    }

    @Test func signIn() throws {
        let body = #"{"error":"unauthorized","signin_url":"https://ollama.com/connect?name=n"}"#
        let failure = try read(Wire.response("401 Unauthorized", body)).error?.serverFailure
        #expect(failure?.message == "unauthorized")
        #expect(failure?.signinURL == "https://ollama.com/connect?name=n")
    }

    @Test(arguments: [
        ("403 Forbidden", "", "", 403), ("404 Not Found", "404 page not found", "text/plain", 404),
        ("405 Method Not Allowed", "405 method not allowed", "text/plain", 405),
        ("503 Service Unavailable", #"{"error":"server busy"}"#, "application/json", 503),
    ])
    func statuses(line: String, body: String, type: String, status: Int) throws {
        let reading = try read(Wire.response(line, body, type: type))
        #expect(reading.error?.serverFailure?.status == status)
        #expect(reading.error?.description.contains("status \(status)") == true)
    }

    /// Not followed: a POST that became a GET would ask something else, and another origin is not the
    /// server that was meant.
    @Test(arguments: [
        ("301 Moved Permanently", "/elsewhere"), ("302 Found", "/elsewhere"),
        ("303 See Other", "/elsewhere"), ("307 Temporary Redirect", "http://other/api/chat"),
        ("308 Permanent Redirect", "http://127.0.0.1:81/api/chat"),
    ])
    func redirects(line: String, location: String) throws {
        let system = ScriptedSystem(
            .responses(Wire.response(line, "", field: "Location: \(location)")))
        var client = try BlockingOllama.scripted(system)
        let failure = Reading(&client, anyChat).error?.serverFailure
        #expect(failure?.status == Int(line.prefix(3)))
        #expect(system.connections.count == 1)
        #expect(system.calls.count { if case .send = $0 { true } else { false } } == 1)
    }

    /// The error is told although its body never ends well.
    @Test func errorBodiesThatEndBadly() throws {
        let head = "HTTP/1.1 500 Internal Server Error\r\n"
        let early = try read([.text(head + "Content-Length: 100\r\n\r\n{\"err"), .end])
        #expect(early.reading.error?.serverFailure == .init(status: 500, message: ""))
        let endless: [ConnectionScript.Input] = [
            .text(head + "\r\n"), .repeated([UInt8](repeating: 0x78, count: 4096), count: 64), .end,
        ]
        let tooLong = try read(endless)
        #expect(tooLong.reading.error?.serverFailure == .init(status: 500, message: ""))
        #expect(tooLong.system.closeTime(of: 1) != nil)
    }

    /// A refusal that ends well leaves the connection for the next request.
    @Test func goingOnAfterARefusal() throws {
        let refusal = Wire.response("404 Not Found", #"{"error":"no"}"#)
        let system = ScriptedSystem(.responses(refusal, Wire.stream([some, Wire.chatDone])))
        var client = try BlockingOllama.scripted(system)
        #expect(Reading(&client, anyChat).error?.serverFailure?.status == 404)
        #expect(Reading(&client, anyChat).text == "some ")
        #expect(system.connections.count == 1)
    }

    @Test(arguments: [
        (#"{"error":"an error was encountered"}"#, "an error was encountered"),
        (#"{"error":{"message":"object","code":1}}"#, "object"),
        (#"{"error":"{\"error\":{\"message\":\"twice\"}}"}"#, "twice"),
        (#"{"error":{"reason":"strange"}}"#, #"{"reason":"strange"}"#),
        (#"{"error":[1]}"#, "[1]"), (#"{"error":true}"#, "true"),
        (#"{"message":{"content":"lost"},"error":"with text","done":true}"#, "with text"),
    ])
    func errorsInsideTheStream(line: String, message: String) throws {
        let reading = try read(Wire.stream([some, Wire.chat("text"), line, Wire.chatDone]))
        let failure = reading.error?.serverFailure
        #expect(
            failure
                == .init(
                    status: 200, message: message, isInsideStream: true, partialText: "some text"))
        #expect(reading.error?.partialText == "some text")
        #expect(reading.error?.description == "the server failed (inside the stream): \(message)")
    }

    /// What is not said is no error: some servers send every field in every record.
    @Test(arguments: ["null", #""""#, "{}", "[]"])
    func noErrors(value: String) throws {
        let line = #"{"message":{"content":"x"},"done":false,"error":\#(value)}"#
        let reading = try read(Wire.stream([line, Wire.chatDone]))
        #expect(reading.error == nil)
        #expect(reading.text == "x")
    }

    // MARK: The stream ends too early

    @Test func aCleanEndWithoutTheTerminalRecord() throws {
        let (reading, system) = try read([.text(Wire.stream([some, Wire.chat("text")]))])
        let expected = StreamError.Incomplete(
            transport: nil, recordCount: 2, partialText: "some text")
        #expect(reading.error == .incomplete(expected))
        #expect(reading.error?.description.contains("after 2 records") == true)
        #expect(system.problems == [])
    }

    @Test func aCloseInsideTheStream() throws {
        let cut = Wire.streamHead + Wire.chunk(some + "\n") + "5\r\n{\"me"
        for (input, kind) in [
            (ConnectionScript.Input.end, TransportError.Kind.closedEarly), (.reset, .reset),
        ] {
            let reading = try read([.text(cut), input]).reading
            let incomplete = try #require(reading.error?.incompleteStream)
            #expect(incomplete.transport?.kind == kind)
            #expect(incomplete.recordCount == 1)
            #expect(incomplete.partialText == "some ")
            #expect(reading.text == "some ")
        }
    }

    /// The terminal record came, but the response that it stands in is broken off behind it.
    @Test func aCloseBehindTheTerminalRecord() throws {
        let cut = Wire.streamHead + Wire.chunk(some + "\n") + Wire.chunk(Wire.chatDone + "\n")
        let reading = try read([.text(cut), .end]).reading
        #expect(reading.doneCount == 1)
        #expect(reading.error?.incompleteStream?.transport?.kind == .closedEarly)
        #expect(reading.error?.partialText == "some ")
    }

    @Test func aHalfRecordAtTheEnd() throws {
        let body = some + "\n" + #"{"message":{"content":"ha"#
        let reading = try read([.text("HTTP/1.1 200 OK\r\n\r\n\(body)"), .end]).reading
        #expect(reading.error?.malformedRecord?.error.code == .unexpectedEnd)
        #expect(reading.error?.partialText == "some ")
    }

    // MARK: Records that are none

    @Test(arguments: [
        ("hello", JSONError(.expectedValue, at: 0)), ("[1,2]", JSONError(.typeMismatch, at: 0)),
        ("\"text\"", JSONError(.typeMismatch, at: 0)), ("null", JSONError(.typeMismatch, at: 0)),
        ("{", JSONError(.unexpectedEnd, at: 1)), ("{}{}", JSONError(.trailingBytes, at: 2)),
        (#"{"done":"yes"}"#, JSONError(.typeMismatch, at: 8)),
        (#"{"response":7}"#, JSONError(.typeMismatch, at: 12)),
        (#"{"thinking":[]}"#, JSONError(.typeMismatch, at: 12)),
        (#"{"message":"text"}"#, JSONError(.typeMismatch, at: 11)),
        (#"{"message":{"content":{}}}"#, JSONError(.typeMismatch, at: 22)),
        (#"{"done":true,"eval_count":"3"}"#, JSONError(.typeMismatch, at: 26)),
        (#"{"done":true,"eval_count":1.5}"#, JSONError(.notInt64, at: 26)),
        (#"{"done":true,"done_reason":1}"#, JSONError(.typeMismatch, at: 27)),
        (#"{"response":"\ud800"}"#, JSONError(.loneSurrogate, at: 13)),
        ("{\"response\":\"a\u{1}\"}", JSONError(.controlCharacter, at: 14)),
        ("\u{FEFF}{}", JSONError(.byteOrderMark, at: 0)),
        ("data: {}", JSONError(.expectedValue, at: 0)),
    ])
    func malformedRecords(line: String, error: JSONError) throws {
        let (reading, system) = try read([.text(Wire.stream([some, line, Wire.chatDone]))])
        let record = try #require(reading.error?.malformedRecord)
        #expect(record.error == error)
        #expect(record.offset == some.utf8.count + 1)
        #expect(record.excerpt == line)
        #expect(record.partialText == "some ")
        #expect(reading.text == "some ")
        #expect(system.calls.last == .close)
    }

    @Test func invalidUTF8() throws {
        let line = Array(#"{"response":"a"#.utf8) + [0xC3, 0x28] + Array(#"","done":false}"#.utf8)
        let stream = Array(Wire.streamHead.utf8) + Wire.chunk(line + [0x0A]) + Array(Wire.end.utf8)
        let record = try #require(try read([.bytes(stream)]).reading.error?.malformedRecord)
        #expect(record.error == JSONError(.invalidUTF8, at: 14))
        #expect(record.excerpt == "{\"response\":\"a\u{FFFD}(\",\"done\":false}")
    }

    @Test func aLongMalformedRecordIsQuotedInPart() throws {
        let line = String(repeating: "x", count: 10_000)
        let record = try #require(try read(Wire.stream([line])).error?.malformedRecord)
        #expect(record.excerpt == String(repeating: "x", count: 256))
        #expect(record.offset == 0)
    }

    /// Found by whoever asks for the calls; `collect` does.
    @Test(arguments: [
        #"[{"name":"f"}]"#, #"[{"function":{"arguments":{}}}]"#, "[1]", #"{"a":1}"#, "\"f\"", "7",
        "10",
    ])
    func malformedToolCalls(calls: String) throws {
        let line = #"{"message":{"content":"x","tool_calls":\#(calls)},"done":true}"#
        let system = ScriptedSystem(.responses(Wire.stream([some, line])))
        var client = try BlockingOllama.scripted(system)
        let stream = try client.chat(anyChat)
        do throws(StreamError) {
            _ = try stream.collect()
            Issue.record("collected")
        } catch {
            #expect(error.malformedRecord?.error.code == .typeMismatch)
            #expect(error.malformedRecord?.excerpt == line)
        }
        #expect(system.calls.last == .close)
    }

    // MARK: Limits

    @Test func aLineOverTheLimit() throws {
        var options = BlockingOllama.Options()
        options.http.recordLimit = .bytes(some.utf8.count + 10)
        let long = Wire.chat(String(repeating: "x", count: 1000))
        let (reading, system) = try read([.text(Wire.stream([some, long]))], options)
        guard case .transport(.framing(let error, _), let partialText) = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
        #expect(
            error
                == .lineTooLong(
                    limit: options.http.recordLimit, offset: some.utf8.count + 1))
        #expect(partialText == "some ")
        #expect(system.calls.last == .close)
    }

    /// A prefix of the text, never one with a hole in it.
    @Test func partialTextHasALimit() throws {
        var options = BlockingOllama.Options()
        options.partialTextLimit = .bytes(10)
        for (pieces, kept) in [
            (["12345", "67890", "x"], "1234567890"), (["1234", "5678", "90x", "y"], "12345678"),
            (["12345678901", "2", "3"], ""), (["1234567", "\u{E9}\u{E9}", "8"], "1234567"),
            (["12345678", "\u{E9}", "x"], "12345678\u{E9}"),
        ] {
            let reading = try read([.text(Wire.stream(pieces.map(Wire.chat)))], options).reading
            #expect(reading.text == pieces.joined())
            #expect(reading.error?.partialText == kept)
        }
    }

    @Test func noPartialTextAtAll() throws {
        var options = BlockingOllama.Options()
        options.partialTextLimit = .bytes(0)
        let reading = try read([.text(Wire.stream([some]))], options).reading
        #expect(
            reading.error == .incomplete(.init(transport: nil, recordCount: 1, partialText: "")))
    }

    // MARK: On the way

    @Test func nobodyListens() throws {
        let refused = SystemError("connect", 111)
        let system = ScriptedSystem(ConnectionScript(opening: .fails(refused, after: .zero)))
        var client = try BlockingOllama.scripted(system)
        guard case .connect(let attempts) = Reading(&client, anyChat).error else {
            Issue.record("connected")
            return
        }
        #expect(attempts.map(\.errorNumber) == [111])
        #expect(attempts.map(\.address) == ["127.0.0.1:80"])
    }

    @Test func noSuchName() throws {
        let system = ScriptedSystem()
        system.resolveFailure = ResolveFailure(
            host: "nowhere.example", message: "unknown name")
        var client = try BlockingOllama.scripted(system, host: "nowhere.example")
        let error = Reading(&client, anyChat).error
        guard case .transport(let transport, _) = error else {
            Issue.record("resolved: \(String(describing: error))")
            return
        }
        #expect(transport.kind == .resolveFailed)
    }

    @Test(arguments: [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            TransportError.Kind.badFraming
        ),
        ("SSH-2.0-OpenSSH\r\n", .badStatusLine),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", .badChunk),
    ])
    func brokenHTTP(response: String, kind: TransportError.Kind) throws {
        let (reading, system) = try read([.text(response)])
        guard case .transport(let error, let partialText) = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
        #expect(error.kind == kind)
        #expect(partialText == "")
        #expect(system.calls.last == .close)
    }

    @Test func aCloseBeforeAnything() throws {
        let (reading, _) = try read([.end])
        guard case .transport(let error, _) = reading.error else {
            Issue.record("\(String(describing: reading.error))")
            return
        }
        #expect(error.kind == .closedEarly)
    }

    @Test func aRequestThatCannotBe() throws {
        let system = ScriptedSystem()
        var client = try BlockingOllama.scripted(system)
        var request = anyChat
        request.options.temperature = .infinity
        guard case .request(.invalidRequest) = Reading(&client, request).error else {
            Issue.record("sent")
            return
        }
        #expect(system.calls == [])
    }
}
