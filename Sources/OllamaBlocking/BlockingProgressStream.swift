public import OllamaProtocol
internal import WireExchange

/// The records of a pull, a push or a create as they come.
///
///     var pull = try client.pull("llama3.2")
///     while let record = try pull.next() { show(record.status, record.completed, record.total) }
///
/// It owns its connection: dropped before its end it closes that before the next statement runs, and the
/// server stops. (What it has loaded of a model stays: another pull goes on from there.) Success is the
/// record with the status `success`; an end without it, an `error` record and a malformed one are
/// thrown, though the response's status was 200.
public struct BlockingProgressStream: ~Copyable {
    private var stream: BlockingStream

    init(_ stream: consuming BlockingStream) { self.stream = stream }

    /// The next record, or nil behind the last.
    public mutating func next() throws(StreamError) -> ModelProgress? {
        try stream.advance() ? stream.answer.progress : nil
    }

    /// Reads on to the end.
    public consuming func finish() throws(StreamError) {
        do throws(StreamError) {
            while try stream.advance() {}
        } catch {
            if !stream.answer.isWhole(despite: error) { throw error }
        }
    }

    /// Closes the connection now; the server stops. Dropping the stream does the same.
    public mutating func cancel() { stream.cancel() }
}
