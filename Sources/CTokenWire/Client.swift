public import CTokenWireHeader
internal import OllamaBlocking
internal import OllamaProtocol
internal import WireBlocking
internal import WireBytes
internal import WireTime

/// What a `tw_client` points to.
final class Client {
    var ollama: BlockingOllama

    init(_ ollama: consuming BlockingOllama) { self.ollama = ollama }
}

@c @implementation
public func tw_client_open(
    _ host: UnsafePointer<CChar>?, _ options: UnsafePointer<tw_options>?,
    _ error: UnsafeMutablePointer<tw_error>?
) -> OpaquePointer? {
    unsafe tw_error.clear(error)
    do throws(Failure) {
        let host = try unsafe CallerText.optional(host, "host")
        // Safe because the struct is only read, during this call.
        let options = try unsafe options.map { pointer throws(Failure) in
            try unsafe BlockingOllama.Options(pointer.pointee)
        }
        do throws(StreamError) {
            let ollama = try BlockingOllama(host: host, options: options ?? .forC)
            return unsafe Handle.retaining(Client(ollama))
        } catch { throw Failure(error) }
    } catch let failure {
        unsafe tw_error.set(error, to: failure)
        return nil
    }
}

@c @implementation
public func tw_client_close(_ client: OpaquePointer?) {
    unsafe Handle.release(client, as: Client.self)
}

extension BlockingOllama.Options {
    /// The defaults. No error keeps the text that came before it: the caller has had each piece.
    fileprivate static var forC: Self {
        var options = Self()
        options.partialTextLimit = .bytes(0)
        return options
    }

    fileprivate init(_ options: tw_options) throws(Failure) {
        self = .forC
        let timeouts: [(WritableKeyPath<Deadlines, Timeout>, Int64, String)] = unsafe [
            (\.resolve, options.resolve_timeout_ms, "resolve"),
            (\.connect, options.connect_timeout_ms, "connect"),
            (\.requestWrite, options.request_write_timeout_ms, "request_write"),
            (\.responseHead, options.response_head_timeout_ms, "response_head"),
            (\.firstContent, options.first_content_timeout_ms, "first_content"),
            (\.bodyIdle, options.body_idle_timeout_ms, "body_idle"),
            (\.contentIdle, options.content_idle_timeout_ms, "content_idle"),
            (\.bodyEnd, options.body_end_timeout_ms, "body_end"),
            (\.total, options.total_timeout_ms, "total"),
            (\.keepAliveIdle, options.keep_alive_idle_timeout_ms, "keep_alive_idle"),
        ]
        for (field, milliseconds, name) in timeouts where milliseconds != 0 {
            guard milliseconds >= Int64(TW_NEVER) else {
                throw .invalidArgument("\(name)_timeout_ms is negative")
            }
            http.deadlines[keyPath: field] =
                milliseconds == Int64(TW_NEVER) ? .never : .milliseconds(milliseconds)
        }
        // Swift takes size_t for a signed number: the largest ones are negative here.
        let recordLimit = unsafe options.record_limit_bytes
        guard (0...1 << 30).contains(recordLimit) else {
            throw .invalidArgument("record_limit_bytes is larger than 1 GiB")
        }
        if recordLimit != 0 { http.recordLimit = .bytes(recordLimit) }
        ollama.apiKey = try unsafe CallerText.optional(options.api_key, "api_key")
    }
}
