public import OllamaProtocol

/// The records of a pull, a push or a create, asked for when the first one is.
///
///     for try await record in ollama.pull("llama3.2") {
///         show(record.status, record.completed, record.total)
///     }
///
/// The iterator owns the connection: leaving the loop in any way closes it before the next statement
/// runs, and the server stops. (What it has loaded of a model stays: another pull goes on from there.)
/// Each iteration asks anew. Success is the record with the status `success`; an end without it, an
/// `error` record and a malformed one are thrown, though the response's status was 200.
public struct ModelProgressStream: AsyncSequence, Sendable {
    public typealias Element = ModelProgress
    public typealias Failure = StreamError

    let call: AnswerCall

    public func makeAsyncIterator() -> Iterator { Iterator(source: AnswerSource(call)) }

    /// Asks, and reads to the end.
    public func finish() async throws(StreamError) {
        try await AnswerSource(call).finish()
    }

    /// Ends every iteration, from whichever thread or task, and for good: its connection closes, and it
    /// throws `.cancelled`.
    public func cancel() { call.cancellation.cancel() }

    public struct Iterator: AsyncIteratorProtocol {
        private let source: AnswerSource

        init(source: AnswerSource) { self.source = source }

        /// The next record, or nil behind the last.
        public nonisolated(nonsending) mutating func next(
            isolation actor: (any Actor)?
        ) async throws(StreamError) -> ModelProgress? {
            try await source.nextProgress()
        }
    }
}
