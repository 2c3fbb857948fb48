public import OllamaProtocol
public import WireBytes
internal import WireDriver
public import WireExchange
public import WireHTTPClient
public import WireTime

/// A piece of an answer.
public enum AnswerPart: Sendable, Equatable {
    case thinking(String)
    case text(String)
    /// Each comes whole.
    case toolCall(ToolCall)
    /// The terminal record: the answer is complete.
    case finish(Summary)
}

/// The answer to a chat or a generation, asked for when its first part is.
///
///     for try await part in ollama.chat(request) { ... }          // parts
///     for try await text in ollama.chat(request).text { ... }     // text alone
///     let reply = try await ollama.chat(request).collect()        // the whole
///     try await ollama.chat(request).withRecords { ... }          // records, borrowed
///
/// The iterator owns the connection: leaving the loop in any way (`break`, `return`, a throw, the
/// task's cancellation) closes it before the next statement runs, though this value lives on, and the
/// server stops generating. Each iteration asks anew. At the top level of an async `main.swift`, where
/// Swift never destroys iterators, call `cancel` before `break`, or put the loop into a function.
///
/// A part that is in the receive buffer costs no suspension, whatever actor the caller is on.
public struct Answer: AsyncSequence, Sendable {
    public typealias Element = AnswerPart
    public typealias Failure = StreamError

    let call: AnswerCall

    public func makeAsyncIterator() -> Iterator { Iterator(source: AnswerSource(call)) }

    /// The text alone: pieces that are not empty. Thinking and tool calls are passed over.
    public var text: Text { Text(call: call) }

    /// The same, its text of a form: unless the request asks for one already.
    package func formatted(_ format: ResponseFormat) -> Answer {
        var call = call
        switch call.source {
        case .chat(var request):
            request.format = request.format ?? format
            call.source = .chat(request)
        case .generate(var request):
            request.format = request.format ?? format
            call.source = .generate(request)
        case .http, .progress: break
        }
        return Answer(call: call)
    }

    /// The whole answer. Once its terminal record has come, it is given although the connection fails
    /// behind that.
    public func collect() async throws(StreamError) -> Reply {
        var records = records()
        return try await records.collectAll()
    }

    /// Gives `body` the records as they lie in the receive buffer: no allocation for each. When `body`
    /// is left, in any way, the connection is kept if the answer has been read behind its last record,
    /// and closed if not; when the task is cancelled, it is closed at once, wherever `body` is.
    public func withRecords<Result>(
        _ body: (inout AnswerRecords) async throws -> Result
    ) async throws -> Result {
        let linked = LinkedCancellation(to: call.cancellation)
        defer { linked.end() }
        var records = watchedRecords(linked.own)
        return try await withTaskCancellationHandler {
            try await body(&records)
        } onCancel: {
            linked.own.cancel()
        }
    }

    /// Not inlined: see `AnswerExchange.stepByStage`.
    @inline(never)
    private func watchedRecords(_ cancellation: Cancellation) -> AnswerRecords {
        var call = call
        call.cancellation = cancellation
        return AnswerRecords(call, isWatched: true)
    }

    /// The records for a caller whose lifetime is not a closure's. Dropping them closes the connection.
    @inline(never)
    package func records() -> AnswerRecords { AnswerRecords(call) }

    /// Ends every iteration, from whichever thread or task, and for good: its connection closes, and it
    /// throws `.cancelled` with the text so far.
    public func cancel() { call.cancellation.cancel() }

    public struct Iterator: AsyncIteratorProtocol {
        @usableFromInline let source: AnswerSource

        init(source: AnswerSource) { self.source = source }

        /// The next part, or nil behind the last. Suspends only if none is buffered.
        @inlinable
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(StreamError) -> AnswerPart? {
            if let part = try source.bufferedPart() { return part }
            return try await source.nextPart()
        }
    }

    /// See `Answer.text`.
    public struct Text: AsyncSequence, Sendable {
        public typealias Element = String
        public typealias Failure = StreamError

        let call: AnswerCall

        public func makeAsyncIterator() -> Iterator { Iterator(source: AnswerSource(call)) }

        /// See `Answer.cancel`.
        public func cancel() { call.cancellation.cancel() }

        public struct Iterator: AsyncIteratorProtocol {
            @usableFromInline let source: AnswerSource

            init(source: AnswerSource) { self.source = source }

            /// The next piece of text, or nil behind the last. Suspends only if none is buffered.
            @inlinable
            public nonisolated(nonsending) mutating func next(
                isolation actor: (any Actor)?
            ) async throws(StreamError) -> String? {
                if let text = try source.bufferedText() { return text }
                return try await source.nextText()
            }
        }
    }
}

extension HTTPClient {
    /// The answer to a request that is made by other means than `Ollama`: to a proxy's route, say. Of
    /// success, its body has to be what `dialect` has for a chat or a generation.
    ///
    /// - Parameters:
    ///   - partialTextLimit: how much text an error keeps of the answer that it ended.
    ///   - replyLimit: how large an answer may become that is collected.
    public func answer(
        to request: HTTPRequest, in dialect: Dialect = .native, deadlines: Deadlines? = nil,
        guards: [Guard] = [], partialTextLimit: ByteLimit = .mebibytes(1),
        replyLimit: ByteLimit = OllamaOptions().replyLimit
    ) -> Answer {
        Answer(
            call: AnswerCall(
                http: self, server: nil, detection: DetectedDialect(),
                source: .http(request, dialect), deadlines: deadlines, guards: guards,
                partialTextLimit: partialTextLimit, replyLimit: replyLimit,
                cancellation: Cancellation()))
    }
}

/// An iterator's exchange. Whoever drops it closes the connection; used by one task at a time.
@usableFromInline
final class AnswerSource {
    private let system: any AsyncNetworkSystem
    private var exchange: AnswerExchange
    /// Of a record with several: those not given yet, the last first.
    private var waiting: [AnswerPart] = []

    init(_ call: AnswerCall) {
        system = call.http.system
        exchange = call.begin()
    }

    deinit { exchange.abandon() }

    /// A part, if it takes no waiting; nil says to call `nextPart`.
    @usableFromInline
    func bufferedPart() throws(StreamError) -> AnswerPart? {
        if Task.isCancelled { try exchange.cancel() }
        if let part = waiting.popLast() { return part }
        while try exchange.step() == .record {
            if let part = try part() { return part }
        }
        return nil
    }

    @usableFromInline
    func nextPart() async throws(StreamError) -> AnswerPart? {
        while true {
            if let part = waiting.popLast() { return part }
            switch try exchange.step() {
            case .record:
                if let part = try part() { return part }
            case .end: return nil
            case .blocked: try await wait()
            }
        }
    }

    @usableFromInline
    func bufferedText() throws(StreamError) -> String? {
        if Task.isCancelled { try exchange.cancel() }
        while try exchange.step() == .record {
            if exchange.answer.hasText { return exchange.text }
        }
        return nil
    }

    @usableFromInline
    func nextText() async throws(StreamError) -> String? {
        while true {
            switch try exchange.step() {
            case .record:
                if exchange.answer.hasText { return exchange.text }
            case .end: return nil
            case .blocked: try await wait()
            }
        }
    }

    /// The next record of progress, or nil behind the last.
    func nextProgress() async throws(StreamError) -> ModelProgress? {
        if Task.isCancelled { try exchange.cancel() }
        while true {
            switch try exchange.step() {
            case .record: return exchange.answer.progress
            case .end: return nil
            case .blocked: try await wait()
            }
        }
    }

    /// Reads on to the end.
    func finish() async throws(StreamError) {
        do throws(StreamError) {
            while try await nextProgress() != nil {}
        } catch {
            if !exchange.answer.isWhole(despite: error) { throw error }
        }
    }

    private func wait() async throws(StreamError) {
        let outcome = await perform(exchange.nextWait(), system)
        try exchange.woke(outcome)
    }

    /// What the record carries; nil for nothing.
    private func part() throws(StreamError) -> AnswerPart? {
        // What nearly every record is.
        if exchange.isTextAlone { return .text(exchange.text) }
        var parts: [AnswerPart] = []
        let thinking = exchange.thinking
        if !thinking.isEmpty { parts.append(.thinking(thinking)) }
        if exchange.answer.hasText { parts.append(.text(exchange.text)) }
        parts += try exchange.toolCalls().map { .toolCall($0) }
        if exchange.answer.isDone, let summary = exchange.answer.summary {
            parts.append(.finish(summary))
        }
        waiting = parts.reversed()
        return waiting.popLast()
    }
}
