public import CTokenWireHeader
internal import OllamaBlocking
internal import OllamaProtocol
internal import WireBlocking

/// What a `tw_stream` points to.
final class Stream {
    var records: BlockingStream

    init(_ records: consuming BlockingStream) { self.records = records }
}

@c @implementation
public func tw_chat(
    _ client: OpaquePointer?, _ model: UnsafePointer<CChar>?, _ prompt: UnsafePointer<CChar>?,
    _ cancellation: OpaquePointer?, _ error: UnsafeMutablePointer<tw_error>?
) -> OpaquePointer? {
    unsafe tw_error.clear(error)
    do throws(Failure) {
        guard let client = unsafe client else { throw .invalidArgument("client is NULL") }
        let model = try unsafe CallerText.required(model, "model")
        let prompt = try unsafe CallerText.required(prompt, "prompt")
        let cancellation = unsafe cancellation.map {
            unsafe Handle.object($0, as: Cancellation.self)
        }
        do throws(StreamError) {
            let records = try unsafe Handle.object(client, as: Client.self)
                .ollama.chat(model, prompt, cancellation: cancellation)
            return unsafe Handle.retaining(Stream(records))
        } catch { throw Failure(error) }
    } catch let failure {
        unsafe tw_error.set(error, to: failure)
        return nil
    }
}

@c @implementation
public func tw_stream_next(
    _ stream: OpaquePointer?, _ record: UnsafeMutablePointer<tw_record>?,
    _ error: UnsafeMutablePointer<tw_error>?
) -> Int32 {
    unsafe tw_error.clear(error)
    // Safe because the caller owns the struct for the length of the call.
    unsafe record?.initialize(to: .empty)
    do throws(Failure) {
        guard let stream = unsafe stream else { throw .invalidArgument("stream is NULL") }
        guard let record = unsafe record else { throw .invalidArgument("record is NULL") }
        do throws(StreamError) {
            return try unsafe Handle.object(stream, as: Stream.self).records.next(into: record)
                ? 1 : 0
        } catch { throw Failure(error) }
    } catch let failure {
        unsafe tw_error.set(error, to: failure)
        return -1
    }
}

@c @implementation
public func tw_stream_close(_ stream: OpaquePointer?) {
    unsafe Handle.release(stream, as: Stream.self)
}

extension BlockingStream {
    /// Returns whether there was another record.
    fileprivate mutating func next(
        into record: UnsafeMutablePointer<tw_record>
    ) throws(StreamError) -> Bool {
        guard let next = try next() else { return false }
        // Safe because the caller owns the struct for the length of the call.
        unsafe record.initialize(to: tw_record(next))
        return true
    }
}

extension tw_record {
    fileprivate static var empty: tw_record {
        unsafe tw_record(
            content: nothing, content_bytes: 0, thinking: nothing, thinking_bytes: 0,
            json: nothing, json_bytes: 0, done: 0, has_tool_calls: 0)
    }

    /// The spans' pointers outlive the spans: safe because their memory is the stream's, which
    /// changes it in `next` only, and the header lets nobody read a record after that.
    fileprivate init(_ record: borrowing BlockingStream.Record) {
        unsafe self.init(
            content: tw_record.start(of: record.content), content_bytes: record.content.count,
            thinking: tw_record.start(of: record.thinking), thinking_bytes: record.thinking.count,
            json: tw_record.start(of: record.json), json_bytes: record.json.count,
            done: record.isDone ? 1 : 0, has_tool_calls: record.hasToolCalls ? 1 : 0)
    }

    private static func start(of bytes: Span<UInt8>) -> UnsafePointer<CChar> {
        unsafe bytes.withUnsafeBytes { buffer in
            unsafe buffer.assumingMemoryBound(to: CChar.self).baseAddress ?? nothing
        }
    }

    /// Where an empty text starts.
    private static var nothing: UnsafePointer<CChar> {
        // Safe because a static string's memory is never freed.
        unsafe UnsafeRawPointer(("" as StaticString).utf8Start).assumingMemoryBound(to: CChar.self)
    }
}
