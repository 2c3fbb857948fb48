import Ollama
import OllamaBlocking
import OllamaProtocol
import Synchronization
import WireBlocking
import WireBytes
import WireHTTP1
import WireJSON

/// Everything that a stream gave, to its end or its failure.
struct Reading {
    /// The content of each record, also of the empty ones.
    private(set) var pieces: [String] = []
    private(set) var text = ""
    private(set) var thinking = ""
    private(set) var toolCalls: [ToolCall] = []
    private(set) var lines: [String] = []
    private(set) var doneCount = 0
    private(set) var summary: Summary?
    private(set) var error: StreamError?

    /// Reads by `next`, and once more behind the end: the end and a failure are final.
    init(_ stream: consuming BlockingStream) {
        var stream = stream
        do throws(StreamError) {
            while let record = try stream.next() { take(record) }
            summary = stream.summary
            if try stream.next() != nil {
                error = .request(.invalidRequest("a record behind the end"))
            }
        } catch {
            self.error = error
            do throws(StreamError) { _ = try stream.nextText() } catch let second {
                if second != error { self.error = second }
            }
        }
    }

    /// The same of an answer over a script, where nothing ever suspends.
    init(_ answer: Answer) {
        let result = Mutex(Reading(failing: .cancelled(partialText: "the task has suspended")))
        Task.immediate {
            let reading = await Reading(reading: answer)
            result.withLock { $0 = reading }
        }
        self = result.withLock { $0 }
    }

    private init(reading answer: Answer) async {
        do {
            self = try await answer.withRecords { records in
                var reading = Reading()
                await reading.read(&records)
                return reading
            }
        } catch { self.init(failing: .request(.invalidRequest("\(error)"))) }
    }

    private init() {}

    private mutating func read(_ records: inout AnswerRecords) async {
        do throws(StreamError) {
            while let record = try await records.next() { take(record) }
            summary = records.summary
            if try await records.next() != nil {
                error = .request(.invalidRequest("a record behind the end"))
            }
        } catch {
            self.error = error
            do throws(StreamError) { _ = try await records.nextText() } catch let second {
                if second != error { self.error = second }
            }
        }
    }

    private mutating func take(_ record: borrowing AnswerRecord) {
        pieces.append(record.text)
        text += record.text
        thinking += record.thinkingText
        lines.append(String(decoding: record.json))
        toolCalls += (try? record.toolCalls()) ?? []
        if record.isDone { doneCount += 1 }
    }

    /// What a request that fails before its stream leaves.
    init(failing error: StreamError) { self.error = error }

    /// Sends a request and reads the answer.
    init(
        _ client: inout BlockingOllama, _ request: ChatRequest, _ cancellation: Cancellation? = nil
    ) {
        do throws(StreamError) {
            self.init(try client.chat(request, cancellation: cancellation))
        } catch { self.init(failing: error) }
    }

    init(
        _ client: inout BlockingOllama, _ request: GenerateRequest,
        _ cancellation: Cancellation? = nil
    ) {
        do throws(StreamError) {
            self.init(try client.generate(request, cancellation: cancellation))
        } catch { self.init(failing: error) }
    }
}

extension StreamError {
    var serverFailure: ServerFailure? {
        if case .server(let failure) = self { return failure }
        return nil
    }

    var incompleteStream: Incomplete? {
        if case .incomplete(let incomplete) = self { return incomplete }
        return nil
    }

    var malformedRecord: MalformedRecord? {
        if case .malformed(let record) = self { return record }
        return nil
    }

    var timedOut: TimedOut? {
        if case .timeout(let timeout) = self { return timeout }
        return nil
    }
}
